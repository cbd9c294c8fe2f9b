/** Plugin callbacks as code refers to them. */
import type { DynCallback } from "@emu/core/Instrumentation"

/** A plugin callback in code, with what it is told. */
export interface CodeCallback {
  readonly callback: DynCallback
  readonly pc: bigint
  readonly pcLow: number
  readonly memop: number
  readonly store: boolean
  /** For conditions: index of vCPU 0's slot in the Int32 view, and the distance to the next vCPU's. */
  readonly slot: number
  readonly stride: number
}
