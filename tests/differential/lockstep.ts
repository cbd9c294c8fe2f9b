/** Runs a program on both engines and compares them all the way. */
import { difference, eventDifference } from "./compare.ts"
import { assemble } from "./program/assemble.ts"
import type { Program } from "./program/Program.ts"
import { Random } from "./Random.ts"
import { Side } from "./Side.ts"

/** Instructions of a program at most, unless told otherwise. */
const usualLimit = 300_000
/** How often the engines are run in turn until they meet. */
const maxMeetings = 40

/** How a program went. */
export interface Outcome {
  /** Instructions that both executed. */
  readonly count: number
  /** Regions compiled. */
  readonly regions: number
  /** What the JIT and the interpreter disagreed on, in this order; undefined if nothing. */
  readonly difference: string | undefined
}

/**
 * Runs the side that is behind until both have executed equally many instructions and met the same events. Sometimes by more
 * than it is behind: compiled code may stop where two blocks overlap, and then both could overtake each other for ever. (In
 * some loops they do: the interpreter stops only at its head, compiled code only where a block in it begins.)
 */
const meet = (a: Side, b: Side, random: Random): boolean => {
  for (let i = 0; i < maxMeetings; i++) {
    const ahead = a.count - b.count
    const events = a.events.length - b.events.length
    if (ahead === 0 && events === 0) return true
    const further = i < 4 ? 0 : random.below(100)
    if (ahead < 0 || (ahead === 0 && events < 0)) a.run(Math.max(1, further - ahead))
    else b.run(Math.max(1, further + ahead))
  }
  return false
}

/**
 * Runs a program. Where blocks have no callbacks the interpreter executes one instruction per block, so it can stop anywhere;
 * elsewhere both have the same blocks and meet where both stop.
 *
 * @param limit instructions to execute at most
 */
export const lockstep = (program: Program, limit = usualLimit): Outcome => {
  const image = assemble(program)
  const { plugins, seed } = program
  const exact = plugins?.blocks !== true
  const jit = new Side("jit", image, seed, plugins, { jit: { hotThreshold: program.hotThreshold, synchronous: true } })
  const reference = new Side("interpreter", image, seed, plugins, { oneInsnPerTb: exact })
  const random = new Random(seed + 1)
  let apart = 0
  const outcome = (text: string | undefined): Outcome => ({
    count: reference.count,
    regions: jit.regions,
    difference: text
  })
  const failed = (text: string) => outcome(`after ${jit.count} and ${reference.count} instructions: ${text}`)
  while (!jit.finished && jit.count < limit) {
    try {
      jit.run(random.between(1, program.budget))
      if (!meet(jit, reference, random)) {
        const events = eventDifference(jit, reference)
        if (events !== undefined) return failed(events)
        if (exact) return failed("the engines never stop at the same instruction")
        if (++apart > 20) return outcome(undefined)
        continue
      }
    } catch (error) {
      return failed(error instanceof Error ? (error.stack ?? error.message) : String(error))
    }
    apart = 0
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
