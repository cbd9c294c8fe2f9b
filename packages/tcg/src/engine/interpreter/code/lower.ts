/** Writes the interpreter's code of an optimised IR block. */
import type { ScoreboardU64 } from "@emu/core/Scoreboard"
import type { BlockCallback, IrBlock, Op, Value } from "../../../ir/Block.ts"
import { JumpHint, MemOp, Opcode, opTable } from "../../../ir/Opcode.ts"
import * as Layout from "../../../Layout.ts"
import { bufferOf, isDeferred, pcOf, siteOf } from "../../../instrument/records.ts"
import { scratchSlot } from "./allocateSlots.ts"
import { Code } from "./Code.ts"
import type { InsnTable } from "./InsnTable.ts"
import {
  condOffset,
  exitKinds,
  immediate,
  immediate32,
  inlineFloat,
  loads,
  plain,
  shifts,
  signedLoads,
  stores,
  swapped
} from "./selection.ts"
import { registerCallback, scoreboardAddress } from "./codeCallbacks.ts"
import type { Machine } from "../Machine.ts"

/** Whether a number is one of 32 signed bits. */
const isInt32 = (value: number): boolean => value === (value | 0)

/** Displacements up to this many bytes wrap around, if at all, into page 0 or above the guest's pages: never permitted. */
const quickDisp = 4096

const none = new Int32Array(0)

/** Writes one block; made anew for each. */
class Lowering {
  private readonly machine: Machine
  private readonly block: IrBlock
  private readonly slots: Int32Array
  private readonly code: Int32Array<ArrayBufferLike>
  private end: number
  /** Guest instructions begun so far. */
  private insns = 0
  private readonly labels: Int32Array
  private readonly labelUses: Int32Array
  private readonly fixups: Array<number> = []

  constructor(machine: Machine, block: IrBlock, slots: Int32Array) {
    this.machine = machine
    this.block = block
    this.slots = slots
    this.code = machine.code
    this.end = machine.codeEnd
    if (block.labels === 0) {
      this.labels = none
      this.labelUses = none
      return
    }
    this.labels = new Int32Array(block.labels).fill(-1)
    this.labelUses = new Int32Array(block.labels)
    for (const op of block.ops) {
      if (op.opcode === Opcode.br || op.opcode === Opcode.brcond) {
        this.labelUses[op.args.at(-1)!]!++
      }
    }
  }

  /** Writes all operations. Tells `table` where each guest instruction's code begins. */
  run(table: InsnTable): void {
    const { ops } = this.block
    for (let index = 0; index < ops.length; index++) {
      const op = ops[index]!
      if (op.opcode === Opcode.insn_start) {
        this.insns++
        table.add(op.args[0]!, this.end)
      } else if (op.opcode === Opcode.brcond && this.chooses(index)) {
        this.choose(op, ops[index + 1]!, ops[index + 3]!)
        index += 3
      } else {
        this.write(op)
      }
    }
    for (const at of this.fixups) {
      this.code[at] = this.labels[this.code[at]!]!
    }
    this.machine.codeEnd = this.end
  }

  private emit(word: number): void {
    this.code[this.end++] = word
  }

  private emitAll(...words: ReadonlyArray<number>): void {
    for (const word of words) this.emit(word)
  }

  /** An operation's word with a packed operand: the address of a result, or a number of instructions. */
  private head(code: number, packed: number): void {
    this.emit(code | (packed << 16))
  }

  private emit2(code: number, packed: number, a: number): void {
    this.head(code, packed)
    this.emit(a)
  }

  private emit3(code: number, packed: number, a: number, b: number): void {
    this.emit2(code, packed, a)
    this.emit(b)
  }

  /** Address of a value. */
  private operand(value: Value): number {
    if (value < 0) {
      return this.machine.constants.address(this.block.constants[~value]!)
    }
    return 8 * (value < Layout.cpuStateSlots ? value : this.slots[value - Layout.cpuStateSlots]!)
  }

