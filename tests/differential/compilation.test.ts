/** Random programs whose code comes and goes: compiled while they run, or with room for a few regions only. */
import { assert, describe, it } from "@effect/vitest"
import { listing } from "./listing.ts"
import { lockstep, lockstepInTurns, type Outcome } from "./lockstep.ts"
import { generate } from "./program/generate.ts"
import type { Program } from "./program/Program.ts"

const programs = 40
const limit = 30_000
const timeout = 240_000

/** The first programs that can be assembled, from a seed on. */
const some = function* (firstSeed: number, change: Partial<Program>): Generator<Program> {
  for (let seed = firstSeed, count = 0; count < programs; seed++) {
    const program = { ...generate(seed), ...change }
    try {
      lockstep(program, 1)
    } catch (error) {
      if (error instanceof RangeError) continue
      throw error
    }
    count++
    yield program
  }
}

const check = (program: Program, { difference }: Outcome): void =>
  assert.isUndefined(difference, difference && `${difference}\n${listing(program)}`)

describe("compiled code that comes and goes", () => {
  it("is right when it arrives while the program runs, and is flushed or overwritten meanwhile", { timeout }, async () => {
    let compiled = 0
    for (const program of some(5_000_000, { disturb: true, budget: 1000 })) {
      const outcome = await lockstepInTurns(program, limit)
      check(program, outcome)
      compiled += outcome.compiled
    }
    assert.isAbove(compiled, programs * 1000, "too little ran in compiled code for this to prove anything")
  })

  it("is right when there is room for three regions", { timeout }, () => {
    let compiled = 0
    let drops = 0
    for (const program of some(6_000_000, { disturb: false })) {
      const outcome = lockstep(program, limit, { slots: 3 })
      check(program, outcome)
      compiled += outcome.compiled
      drops += outcome.drops
    }
    assert.isAbove(compiled, programs * 1000, "too little ran in compiled code for this to prove anything")
    assert.isAbove(drops, programs, "regions were hardly ever dropped")
  })
})
