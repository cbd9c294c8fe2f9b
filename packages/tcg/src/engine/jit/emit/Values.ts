/**
 * Where values live in a compiled region: WebAssembly locals of type i64, i32 (values that are always sign-extended from 32
 * bits) or f64, constants, or the vCPU's state in memory.
 */
import type { IrBlock, Op } from "../../../ir/Block.ts"
import { Opcode, opTable } from "../../../ir/Opcode.ts"
import { cpuStateSlots } from "../../../Layout.ts"
import type { CodeWriter } from "../../../wasm/CodeWriter.ts"
import { Insn, ValType } from "../../../wasm/Wasm.ts"
import { isLocalGlobal } from "../analysis/Dataflow.ts"
import { isNarrowConstant, isNonNegative, type NarrowValues, type NodeOps } from "../analysis/Narrow.ts"
import { findF64 } from "../analysis/OperandTypes.ts"
import { firstWeb, type WebLoads } from "../analysis/Webs.ts"

/** Offset of a state slot in memory. */
const slotOffset = (slot: number): number => slot * 8

interface Place {
  readonly local: number
  readonly type: ValType
}

/** The temps of one block. A block's places are fixed: its nodes may be emitted with other blocks' nodes between them. */
interface BlockTemps {
  readonly narrow: ReadonlySet<number>
  readonly f64: ReadonlySet<number>
  readonly places: Map<number, Place>
  /** How many locals the block's temps have taken, by type (see `indexOf`). */
  readonly taken: Array<number>
}

/** Index of a type in short arrays. */
const indexOf = (type: ValType): number => ValType.i32 - type

const none: ReadonlySet<number> = new Set()

export class Values {
  private readonly code: CodeWriter
  private readonly webs: BlockTemps
  /** Locals for temps: reused by every block, since temps die at its end. */
  private readonly pools: ReadonlyArray<Array<number>> = [[], [], [], []]
  private readonly scratch: number
  private readonly temps = new Map<IrBlock, BlockTemps>()
  private block!: IrBlock
  private current!: BlockTemps

  private readonly narrow: NarrowValues
  /** Values that the node being emitted has defined: by which operation. */
  private readonly latest = new Map<number, Op>()
  /** When they, and those that were read back, got their values. */
  private readonly times = new Map<number, number>()
  private time = 0

  /** @param nodes the region's operations, with webs for globals */
  constructor(code: CodeWriter, nodes: ReadonlyArray<NodeOps>, narrow: NarrowValues) {
    this.code = code
    this.narrow = narrow
    this.scratch = code.local(ValType.i64)
    const { temps, webs } = findF64(nodes)
    for (const { ir } of nodes) {
      if (this.temps.has(ir)) continue
      const own = { narrow: narrow.temps.get(ir) ?? none, f64: temps.get(ir) ?? none }
      this.temps.set(ir, { ...own, places: new Map(), taken: [0, 0, 0, 0] })
    }
    this.webs = { f64: webs, narrow: narrow.places, places: new Map(), taken: [] }
  }

  /** To be called before the operations of a node are emitted. */
  enterNode(block: IrBlock): void {
    this.block = block
    this.current = this.temps.get(block)!
    this.latest.clear()
    this.times.clear()
  }

  /** To be called behind each operation. */
  pass(op: Op): void {
    if (opTable[op.opcode]!.outputs === 0) return
    const d = op.args[0]!
    this.latest.set(d, op)
    this.times.set(d, ++this.time)
  }

  /** The sum, or shift by a constant, that the node has defined a value by, if its operands still have the values that they had. */
  private sumOf(value: number): Op | undefined {
    const op = this.latest.get(value)
    if (op === undefined || (op.opcode !== Opcode.add && op.opcode !== Opcode.shl)) return undefined
    const [d, a, b] = op.args as [number, number, number]
    if (op.opcode === Opcode.shl && (b >= 0 || this.block.constants[~b]! >= 32n)) return undefined
    const time = this.times.get(d)!
    return (this.times.get(a) ?? 0) < time && (this.times.get(b) ?? 0) < time ? op : undefined
  }

  /** Pushes the low half of an address. Sums are made anew in 32 bits, so that the host needs not clear the upper half. */
  getAddress(value: number): void {
    const op = this.sumOf(value)
    if (op === undefined) return this.getI32(value)
    const [, a, b] = op.args as [number, number, number]
    this.getAddress(a)
    if (op.opcode === Opcode.add) {
      this.getAddress(b)
      this.code.op(Insn.i32_add)
    } else {
      this.code.i32(Number(this.block.constants[~b]!))
      this.code.op(Insn.i32_shl)
    }
  }

  /** A value was read back from memory. */
  forget(value: number): void {
    this.latest.delete(value)
    this.times.set(value, ++this.time)
  }

  /** Whether an operation's result is sign-extended from 32 bits. */
  definesNarrow(op: Op): boolean {
    return this.narrow.ops.has(op)
  }

  /** Whether a value lives in an i32 local. */
  isI32(value: number): boolean {
    return this.place(value)?.type === ValType.i32
  }

  private pooled(type: ValType): number {
    const pool = this.pools[indexOf(type)]!
    const index = this.current.taken[indexOf(type)]!++
    if (index === pool.length) pool.push(this.code.local(type))
    return pool[index]!
  }

