/** Writes the body of one WebAssembly function: locals, instructions, and the depths of the labels that are open. */
import { ByteWriter } from "./ByteWriter.ts"
import { emptyBlock, Insn, type ValType } from "./Wasm.ts"

/** A control construct that is open; what branches name. */
export interface Label {
  readonly depth: number
}

/** A finished function. */
export interface FunctionBody {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** The offsets in them of branches that are hardly ever taken. */
  readonly unlikely: ReadonlyArray<number>
  /** The functions that it calls, of those with an index below 32: a bit mask. */
  readonly calls: number
}

/** Buffers of functions that are finished: a large one is dear to make. */
const spare: Array<ByteWriter> = []

/** Bytes of finished functions that share a buffer. */
const shelfBytes = 1 << 16

/** Where the next finished function goes. */
let shelf = new ByteWriter(0)

export class CodeWriter {
  private readonly out = spare.pop() ?? new ByteWriter(4096)
  private readonly localTypes: Array<ValType> = []
  private depth = 0
  private readonly unlikely: Array<number> = []
  private calls = 0
  private beginning: { into: number; from: number; numberFor: (locals: number) => number } | undefined
  private readonly parameters: number

  constructor(parameters = 0) {
    this.parameters = parameters
  }

  /** How many control constructs are open. */
  get nesting(): number {
    return this.depth
  }

  /** Declares a local and gives its index. */
  local(type: ValType): number {
    this.localTypes.push(type)
    return this.parameters + this.localTypes.length - 1
  }

  /**
   * Has the function begin by setting an i32 local to the sum of another one and a number that depends on how many locals
   * the function has in the end.
   */
  beginWithSum(into: number, from: number, numberFor: (locals: number) => number): void {
    this.beginning = { into, from, numberFor }
  }

  /** Bytes of instructions so far. */
  get size(): number {
    return this.out.length
  }

  /** An instruction without immediates. */
  op(opcode: number): void {
    if (opcode > 0xff) {
      const wide = opcode > 0xffff
      this.out.u8(wide ? opcode >>> 12 : opcode >>> 8)
      this.out.u32(wide ? opcode & 0xfff : opcode & 0xff)
    } else this.out.u8(opcode)
  }

  /** An instruction followed by bytes as they are (lane numbers). */
  opBytes(opcode: number, ...bytes: Array<number>): void {
    this.op(opcode)
    for (const byte of bytes) this.out.u8(byte)
  }

  get(local: number): void {
    this.out.u8(Insn.local_get)
    this.out.u32(local)
  }

  set(local: number): void {
    this.out.u8(Insn.local_set)
    this.out.u32(local)
  }

  tee(local: number): void {
    this.out.u8(Insn.local_tee)
    this.out.u32(local)
  }

  i32(value: number): void {
    this.out.u8(Insn.i32_const)
    this.out.s32(value)
  }

  i64(value: bigint): void {
    this.out.u8(Insn.i64_const)
    this.out.s64(value)
  }

  f64(value: number): void {
    this.out.u8(Insn.f64_const)
    this.out.f64(value)
  }

  f32(value: number): void {
    this.out.u8(Insn.f32_const)
    this.out.f32(value)
  }

  /** A load or store with a static offset. Alignment is a hint; 1 is always true. */
  memory(opcode: number, offset: number): void {
    this.out.u8(opcode)
    this.out.u8(0)
    this.out.u32(offset)
  }

  block(): Label {
    return this.open(Insn.block)
  }

  loop(): Label {
    return this.open(Insn.loop)
  }

  /** Pops an i32 and opens the part that runs where it is not zero. */
  if(): Label {
    return this.open(Insn.if)
  }

  /** As `if`, with the hint that what follows runs hardly ever: V8 then keeps spills and code out of the usual way. */
  ifUnlikely(): Label {
    this.unlikely.push(this.out.length)
    return this.if()
  }

  else(): void {
    this.out.u8(Insn.else)
  }

  private open(opcode: number): Label {
    this.out.u8(opcode)
    this.out.u8(emptyBlock)
    this.depth++
    return { depth: this.depth }
  }

  end(): void {
    this.out.u8(Insn.end)
    this.depth--
  }

  br(label: Label): void {
    this.out.u8(Insn.br)
    this.out.u32(this.depth - label.depth)
  }

  brIf(label: Label): void {
    this.out.u8(Insn.br_if)
    this.out.u32(this.depth - label.depth)
  }

  /** As `brIf`, with the hint that the branch is hardly ever taken. */
  brIfUnlikely(label: Label): void {
    this.unlikely.push(this.out.length)
    this.brIf(label)
  }

  brTable(labels: ReadonlyArray<Label>, fallback: Label): void {
    this.out.u8(Insn.br_table)
    this.out.u32(labels.length)
    for (const label of labels) this.out.u32(this.depth - label.depth)
    this.out.u32(this.depth - fallback.depth)
  }

  call(functionIndex: number): void {
    this.out.u8(Insn.call)
    this.out.u32(functionIndex)
    if (functionIndex < 32) this.calls |= 1 << functionIndex
  }

  callIndirect(type: number, tail = false): void {
    this.out.u8(tail ? Insn.return_call_indirect : Insn.call_indirect)
    this.out.u32(type)
    this.out.u8(0)
  }

  /**
   * Ends the function: its body as the code section wants it (locals in runs of one type, instructions, end), with its branch
   * hints. Nothing may be written any more.
   */
  body(): FunctionBody {
    const { localTypes, out } = this
    const most = out.length + 8 * localTypes.length + 32
    if (shelf.room < most) shelf = new ByteWriter(Math.max(most, shelfBytes))
    const start = shelf.length
    let runs = 0
    for (let i = 0; i < localTypes.length; i++) if (localTypes[i] !== localTypes[i - 1]) runs++
    shelf.u32(runs)
    for (let i = 0, first = 0; i < localTypes.length; i++) {
      if (localTypes[i] === localTypes[i + 1]) continue
      shelf.u32(i + 1 - first)
      shelf.u8(localTypes[i]!)
      first = i + 1
    }
    if (this.beginning !== undefined) {
      const { from, into, numberFor } = this.beginning
      shelf.u8(Insn.local_get)
      shelf.u32(from)
      shelf.u8(Insn.i32_const)
      shelf.s32(numberFor(localTypes.length))
      shelf.u8(Insn.i32_add)
      shelf.u8(Insn.local_set)
      shelf.u32(into)
    }
    const codeStart = shelf.length - start
    shelf.raw(out.view())
    shelf.u8(Insn.end)
    out.length = 0
    spare.push(out)
    return { bytes: shelf.view(start), unlikely: this.unlikely.map((offset) => codeStart + offset), calls: this.calls }
  }
}
