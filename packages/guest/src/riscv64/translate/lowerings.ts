/** The lowering of every instruction of the table. */
import type { InsnRow } from "../isa/Row.ts"
import { insnTable } from "../isa/table.ts"
import { atomicLowerings } from "./atomic.ts"
import { bitmanipLowerings } from "./bitmanip.ts"
import { controlLowerings } from "./control.ts"
import { csrLowerings } from "./csr.ts"
import type { Lowering, Lowerings } from "./Emitter.ts"
import { floatLowerings } from "./float.ts"
import { integerLowerings } from "./integer.ts"
import { memoryLowerings } from "./memory.ts"
import { systemLowerings } from "./system.ts"

const byName: Lowerings = {
  ...integerLowerings,
  ...controlLowerings,
  ...memoryLowerings,
  ...atomicLowerings,
  ...floatLowerings,
  ...csrLowerings,
  ...systemLowerings,
  ...bitmanipLowerings
}

/** Lowerings by row. Every row has one: loading this module fails otherwise. */
export const lowerings: ReadonlyMap<InsnRow, Lowering> = new Map(
  insnTable.map((row) => {
    const lowering = byName[row.name]
    if (lowering === undefined) throw new Error(`instruction "${row.name}" has no lowering`)
    return [row, lowering]
  })
)
