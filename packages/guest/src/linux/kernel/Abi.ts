/** What Linux's user ABI leaves to the architecture. A guest architecture provides one of these. */
import type { CallConvention, RegisterInfo } from "@emu/core/Ports"
import type { FrameRule } from "../../elf/callFrames.ts"
import type { CpuState } from "@emu/tcg/CpuState"

/** The signal context that a frame on the stack holds beside the registers. */
export interface FrameContext {
  readonly mask: bigint
  readonly altStack: AltStack
}

/** An alternate signal stack: `struct sigaltstack`. */
export interface AltStack {
  readonly pointer: number
  readonly flags: number
  readonly size: number
}

export interface LinuxAbi {
  /** What uname calls the machine; also QEMU's name of the target. */
  readonly machine: string
  /** The text of /proc/cpuinfo for a number of processors. */
  readonly cpuinfo: (cpus: number) => string
  /** AT_HWCAP. */
  readonly hwcap: number
  /** State slots: number of the system call, its arguments, its result. */
  readonly numberSlot: number
  readonly argumentSlots: ReadonlyArray<number>
  readonly resultSlot: number
  readonly stackSlot: number
  readonly tlsSlot: number
  /** Addresses of instructions are multiples of this. */
  readonly pcAlignment: number
  /** Bytes of the system call instruction: how far to go back to run it again. */
  readonly syscallSize: number
  /** Calls that plugins never see. */
  readonly hiddenSyscalls: ReadonlySet<number>
  /** Size of a signal frame: siginfo and ucontext. */
  readonly frameSize: number
  /** Where siginfo is in a frame; it has 128 bytes. */
  readonly siginfoOffset: number
  /** Writes the ucontext of a frame (whose bytes are zero) from the registers as they are. */
  readonly writeContext: (state: CpuState, frame: number, context: FrameContext) => void
  /** Restores the registers from the frame at the stack pointer. The frame is readable. */
  readonly readContext: (state: CpuState, frame: number) => FrameContext
  /** Sets the registers for the call of a handler. */
  readonly enterHandler: (state: CpuState, handler: number, signal: number, frame: number, returnAddress: number) => void
  /** The vdso image: a small ELF file, mapped as it is, and where its sigreturn code is. */
  readonly vdso: Uint8Array
  /** Bytes to map for it: whole pages. */
  readonly vdsoSize: number
  readonly vdsoSigreturn: number
  /** Registers as debuggers and plugins number them. */
  readonly registers: ReadonlyArray<AbiRegister>
  readonly calls: CallingConvention
}

/** How functions call each other. Registers are indices of `registers`, and DWARF's numbers of the integer registers. */
export interface CallingConvention extends CallConvention {
  readonly integerRegisters: ReadonlyArray<number>
  readonly framePointer: number
  /** Where a function with a frame pointer has put its caller's registers, from the frame pointer on. */
  readonly savedAt: { readonly returnAddress: number; readonly framePointer: number }
  /** Where a signal's frame has the pc, and behind it the integer registers in their order, from its stack pointer on. */
  readonly signalRegisters: number
  /** The frame of a function without call frame information, from its instructions up to where it is. */
  readonly prologueRule: (code: Uint8Array) => FrameRule
}

/** A register, and how to read and write it in a vCPU's state slots. */
export interface AbiRegister extends RegisterInfo {
  readonly read: (slots: BigUint64Array<ArrayBufferLike>) => bigint
  readonly write: (slots: BigUint64Array<ArrayBufferLike>, value: bigint) => void
}
