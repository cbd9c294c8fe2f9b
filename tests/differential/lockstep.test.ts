/**
 * Random programs on both engines, compared all the way. `pnpm test:lockstep` runs sixteen times as many, and
 *
 *     EMU_LOCKSTEP_SEED=1234 EMU_LOCKSTEP_INSNS=1 npx vitest run tests/differential
 *
 * runs one program again. A program on which the engines differ is shrunk and printed as a listing.
 */
import { assert, describe, it } from "@effect/vitest"
import { listing } from "./listing.ts"
import { lockstep, lockstepKept, type Outcome } from "./lockstep.ts"
import { generate } from "./program/generate.ts"
import type { Program } from "./program/Program.ts"
import { shrink } from "./shrink.ts"

const wanted = Number(process.env["EMU_LOCKSTEP_INSNS"] ?? 6_000_000)
const firstSeed = Number(process.env["EMU_LOCKSTEP_SEED"] ?? 1)
const shrinkMilliseconds = 60_000

/** What a program did; nothing for one that cannot be assembled, its branches being too long. */
const attempt = (program: Program, limit?: number): Outcome | undefined => {
  try {
    return lockstep(program, limit)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** The message for a program on which the engines differ. */
const report = (program: Program, outcome: Outcome): string => {
  const limit = outcome.count + 2000
  const small = shrink(program, (smaller) => attempt(smaller, limit)?.difference !== undefined, shrinkMilliseconds)
  const text = attempt(small, limit)?.difference ?? outcome.difference
  return `the JIT and the interpreter differ (in this order) ${text}\n${listing(small)}`
}

describe("random programs", () => {
  it(
    "do the same with code that was kept of a run before",
    async () => {
      let kept = 0
      for (let seed = firstSeed; seed < firstSeed + wanted / 50_000; seed++) {
        const { plugins: _, ...program } = generate(seed)
        try {
          const outcome = lockstepKept({ ...program, plugins: undefined })
          assert.isUndefined(outcome.difference, `seed ${seed}: ${outcome.difference}`)
          kept += outcome.kept
        } catch (error) {
          if (!(error instanceof RangeError)) throw error
        }
        await new Promise((resolve) => setImmediate(resolve))
      }
      assert.isAbove(kept, wanted / 10_000, "too little was kept for this to prove anything")
    },
    240_000 + wanted / 50
  )

  it(
    `${wanted} instructions are the same on the JIT and on the interpreter`,
    async () => {
      let count = 0
      let regions = 0
      let programs = 0
      let tooLong = 0
      for (let seed = firstSeed; count < wanted; seed++) {
        const program = generate(seed)
        const outcome = attempt(program)
        programs++
        if (outcome === undefined) {
          tooLong++
          continue
        }
        assert.isUndefined(outcome.difference, outcome.difference && report(program, outcome))
        count += outcome.count
        regions += outcome.regions
        // Lets vitest see that the test is alive.
        await new Promise((resolve) => setImmediate(resolve))
      }
      // Every other program was compared to its end, or to the limit.
      assert.isAtMost(tooLong, 2 + programs / 50, `of ${programs} programs so many could not be assembled`)
      assert.isAbove(regions, wanted / 10_000 - 100, "too little was compiled for this to prove anything")
    },
    240_000 + wanted / 50
  )
})
