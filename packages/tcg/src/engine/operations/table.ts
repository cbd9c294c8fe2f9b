/**
 * The table of operations: what both interpreters are made of. An operation's number is its position. `scripts/interpreter-loop.ts` writes
 * the reference loop and the list of numbers; `cold/` writes the loop in WebAssembly.
 */
import { arithmetic } from "./arithmetic.ts"
import { arithmetic32 } from "./arithmetic32.ts"
import { bits } from "./bits.ts"
import { comparisons } from "./conditions.ts"
import { control } from "./control.ts"
import { floats } from "./floats.ts"
import { instrumentation, traces } from "./instrumentation.ts"
import { memory } from "./memory.ts"
import { moves } from "./moves.ts"
import type { Family } from "./Operation.ts"
import { tiers } from "./tiers.ts"

export const families: ReadonlyArray<Family> = [
  moves,
  arithmetic,
  bits,
  comparisons,
  arithmetic32,
  memory,
  control,
  floats,
  instrumentation,
  tiers,
  traces
]

/** All rows; an operation's number is its index. */
export const operations = families.flatMap((family) => family.operations)