  private constant(value: Value): bigint | undefined {
    return value < 0 ? this.block.constants[~value] : undefined
  }

  private write(op: Op): void {
    const { args, opcode } = op
    switch (opcode) {
      case Opcode.set_label:
        this.labels[args[0]!] = this.end
        return
      case Opcode.br:
        this.emit(Code.br)
        this.label(args[0]!)
        return
      case Opcode.brcond:
        this.compare(Code.breq, args[2]!, args[0]!, args[1]!)
        this.label(args[3]!)
        return
      case Opcode.goto_tb:
        return this.gotoTb(args[0]!)
      case Opcode.goto_ptr:
        if (args[1] === JumpHint.jump && this.machine.tier) {
          this.emit(Code.jump_target)
          this.emit(this.operand(args[0]!))
          this.emit(0)
        }
        return this.emit2(Code.goto_ptr, this.insns, this.operand(args[0]!))
      case Opcode.exit_tb:
        return this.emit3(Code.exit_tb, this.insns, this.operand(args[0]!), exitKinds[args[1]!]!)
      case Opcode.mov:
        return this.move(args[0]!, args[1]!)
      case Opcode.setcond:
        return this.compare(Code.seteq, args[3]!, args[1]!, args[2]!, this.operand(args[0]!))
      case Opcode.movcond:
        this.compare(Code.moveq, args[5]!, args[1]!, args[2]!, this.operand(args[0]!))
        this.emit(this.operand(args[3]!))
        this.emit(this.operand(args[4]!))
        return
      case Opcode.guest_ld:
        return this.access((args[3]! & MemOp.sign) !== 0 ? signedLoads : loads, args)
      case Opcode.guest_st:
        return this.access(stores, args)
      case Opcode.atomic_cmpxchg:
        this.head(Code.cmpxchg, this.operand(args[0]!))
        args.slice(1, 4).forEach((value) => this.emit(this.operand(value)))
        this.emit(args[4]!)
        return
      case Opcode.mb:
        return
      case Opcode.call:
        this.head(Code.call, this.operand(args[0]!))
        args.slice(1, 3).forEach((value) => this.emit(this.operand(value)))
        this.emit(args[3]!)
        this.emit(this.insns - 1)
        return
      case Opcode.plugin_exec:
      case Opcode.plugin_cond:
      case Opcode.plugin_inline:
        return this.plugin(this.block.callbacks[args[0]!]!)
      case Opcode.plugin_mem:
        return this.pluginMem(args, this.block.callbacks[args[3]!]!)
      case Opcode.trace_reserve:
        return this.traceReserve(args[1]!, args[2]!)
      case Opcode.trace_exec:
        return this.traceExec(args[2]!)
      case Opcode.trace_mem:
        return this.traceMem(args)
      default:
        return this.compute(op)
    }
  }

  private label(label: number): void {
    this.fixups.push(this.end)
    this.emit(label)
  }

  /** The words of a comparing code but for what follows the values compared: `base` is the code for eq, `packed` its packed operand. */
  private compare(base: number, cond: number, a: Value, b: Value, packed = 0): void {
    const swap = swapped[cond] === true
    this.head(base + condOffset[cond]!, packed)
    this.emit(this.operand(swap ? b : a))
    this.emit(this.operand(swap ? a : b))
  }

  private gotoTb(target: Value): void {
    const pc = this.constant(target)
    if (pc === undefined) {
      this.emit2(Code.goto_ptr, this.insns, this.operand(target))
      return
    }
    this.head(Code.goto_tb, this.insns)
    this.emit(-1)
    const low = Number(pc)
    if (low >= 0 && low <= 0xffffffff) {
      this.emit(low)
      this.emit(0)
      return
    }
    this.emit(Number(BigInt.asIntN(32, pc)))
    this.emit(Number(BigInt.asIntN(32, pc >> 32n)))
  }

