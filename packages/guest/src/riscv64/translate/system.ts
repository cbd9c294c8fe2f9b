/** Fences and environment calls. Privileged instructions are illegal in user mode. */
import { ExitCode, Opcode } from "@emu/tcg/ir/Opcode"
import type { Lowering, Lowerings } from "./Emitter.ts"

const privileged: Lowering = (emit) => emit.illegal()

export const systemLowerings: Lowerings = {
  fence: (emit) => emit.builder.op(Opcode.mb),
  pause: (emit) => emit.exit(emit.nextPc, ExitCode.yield),
  "fence.i": (emit) => emit.exit(emit.nextPc, ExitCode.fenceI),
  ecall: (emit) => emit.exit(emit.nextPc, ExitCode.syscall),
  ebreak: (emit) => emit.exit(emit.pc, ExitCode.breakpoint),
  sret: privileged,
  mret: privileged,
  wfi: privileged,
  "sfence.vma": privileged
}
