/** Runs a program on both engines and compares them all the way. */
import { difference, eventDifference } from "./compare.ts"
import { assemble } from "./program/assemble.ts"
import type { Program } from "./program/Program.ts"
import { Random } from "./Random.ts"
import { Side } from "./Side.ts"

/** Instructions of a program at most, unless told otherwise. */
const usualLimit = 300_000
/** How often the interpreter is run on until it is where the JIT is: it stops at every event on the way. */
const maxSteps = 100_000

/** How a program went. */
export interface Outcome {
  /** Instructions that both executed. */
  readonly count: number
  /** Regions compiled. */
  readonly regions: number
  /** What the JIT and the interpreter disagreed on, in this order; undefined if nothing. */
  readonly difference: string | undefined
}

/** Runs the interpreter until both have executed equally many instructions and met the same events; false if it cannot. */
const meet = (jit: Side, reference: Side): boolean => {
  for (let i = 0; i < maxSteps; i++) {
    const behind = jit.count - reference.count
    if (behind === 0 && jit.events.length === reference.events.length) return true
    if (behind < 0 || (behind === 0 && reference.events.length > jit.events.length)) return false
    // Where something happened to the JIT, it did so in the middle of a block: a stop in front would begin a new one.
    reference.run(reference.events.length < jit.events.length ? behind + 1 : behind)
  }
  return false
}

/**
 * Runs a program. The interpreter stops at any instruction: where blocks have no callbacks each instruction is a block, which
 * also tests that it makes no difference; elsewhere it has the JIT's blocks, the last one of a run cut.
 *
 * @param limit instructions to execute at most
 */
export const lockstep = (program: Program, limit = usualLimit): Outcome => {
  const image = assemble(program)
  const { plugins, seed } = program
  const singly = plugins?.blocks !== true
  const jit = new Side("jit", image, seed, plugins, { jit: { hotThreshold: program.hotThreshold, synchronous: true } })
  const reference = new Side("interpreter", image, seed, plugins, singly ? { oneInsnPerTb: true } : { exactBudget: true })
  const random = new Random(seed + 1)
  const outcome = (text: string | undefined): Outcome => ({
    count: reference.count,
    regions: jit.regions,
    difference: text
  })
  const failed = (text: string) => outcome(`after ${jit.count} and ${reference.count} instructions: ${text}`)
  while (!jit.finished && jit.count < limit) {
    try {
      jit.run(random.between(1, program.budget))
      if (!meet(jit, reference)) {
        return failed(eventDifference(jit, reference) ?? "the interpreter does not come to where the JIT stopped")
      }
    } catch (error) {
      return failed(error instanceof Error ? (error.stack ?? error.message) : String(error))
    }
    const found = eventDifference(jit, reference) ?? difference(jit, reference, jit.finished || random.oneIn(50))
    if (found !== undefined) return failed(found)
    jit.log.length = 0
    reference.log.length = 0
    if (program.disturb && random.oneIn(6)) {
      const choice = random.word()
      for (const side of [jit, reference]) side.disturb(new Random(choice))
    }
  }
  return outcome(undefined)
}
