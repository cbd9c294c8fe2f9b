/** Signals for what instructions do wrong. */
import { CpuSlot } from "@emu/tcg/Layout"
import { type Exit, ExitKind } from "@emu/tcg/Engine"
import type { Kernel } from "../kernel/Kernel.ts"
import { Sig, SigCode } from "../signals/constants.ts"
import type { SignalInfo } from "../signals/SignalInfo.ts"

/** The signal that an exit of the engine means, or undefined for exits that are no fault. */
export const faultOf = (kernel: Kernel, exit: Exit): SignalInfo | undefined => {
  const pc = kernel.state.u64[CpuSlot.pc]!
  switch (exit.kind) {
    case ExitKind.breakpoint:
      return { signal: Sig.TRAP, code: SigCode.trapBreakpoint, address: pc }
    case ExitKind.illegal:
      return { signal: Sig.ILL, code: SigCode.illOpcode, address: pc }
    case ExitKind.alignmentFault:
      return { signal: Sig.BUS, code: SigCode.busAlignment, address: exit.address }
    case ExitKind.memoryFault:
    case ExitKind.fetchFault:
      if (kernel.memory.isBeyondFile(Number(exit.address))) {
        return { signal: Sig.BUS, code: SigCode.busAddress, address: exit.address }
      }
      return {
        signal: Sig.SEGV,
        code: exit.mapped ? SigCode.segvAccessError : SigCode.segvMapError,
        address: exit.address
      }
    default:
      return undefined
  }
}
