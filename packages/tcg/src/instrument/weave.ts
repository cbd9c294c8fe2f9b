/** Weaves what plugins asked for into a block's IR. */
import { type DynCallback, type Instrumentation, MemRw, PluginCond } from "@emu/core/Instrumentation"
import { type BlockCallback, constantIn, type IrBlock, type Op, type Value } from "../ir/Block.ts"
import { Cond, MemOp, Opcode, OpFlag, opTable } from "../ir/Opcode.ts"
import { cpuStateSlots } from "../Layout.ts"
import { bufferFor, type RecordBuffer } from "./records.ts"

const opcodeFor: Record<DynCallback["kind"], number> = {
  exec: Opcode.plugin_exec,
  cond: Opcode.plugin_cond,
  inline: Opcode.plugin_inline,
  mem: Opcode.plugin_mem,
  memInline: Opcode.plugin_mem,
  traceExec: Opcode.trace_exec,
  traceMem: Opcode.trace_mem
}

/** Records that are reserved at a time, at most. */
const mostReserved = 64

/** Room in a buffer of records that was reserved, and the cursor in a temp. */
interface Reservation {
  readonly at: Value
  /** The `trace_reserve`, whose number of records grows. */
  readonly op: Op
}

/** Where an access was and what it moved. */
interface Access {
  readonly base: Value
  readonly disp: number
  readonly value: Value
  readonly memop: number
  readonly store: boolean
}

class Weaver {
  private readonly block: IrBlock
  private readonly instrumentation: Instrumentation
  private readonly out: Array<Op> = []
  private readonly callbacks: Array<BlockCallback> = []
  private temps: number
  private labels: number
  /** Index of the guest instruction whose operations follow. */
  private insn = -1
  /** What holds on every way to the next operation. */
  private readonly reserved = new Map<RecordBuffer, Reservation>()

  constructor(block: IrBlock, instrumentation: Instrumentation) {
    this.block = block
    this.instrumentation = instrumentation
    this.temps = block.temps
    this.labels = block.labels
  }

  run(): IrBlock {
    const { insns, tb } = this.instrumentation
    for (const op of this.block.ops) {
      if (op.opcode === Opcode.insn_start) {
        this.insn++
        this.out.push(op)
        if (this.insn === 0) {
          this.points(tb)
        }
        this.points(insns[this.insn]?.exec ?? [])
      } else if ((opTable[op.opcode]!.flags & OpFlag.memory) !== 0 && (insns[this.insn]?.mem.length ?? 0) > 0) {
        this.memory(op, insns[this.insn]!.mem)
      } else {
        if (op.opcode === Opcode.set_label) {
          this.reserved.clear()
        }
        this.out.push(op)
      }
    }
    return { ...this.block, ops: this.out, callbacks: this.callbacks, temps: this.temps, labels: this.labels }
  }

  private op(opcode: number, ...args: Array<number>): void {
    this.out.push({ opcode, args })
  }

  private temp(): Value {
    return cpuStateSlots + this.temps++
  }

  private add(callback: DynCallback, memop = 0, store = false): number {
    return this.callbacks.push({ callback, insn: Math.max(this.insn, 0), memop, store }) - 1
  }

  /** Callbacks before the block or an instruction, in their order. */
  private points(list: ReadonlyArray<DynCallback>): void {
    for (const callback of list) {
      if (callback.kind === "cond" && callback.cond === PluginCond.never) {
        continue
      }
      const buffer = bufferFor(callback)
      if (buffer !== undefined) {
        const at = this.reserve(buffer, callback)
        this.op(Opcode.trace_exec, at, at, this.add(callback))
        continue
      }
      const always = callback.kind === "cond" && callback.cond === PluginCond.always
      this.op(always ? Opcode.plugin_exec : opcodeFor[callback.kind], this.add(callback))
      this.called(callback)
    }
  }

  /**
   * Room for one more record: of the reservation there is, or of a new one here. Gives the cursor. A new one may drain its buffer, and
   * plugins that are called then may drain others: what was reserved in those is to be reserved anew.
   */
  private reserve(buffer: RecordBuffer, callback: DynCallback): Value {
    const known = this.reserved.get(buffer)
    if (known !== undefined && known.op.args[1]! < Math.min(mostReserved, buffer.records)) {
      known.op.args[1]!++
      return known.at
    }
    const at = known?.at ?? this.temp()
    const op = { opcode: Opcode.trace_reserve, args: [at, 1, this.add(callback)] }
    this.out.push(op)
    this.reserved.clear()
    this.reserved.set(buffer, { at, op })
    return at
  }

  /** Behind a callback that was called cursors must be fetched anew: it may have drained traces. */
  private called({ kind }: DynCallback): void {
    if (kind === "exec" || kind === "cond" || kind === "mem") {
      this.reserved.clear()
    }
  }

