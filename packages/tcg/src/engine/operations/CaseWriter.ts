/** What rows of the table write their case of the WebAssembly loop with: operands, values, calls, and where to go on. */
import { CpuSlot } from "../../Layout.ts"
import type { CodeWriter, Label } from "../../wasm/CodeWriter.ts"
import { Insn, ValType } from "../../wasm/Wasm.ts"
import { EngineCell } from "../cells.ts"
import { type Shape, wordOf, wordsOf } from "./operands.ts"

/** Types of the functions that cases call, in the host: arguments and results, all of them i32. */
export const calls = {
  /** left, place, low, high: the next code, or -1 to leave. */
  next: [4, 1],
  /** left, index of the next pc's low word, kind */
  exit: [3, 0],
  /** place, left */
  leave: [2, 0],
  /** d, base, disp, memop: whether it was allowed. Here and below values are named by the indices of their low words. */
  load: [4, 1],
  /** value, base, disp, memop */
  store: [4, 1],
  /** d, address, value, memop, opcode */
  atomic: [5, 1],
  /** d, address, expected, value, memop */
  compareExchange: [5, 1],
  /** left, d, a, b, helper */
  helper: [5, 0],
  /** opcode, d, a, b, c, rm, negate */
  float: [7, 0],
  /** callback: whether the guest goes on */
  exec: [1, 1],
  cond: [1, 1],
  drainTrace: [1, 1],
  /** base, value, disp, callback */
  mem: [4, 1],
  /** place */
  recordExec: [1, 0],
  recordAccess: [1, 0],
  /** place: where to go on */
  hot: [1, 1],
  /** place, left: where to go on, or -1 to leave; what is left is in its cell */
  region: [2, 1],
  /** low word of a pc */
  noteTarget: [1, 0],
  /** number of an operation that does not exist; does not return */
  unknown: [1, 0]
} as const

export type CallName = keyof typeof calls

/** Locals of the loop's function. `pc` is the address of the operation's word. */
export interface LoopLocals {
  readonly pc: number
  readonly left: number
  /** For `miss`: where the link is in the code or a negative number, and the pc to go to. */
  readonly place: number
  readonly low: number
  readonly high: number
  /** Spare ones. */
  readonly i32: readonly [number, number]
  readonly i64: readonly [number, number, number, number]
  readonly f64: number
  readonly f32: number
}

/** What is written of an operation. */
interface Case extends Shape {
  readonly emit: (to: CaseWriter) => void
  readonly jumps: boolean
}

export class CaseWriter {
  readonly code: CodeWriter
  readonly locals: LoopLocals
  /** Does the operation at `pc`; goes to the block at `pc`; asks the host for the way to a block. */
  readonly dispatch: Label
  readonly enter: Label
  readonly miss: Label
  /** The function `findHigh` of the module. */
  readonly findHigh: number
  private readonly functions: Readonly<Record<CallName, number>>
  private current: Shape | undefined

  constructor(
    code: CodeWriter,
    locals: LoopLocals,
    labels: { readonly dispatch: Label; readonly enter: Label; readonly miss: Label },
    functions: Readonly<Record<CallName, number>>,
    findHigh: number
  ) {
    this.code = code
    this.locals = locals
    this.dispatch = labels.dispatch
    this.enter = labels.enter
    this.miss = labels.miss
    this.functions = functions
    this.findHigh = findHigh
  }

  /** Writes an operation's case. */
  case(operation: Case): void {
    this.current = operation
    operation.emit(this)
    if (!operation.jumps) this.goOn()
  }

  /** Goes on behind the operation. */
  goOn(): void {
    const { code, locals } = this
    code.get(locals.pc)
    code.i32(4 * wordsOf(this.current!))
    code.op(Insn.i32_add)
    code.set(locals.pc)
    code.br(this.dispatch)
  }

  private place(name: string): { readonly offset: number; readonly isValue: boolean; readonly isPacked: boolean } {
    const index = this.current!.operands.findIndex((operand) => operand.name === name)
    if (index < 0) throw new Error(`operation ${this.current!.name} has no operand ${name}`)
    const { isPacked, isValue } = this.current!.operands[index]!
    return { offset: isPacked ? 2 : 4 * wordOf(this.current!, index), isValue, isPacked }
  }

  // --- operands ------------------------------------------------------------------------------------------------------

  /** Pushes an operand's word. */
  word(name: string): void {
    this.code.get(this.locals.pc)
    const { isPacked, offset } = this.place(name)
    this.code.memory(isPacked ? Insn.i32_load16_u : Insn.i32_load, offset)
  }

  /** Pushes the address of an operand's word. */
  wordAddress(name: string): void {
    this.code.get(this.locals.pc)
    this.code.i32(this.place(name).offset)
    this.code.op(Insn.i32_add)
  }

  /** Pushes an operand's word, sign-extended. */
  word64(name: string): void {
    this.code.get(this.locals.pc)
    this.code.memory(Insn.i64_load32_s, this.place(name).offset)
  }