  /** Whether operations from `index` on are `brcond L; goto_tb; set_label L; goto_tb`, both targets below 2^32. */
  private chooses(index: number): boolean {
    const { ops } = this.block
    const label = ops[index]!.args[3]!
    const place = ops[index + 2]
    return (
      place?.opcode === Opcode.set_label &&
      place.args[0] === label &&
      this.labelUses[label] === 1 &&
      this.goesNear(ops[index + 1]) &&
      this.goesNear(ops[index + 3])
    )
  }

  /** Whether an operation is a `goto_tb` to a pc below 2^32. */
  private goesNear(op: Op | undefined): boolean {
    const pc = op?.opcode === Opcode.goto_tb ? this.constant(op.args[0]!) : undefined
    if (pc === undefined) return false
    const number = Number(pc)
    return number >= 0 && number <= 0xffffffff
  }

  private choose(branch: Op, otherwise: Op, taken: Op): void {
    this.compare(Code.jeq, branch.args[2]!, branch.args[0]!, branch.args[1]!, this.insns)
    this.emit(-1)
    this.emit(Number(this.constant(otherwise.args[0]!)!))
    this.emit(-1)
    this.emit(Number(this.constant(taken.args[0]!)!))
  }

  private move(d: Value, a: Value): void {
    const value = this.constant(a)
    const number = value === undefined ? NaN : Number(value)
    if (isInt32(number)) {
      this.emit2(Code.movi, this.operand(d), number)
    } else {
      this.emit2(Code.mov, this.operand(d), this.operand(a))
    }
  }

  private access(codes: ReadonlyArray<number>, args: ReadonlyArray<number>): void {
    const [value, base, disp, memop] = args as [number, number, number, number]
    const near = Math.abs(disp) < quickDisp
    if (!near) {
      this.emit3(Code.addi, 8 * scratchSlot, this.operand(base), disp)
    }
    const isAligned = (memop & MemOp.aligned) !== 0
    if (codes === stores) {
      this.emit(isAligned ? Code.st_aligned : codes[memop & MemOp.sizeMask]!)
      this.emit(this.operand(value))
    } else this.head(isAligned ? Code.ld_aligned : codes[memop & MemOp.sizeMask]!, this.operand(value))
    this.emit(near ? this.operand(base) : 8 * scratchSlot)
    this.emit(near ? disp : 0)
    if (isAligned) this.emit(memop)
  }

  /** Arithmetic, atomics and floating point. */
  private compute(op: Op): void {
    const { args, opcode } = op
    const info = opTable[opcode]!
    const b = info.inputs === 2 && info.constants === 0 ? this.constant(args[2]!) : undefined
    if (b !== undefined && this.computeImmediate(opcode, args[0]!, args[1]!, b)) {
      return
    }
    const code = plain[opcode]
    if (code !== undefined) {
      this.head(code, this.operand(args[0]!))
      for (let i = 1; i < args.length; i++) this.emit(this.operand(args[i]!))
    } else if (info.name.startsWith("atomic_")) {
      this.head(Code.atomic, this.operand(args[0]!))
      args.slice(1, 3).forEach((value) => this.emit(this.operand(value)))
      this.emit(args[3]!)
      this.emit(opcode)
    } else {
      this.float(op)
    }
  }

  private computeImmediate(opcode: number, d: Value, a: Value, b: bigint): boolean {
    const number = Number(b)
    const wide = immediate[opcode]
    if (wide !== undefined && isInt32(number)) {
      this.emit3(wide, this.operand(d), this.operand(a), number)
      return true
    }
    if (opcode === Opcode.sub && isInt32(-number)) {
      this.emit3(Code.addi, this.operand(d), this.operand(a), -number)
      return true
    }
    const narrow = immediate32[opcode]
    if (narrow !== undefined) {
      this.emit3(narrow, this.operand(d), this.operand(a), Number(BigInt.asIntN(32, b)))
      return true
    }
    const shift = shifts[opcode]
    const count = shift === undefined ? 0 : Number(b & 63n)
    if (shift !== undefined && count > 0) {
      this.emit3(shift[count < 32 ? 0 : 1], this.operand(d), this.operand(a), count)
      return true
    }
    return false
  }