  /** The callbacks of one access that want its direction, in their order. */
  private access({ base, disp, memop, store, value }: Access, list: ReadonlyArray<DynCallback>): void {
    const rw = store ? MemRw.write : MemRw.read
    for (const callback of list) {
      if (!("rw" in callback) || (callback.rw & rw) === 0) {
        continue
      }
      const buffer = bufferFor(callback)
      if (buffer !== undefined) {
        const at = this.reserve(buffer, callback)
        const recorded = buffer.values === 0 ? constantIn(this.block, 0n) : value
        this.op(Opcode.trace_mem, at, at, base, recorded, disp, this.add(callback, memop, store))
      } else {
        this.op(Opcode.plugin_mem, base, value, disp, this.add(callback, memop, store))
        this.called(callback)
      }
    }
  }

  /** A value as it is now, where the operation about to run overwrites it. */
  private save(value: Value, overwritten: Value): Value {
    if (value !== overwritten) {
      return value
    }
    const saved = this.temp()
    this.op(Opcode.mov, saved, value)
    return saved
  }

  private memory(op: Op, list: ReadonlyArray<DynCallback>): void {
    const { args, opcode } = op
    if (opcode === Opcode.guest_st) {
      const [value, base, disp, memop] = args as [number, number, number, number]
      this.out.push(op)
      this.access({ base, disp, value, memop, store: true }, list)
      return
    }
    const d = args[0]!
    const base = this.save(args[1]!, d)
    if (opcode === Opcode.guest_ld) {
      this.out.push(op)
      this.access({ base, disp: args[2]!, value: d, memop: args[3]!, store: false }, list)
    } else if (opcode === Opcode.atomic_cmpxchg) {
      const expected = this.save(args[2]!, d)
      const value = this.save(args[3]!, d)
      this.out.push(op)
      this.compareExchange(d, base, expected, value, args[4]!, list)
    } else {
      const operand = this.save(args[2]!, d)
      const memop = args[3]!
      // The read has happened by the time the write faults on a read-only page: so it is seen before the operation.
      if (list.some((callback) => "rw" in callback && (callback.rw & MemRw.read) !== 0)) {
        const old = this.temp()
        this.op(Opcode.guest_ld, old, base, 0, memop)
        this.access({ base, disp: 0, value: old, memop, store: false }, list)
      }
      this.out.push(op)
      this.access({ base, disp: 0, value: this.stored(opcode, d, operand, memop), memop, store: true }, list)
    }
  }

  /** A compare-and-exchange is what a store-conditional does: one that succeeded is a write, one that failed no access. */
  private compareExchange(
    d: Value,
    base: Value,
    expected: Value,
    value: Value,
    memop: number,
    list: ReadonlyArray<DynCallback>
  ): void {
    const skip = this.labels++
    this.op(Opcode.brcond, d, this.extended(expected, memop, (memop & MemOp.sign) !== 0), Cond.ne, skip)
    this.access({ base, disp: 0, value, memop, store: true }, list)
    this.op(Opcode.set_label, skip)
    this.reserved.clear()
  }

  /** A value extended from the size of an access. */
  private extended(value: Value, memop: number, signed: boolean): Value {
    const size = memop & MemOp.sizeMask
    if (size === MemOp.size64) {
      return value
    }
    const signedOps = [Opcode.ext8s, Opcode.ext16s, Opcode.ext32s]
    const unsignedOps = [Opcode.ext8u, Opcode.ext16u, Opcode.ext32u]
    const result = this.temp()
    this.op((signed ? signedOps : unsignedOps)[size]!, result, value)
    return result
  }

  /** What an atomic operation really stored, from the old value and the operand (upper bits are of no account). */
  private stored(opcode: number, old: Value, operand: Value, memop: number): Value {
    const simple: Record<number, number> = {
      [Opcode.atomic_fetch_add]: Opcode.add,
      [Opcode.atomic_fetch_and]: Opcode.and,
      [Opcode.atomic_fetch_or]: Opcode.or,
      [Opcode.atomic_fetch_xor]: Opcode.xor
    }
    const conds: Record<number, Cond> = {
      [Opcode.atomic_fetch_smin]: Cond.lt,
      [Opcode.atomic_fetch_smax]: Cond.gt,
      [Opcode.atomic_fetch_umin]: Cond.ltu,
      [Opcode.atomic_fetch_umax]: Cond.gtu
    }
    const compute = simple[opcode]
    const cond = conds[opcode]
    if (compute !== undefined) {
      const result = this.temp()
      this.op(compute, result, old, operand)
      return result
    }
    if (cond === undefined) {
      return operand
    }
    const signed = cond === Cond.lt || cond === Cond.gt
    const a = this.extended(old, memop, signed)
    const b = this.extended(operand, memop, signed)
    const result = this.temp()
    this.op(Opcode.movcond, result, a, b, a, b, cond)
    return result
  }
}

/**
 * The block with its instrumentation: the block's callbacks first, then before each instruction its own, and after each
 * access those for memory (an atomic is a read, then a write of what it really stored). Kinds keep their common order.
 */
export const weave = (block: IrBlock, instrumentation: Instrumentation): IrBlock => new Weaver(block, instrumentation).run()