  /** The local of a web or temp, or undefined for a global that stays in memory. */
  private place(value: number): Place | undefined {
    if (value < cpuStateSlots) return undefined
    const isWeb = value >= firstWeb
    const { f64, narrow, places } = isWeb ? this.webs : this.current
    let place = places.get(value)
    if (place === undefined) {
      const type = narrow.has(value) ? ValType.i32 : f64.has(value) ? ValType.f64 : ValType.i64
      place = { local: isWeb ? this.code.local(type) : this.pooled(type), type }
      places.set(value, place)
    }
    return place
  }

  /** Pushes a value as i64. */
  getI64(value: number): void {
    if (value < 0) return this.code.i64(this.block.constants[~value]!)
    const place = this.place(value)
    if (place === undefined) {
      this.code.i32(0)
      this.code.memory(Insn.i64_load, slotOffset(value))
      return
    }
    this.code.get(place.local)
    if (place.type === ValType.f64) this.code.op(Insn.i64_reinterpret_f64)
    else if (place.type === ValType.i32) {
      // Many host instructions clear the upper half for free.
      const op = this.latest.get(value)
      this.code.op(op && isNonNegative(this.block, op) ? Insn.i64_extend_i32_u : Insn.i64_extend_i32_s)
    }
  }

  /** Pushes the low half of a value as i32. */
  getI32(value: number): void {
    if (value < 0) return this.code.i32(Number(BigInt.asIntN(32, this.block.constants[~value]!)))
    const place = this.place(value)
    if (place?.type === ValType.i32) return this.code.get(place.local)
    this.getI64(value)
    this.code.op(Insn.i32_wrap_i64)
  }

  /** Whether a value is known to be sign-extended from 32 bits, so that 32-bit operations do for it. */
  isNarrow(value: number): boolean {
    if (value < 0) return isNarrowConstant(this.block.constants[~value]!)
    const op = this.latest.get(value)
    return op === undefined ? this.narrow.webs.has(value) || this.isI32(value) : this.narrow.ops.has(op)
  }

  /** Pushes a value's bits as f64. */
  getF64(value: number): void {
    const place = value < 0 ? undefined : this.place(value)
    if (place?.type === ValType.f64) return this.code.get(place.local)
    this.getI64(value)
    this.code.op(Insn.f64_reinterpret_i64)
  }

  /** Whether a value lives in an f64 local, so that f64 loads, stores and moves avoid the integer side. */
  isF64(value: number): boolean {
    return value >= 0 && this.place(value)?.type === ValType.f64
  }

  /** Pops an i64 into a web, a temp or a global. One that stays in memory needs `address` pushed first: see `beginSet`. */
  setI64(value: number): void {
    const place = this.place(value)
    if (place === undefined) return this.code.memory(Insn.i64_store, slotOffset(value))
    if (place.type === ValType.f64) this.code.op(Insn.f64_reinterpret_i64)
    else if (place.type === ValType.i32) this.code.op(Insn.i32_wrap_i64)
    this.code.set(place.local)
  }

  /** Pops an i32 into a value, sign-extended. */
  setI32(value: number): void {
    const place = this.place(value)
    if (place?.type === ValType.i32) return this.code.set(place.local)
    this.code.op(Insn.i64_extend_i32_s)
    this.setI64(value)
  }

  /** Pops an i32 into a value, zero-extended. */
  setU32(value: number): void {
    this.code.op(Insn.i64_extend_i32_u)
    this.setI64(value)
  }

  /** Pops an f64 into a value, as bits. */
  setF64(value: number): void {
    const place = this.place(value)
    if (place?.type === ValType.f64) return this.code.set(place.local)
    this.code.op(Insn.i64_reinterpret_f64)
    this.setI64(value)
  }

  /** To be called before the operands of an operation whose result goes to `value` are pushed. */
  beginSet(value: number): void {
    if (value < cpuStateSlots && !isLocalGlobal(value)) this.code.i32(0)
  }

  /**
   * Loads globals from memory into their webs.
   *
   * @param unfit writes what to do where one is not sign-extended that lives in an i32 local: must not fall through
   */
  load(loads: WebLoads, unfit: () => void): void {
    const { code, scratch } = this
    for (const [global, web] of loads) {
      this.forget(web)
      const { local, type } = this.place(web)!
      code.i32(0)
      if (type === ValType.f64) code.memory(Insn.f64_load, slotOffset(global))
      else code.memory(Insn.i64_load, slotOffset(global))
      if (type === ValType.f64 || !this.narrow.webs.has(web)) {
        code.set(local)
        continue
      }
      const wide = type === ValType.i32 ? scratch : local
      code.tee(wide)
      code.op(Insn.i32_wrap_i64)
      if (type === ValType.i32) code.tee(local)
      code.op(Insn.i64_extend_i32_s)
      code.get(wide)
      code.op(Insn.i64_ne)
      code.ifUnlikely()
      unfit()
      code.end()
    }
  }

  /** Stores globals from their webs to memory. */
  store(stores: WebLoads): void {
    const { code } = this
    for (const [global, web] of stores) {
      const { local, type } = this.place(web)!
      code.i32(0)
      code.get(local)
      if (type === ValType.i32) code.op(Insn.i64_extend_i32_s)
      code.memory(type === ValType.f64 ? Insn.f64_store : Insn.i64_store, slotOffset(global))
    }
  }
}
