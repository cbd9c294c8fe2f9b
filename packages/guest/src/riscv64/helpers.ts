/** Functions that translated code calls: the counters that a program can read. */
import { CpuSlot } from "@emu/tcg/Layout"
import type { Helper } from "@emu/tcg/FrontEnd"

/** What the guest's clock CSR shows. */
export interface Riscv64Options {
  /** Ticks of the `time` CSR; must not go backwards. */
  readonly time: () => bigint
}

/** Numbers of the helpers, as `call` operations name them. */
export const HelperIndex = { instructions: 0, time: 1 } as const

/** The helper table, in the order of `HelperIndex`. */
export const makeHelpers = (options: Riscv64Options): ReadonlyArray<Helper> => [
  { name: "riscv_instructions", run: (state) => state.i64[CpuSlot.instructions]! },
  { name: "riscv_time", run: () => options.time(), isVolatile: true }
]
