/** The instruction table: everything that decodes, prints, translates or tests an instruction starts here. */
import { atomicRows } from "./atomic.ts"
import { bitmanipRows } from "./bitmanip.ts"
import { floatRows } from "./float.ts"
import { integerRows } from "./integer.ts"
import type { InsnRow } from "./Row.ts"
import { systemRows } from "./system.ts"

/** Every 32-bit instruction. */
export const insnTable: ReadonlyArray<InsnRow> = [
  ...integerRows,
  ...atomicRows,
  ...floatRows,
  ...systemRows,
  ...bitmanipRows
]

const byName = new Map(insnTable.map((row) => [row.name, row]))

/** The row of a mnemonic of the table. Throws where there is none. */
export const insnRow = (name: string): InsnRow => {
  const row = byName.get(name)
  if (row === undefined) throw new Error(`no instruction "${name}" in the table`)
  return row
}