  /** Pushes the value that an operand names: all of it, its low half or its high half. */
  value(name: string): void {
    this.word(name)
    this.code.memory(Insn.i64_load, 0)
  }
  low(name: string): void {
    this.word(name)
    this.code.memory(Insn.i32_load, 0)
  }
  high(name: string): void {
    this.word(name)
    this.code.memory(Insn.i32_load, 4)
  }
  f64(name: string): void {
    this.word(name)
    this.code.memory(Insn.f64_load, 0)
  }
  f32(name: string): void {
    this.word(name)
    this.code.memory(Insn.f32_load, 0)
  }

  /** Gives the value that an operand names what `push` pushes: 64 bits, or 32 that are sign-extended or zero-extended. */
  put(name: string, push: () => void): void {
    this.word(name)
    push()
    this.code.memory(Insn.i64_store, 0)
  }
  put32(name: string, push: () => void): void {
    this.put(name, () => {
      push()
      this.code.op(Insn.i64_extend_i32_s)
    })
  }
  putU32(name: string, push: () => void): void {
    this.put(name, () => {
      push()
      this.code.op(Insn.i64_extend_i32_u)
    })
  }

  // --- state ---------------------------------------------------------------------------------------------------------

  /** Pushes the low word of a slot of the vCPU's state. */
  slot(slot: number): void {
    this.cell(8 * slot)
  }

  /** Pushes a word at a fixed address. */
  cell(address: number): void {
    this.code.i32(0)
    this.code.memory(Insn.i32_load, address)
  }

  /** Pushes the address of the running vCPU's slot of a scoreboard entry: operands `slot` and `stride`. */
  scoreboard(): void {
    const { code } = this
    this.word("slot")
    this.slot(CpuSlot.vcpuIndex)
    this.word("stride")
    code.op(Insn.i32_mul)
    code.i32(2)
    code.op(Insn.i32_shl)
    code.op(Insn.i32_add)
  }

  // --- calls ---------------------------------------------------------------------------------------------------------

  /** Calls a function of the host with operands, values by the index of their low word, and with numbers that are known now. */
  call(name: CallName, ...operands: ReadonlyArray<string | number>): void {
    for (const operand of operands) {
      if (typeof operand === "number") this.code.i32(operand)
      else this.argument(operand)
    }
    this.callWith(name)
  }

  /** Calls a function of the host with what has been pushed. */
  callWith(name: CallName): void {
    this.code.call(this.functions[name])
  }

  /** Pushes an operand as functions of the host want it. */
  argument(name: string): void {
    this.word(name)
    if (this.place(name).isValue) this.index(2)
  }

  /** Pops an address and pushes the index of what is there. */
  index(shift: number): void {
    this.code.i32(shift)
    this.code.op(Insn.i32_shr_u)
  }

  /** Pushes the index of the operation's word, by which functions of the host name a place in the code. */
  here(): void {
    this.code.get(this.locals.pc)
    this.index(2)
  }

  /** As `call`, of a function that says whether the guest goes on; leaves the loop where it does not. */
  callChecked(name: CallName, ...operands: ReadonlyArray<string | number>): void {
    const { code } = this
    this.call(name, ...operands)
    code.op(Insn.i32_eqz)
    code.ifUnlikely()
    this.here()
    code.get(this.locals.left)
    this.callWith("leave")
    code.op(Insn.return)
    code.end()
  }

  // --- jumps ---------------------------------------------------------------------------------------------------------

  /** Takes operand `n` from what is left. */
  count(): void {
    const { code, locals } = this
    code.get(locals.left)
    this.word("n")
    code.op(Insn.i32_sub)
    code.set(locals.left)
  }

  /** Branches where blocks do not chain: too little is left, or something waits. */
  branchUnlessChained(label: Label): void {
    const { code, locals } = this
    code.get(locals.left)
    this.cell(EngineCell.limit)
    code.op(Insn.i32_le_s)
    code.brIfUnlikely(label)
  }

  /**
   * Goes by the link at the address in the first spare i32, behind which stands the low word of its pc. The high word is in local
   * `high`.
   */
  follow(): void {
    const { code, locals } = this
    const link = locals.i32[0]
    const target = locals.i32[1]
    const missing = code.block()
    this.branchUnlessChained(missing)
    code.get(link)
    code.memory(Insn.i32_load, 0)
    code.tee(target)
    code.i32(0)
    code.op(Insn.i32_lt_s)
    code.brIfUnlikely(missing)
    this.enterAt(target)
    code.end()
    code.get(link)
    this.index(2)
    code.set(locals.place)
    code.get(link)
    code.memory(Insn.i32_load, 4)
    code.set(locals.low)
    code.br(this.miss)
  }

  /** Goes to the block whose place is in a local. */
  enterAt(local: number): void {
    const { code, locals } = this
    code.get(local)
    code.i32(2)
    code.op(Insn.i32_shl)
    code.set(locals.pc)
    code.br(this.enter)
  }
}

/** Parameters and results of a function that cases call. */
export const callType = (name: CallName): readonly [ReadonlyArray<ValType>, ReadonlyArray<ValType>] => {
  const [parameters, results] = calls[name]
  return [new Array<ValType>(parameters).fill(ValType.i32), new Array<ValType>(results).fill(ValType.i32)]
}