  private float(op: Op): void {
    const { args, opcode } = op
    const info = opTable[opcode]!
    const values = args.slice(0, 1 + info.inputs).map((value) => this.operand(value))
    const [rm = 0, negate = 0] = args.slice(1 + info.inputs)
    this.head(info.inputs === 3 ? Code.fma : (inlineFloat[opcode] ?? Code.float), values[0]!)
    for (let i = 1; i < 3; i++) {
      this.emit(values[i] ?? 0)
    }
    this.emit(rm)
    this.emit(opcode)
    if (info.inputs === 3) {
      this.emit(values[3]!)
      this.emit(negate)
    }
  }

  private slot(entry: ScoreboardU64): readonly [slot: number, stride: number] {
    const { address, stride } = scoreboardAddress(this.machine, entry)
    return [address, stride / 4]
  }

  private register(from: BlockCallback): number {
    return registerCallback(this.machine, this.block, from)
  }

  private plugin(from: BlockCallback): void {
    const { callback } = from
    switch (callback.kind) {
      case "inline":
      case "memInline": {
        const [slot, stride] = this.slot(callback.entry)
        const imm = this.machine.constants.address(BigInt.asIntN(64, callback.imm))
        return this.emitAll(callback.op === 0 ? Code.inline_add : Code.inline_store, slot, stride, imm)
      }
      case "exec":
        this.emit(Code.plugin_exec)
        return this.emit(this.register(from))
      case "cond":
        this.emit(Code.plugin_cond)
        return this.emit(this.register(from))
      case "mem":
        throw new Error("a memory callback needs its access: use plugin_mem")
      case "traceExec":
      case "traceMem":
        throw new Error("a trace has operations of its own: use trace_exec and trace_mem")
    }
  }

  /** The cursor is always in memory here: the temp that holds it is for engines that keep it in a register. */
  private traceReserve(records: number, number: number): void {
    const from = this.block.callbacks[number]!
    if (isDeferred(from.callback)) {
      return
    }
    const { cursor, records: capacity } = bufferOf(this.block, number)
    this.emitAll(Code.trace_reserve, cursor, 4 * (capacity - records), this.register(from))
  }

  /** A deferred callback is called at once: here that costs no more than to put it off. */
  private traceExec(number: number): void {
    const from = this.block.callbacks[number]!
    if (isDeferred(from.callback)) {
      return this.plugin(from)
    }
    this.trace(Code.trace_exec, number)
    this.emit(pcOf(this.block, number))
  }

  private traceMem(args: ReadonlyArray<number>): void {
    const [, , base, value, disp, number] = args as [number, number, number, number, number, number]
    const from = this.block.callbacks[number]!
    if (isDeferred(from.callback)) {
      return this.pluginMem([base, value, disp], from)
    }
    this.trace(Code.trace_mem, number)
    this.emitAll(this.operand(base), disp, this.operand(value), from.memop)
  }

  /** The words that both kinds of record begin with. */
  private trace(code: number, number: number): void {
    const { addresses, cursor, sites, values } = bufferOf(this.block, number)
    this.emitAll(code, cursor, sites, addresses, values, siteOf(this.block, number)!)
  }

  private pluginMem(args: ReadonlyArray<number>, from: BlockCallback): void {
    if (from.callback.kind !== "mem") {
      return this.plugin(from)
    }
    this.emit(Code.plugin_mem)
    this.emit(this.operand(args[0]!))
    this.emit(this.operand(args[1]!))
    this.emit(args[2]!)
    this.emit(this.register(from))
  }
}

/**
 * Writes the code of a block at `machine.codeEnd`. There must be room for it, and for its constants in the pool.
 *
 * @param slots slots of the temps, from `allocateSlots`
 * @param table is told where each guest instruction's code begins
 */
export const lower = (machine: Machine, block: IrBlock, slots: Int32Array, table: InsnTable): void =>
  new Lowering(machine, block, slots).run(table)
