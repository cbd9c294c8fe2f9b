/** The program of a process, as debuggers and plugins look at it. */
import type { ProgramInfo } from "@emu/core/Ports"
import type { Backtrace } from "./Backtrace.ts"
import type { Modules } from "./Modules.ts"
import type { Symbols } from "./Symbols.ts"

export interface ProcessView {
  readonly symbols: Symbols
  readonly modules: Modules
  readonly backtrace: Backtrace
  readonly program: ProgramInfo
}
