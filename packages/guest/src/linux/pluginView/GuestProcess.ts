/** A loaded process, as debuggers and plugins look at it. */
import type { ProgramInfo } from "@emu/core/Ports"
import type { Kernel } from "../kernel/Kernel.ts"
import type { Modules } from "./Modules.ts"
import type { Symbols } from "./Symbols.ts"

export interface GuestProcess {
  readonly kernel: Kernel
  readonly symbols: Symbols
  readonly modules: Modules
  readonly program: ProgramInfo
}
