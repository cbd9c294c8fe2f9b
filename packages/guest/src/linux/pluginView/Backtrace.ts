/** Who has called whom: walks a thread's stack from its registers. */
import { userEnd } from "@emu/tcg/Layout"
import type { FrameRule } from "../../elf/callFrames.ts"
import type { LinuxAbi } from "../kernel/Abi.ts"
import type { AddressSpace } from "../memory/AddressSpace.ts"
import { Prot } from "../memory/Prot.ts"
import { type ElfFiles, vdsoName } from "./ElfFiles.ts"

/** Registers by DWARF's numbers, which the integer registers' indices are. */
type Registers = Map<number, number>

/** No stack that anybody looks at has more frames. */
const mostFrames = 4096

/** Bytes of a function that are looked through. */
const longestPrologue = 1 << 16

export class Backtrace {
  readonly #space: AddressSpace
  readonly #files: ElfFiles
  readonly #abi: LinuxAbi

  constructor(space: AddressSpace, files: ElfFiles, abi: LinuxAbi) {
    this.#space = space
    this.#files = files
    this.#abi = abi
  }

  /**
   * The addresses at which functions go on, the innermost first: where the thread is, then where each caller will, through signal
   * handlers, too. By call frame information where the file has some; else by what the function's instructions have done to the
   * stack; and where it has no symbol, by frame pointers.
   *
   * @param slots the thread's registers
   * @param pc where it is
   */
  of(slots: BigUint64Array<ArrayBufferLike>, pc: number, limit = mostFrames): ReadonlyArray<number> {
    const { calls, registers } = this.#abi
    const values: Registers = new Map(calls.integerRegisters.map((index) => [index, Number(registers[index]!.read(slots))]))
    const frames: Array<number> = []
    let at = pc
    // whether `at` is an instruction that runs, rather than the one behind a call
    let isExact = true
    while (frames.length < Math.min(limit, mostFrames)) {
      frames.push(at)
      const sp = values.get(calls.stackPointer)!
      const isHandlerReturn = this.#isSignalReturn(at)
      const next = isHandlerReturn ? this.#interrupted(values, sp) : this.#caller(values, isExact ? at : at - 1, isExact)
      // a caller's frame is above, but for functions that need none, and the other side of a signal
      const isOutward = values.get(calls.stackPointer)! > sp || isExact || isHandlerReturn
      if (next === undefined || next === 0 || !isOutward) break
      at = next
      isExact = isHandlerReturn
    }
    return frames
  }

  /** Undoes a frame: the registers are the caller's, which goes on at the address given. */
  #caller(values: Registers, pc: number, isInnermost: boolean): number | undefined {
    const rule = this.#ruleAt(pc)
    if (rule === undefined) return this.#byFramePointer(values, isInnermost)
    // a function that has called others has saved where it returns to
    if (!isInnermost && !rule.saved.has(rule.returnRegister)) return undefined
    return this.#byRule(values, rule)
  }

  #ruleAt(pc: number): FrameRule | undefined {
    const region = this.#space.regions.at(pc)
    const mapped = region && this.#files.in(region)
    if (mapped === undefined) return undefined
    const { bias, file } = mapped
    const rule = file.frames.at(pc - bias)
    if (rule !== undefined) return rule
    const start = file.symbols.cover(pc - bias)?.address
    if (start === undefined || pc - bias - start > longestPrologue) return undefined
    const code = pc - bias === start ? new Uint8Array() : this.#space.peek(start + bias, pc - bias - start)
    return code && this.#abi.calls.prologueRule(code)
  }

  #byRule(values: Registers, rule: FrameRule): number | undefined {
    if (rule.isOutermost) return undefined
    const base = values.get(rule.register)
    if (base === undefined) return undefined
    const frame = base + rule.offset
    for (const [register, offset] of rule.saved) {
      const value = this.#word(frame + offset)
      if (value === undefined) return undefined
      values.set(register, value)
    }
    values.set(this.#abi.calls.stackPointer, frame)
    return values.get(rule.returnRegister)
  }

  /** Without information: the innermost function may have no frame yet, or never; others have the pointer that ABIs ask for. */
  #byFramePointer(values: Registers, isInnermost: boolean): number | undefined {
    const { framePointer, returnAddress, savedAt, stackPointer } = this.#abi.calls
    const frame = values.get(framePointer)!
    const saved = this.#word(frame + savedAt.returnAddress)
    const isFrame = frame > values.get(stackPointer)! && saved !== undefined && this.#isCode(saved)
    const direct = values.get(returnAddress)!
    // in a leaf the return address is in its register still, and the frame pointer is the caller's
    if (isInnermost && this.#isCode(direct) && direct !== saved) return direct
    if (!isFrame) return undefined
    values.set(framePointer, this.#word(frame + savedAt.framePointer) ?? 0)
    values.set(stackPointer, frame)
    return saved
  }

  #isSignalReturn(pc: number): boolean {
    const region = this.#space.regions.at(pc)
    return region?.name === vdsoName && region.file === undefined && pc - region.start === this.#abi.vdsoSigreturn
  }

  /** The registers that a signal's frame has, which its handler returns to. */
  #interrupted(values: Registers, sp: number): number | undefined {
    const { integerRegisters, signalRegisters } = this.#abi.calls
    const pc = this.#word(sp + signalRegisters)
    for (const index of integerRegisters) values.set(index, this.#word(sp + signalRegisters + 8 * index) ?? 0)
    return pc
  }

  #isCode(address: number): boolean {
    const region = this.#space.regions.at(address)
    return region !== undefined && (region.prot & Prot.exec) !== 0
  }

  /** Eight bytes of memory; undefined where they are not mapped. */
  #word(address: number): number | undefined {
    if (!(address >= 0 && address + 8 <= userEnd)) return undefined
    const bytes = this.#space.peek(address, 8)
    return bytes && Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
  }
}
