/** Runs a program on both engines and compares them all the way. */
import type { TierOptions } from "@emu/tcg/engine/tiered/tier"
import type { TranslationCacheShape } from "@emu/tcg/TranslationCache"
import { difference, eventDifference } from "./compare.ts"
import { assemble } from "./program/assemble.ts"
import type { Program } from "./program/Program.ts"
import { Random } from "./Random.ts"
import { Side } from "./Side.ts"

/**
 * Instructions of a program at most, unless told otherwise: many programs find more than long ones, but a few are long.
 */
const usualLimit = ({ seed }: Program): number => (seed % 32 === 0 ? 100_000 : 8000)

/** Every other program runs with baseline code first: there a region is compiled where a run ends. */
const hasBaseline = ({ seed }: Program): boolean => seed % 2 === 1

/** How often the interpreter is run on until it is where the JIT is: it stops at every event on the way. */
const maxSteps = 100_000

/** How a program went. */
export interface Outcome {
  /** Instructions that both executed. */
  readonly count: number
  /** Instructions executed in compiled code. */
  readonly compiled: number
  /** Blocks that another run had translated. */
  readonly kept: number
  /** Regions compiled. */
  readonly regions: number
  /** How often all regions were dropped. */
  readonly drops: number
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
 * also tests that it makes no difference; elsewhere it has the JIT's blocks, the last one of a run cut. Yields between
 * stretches of which both made the same.
 */
const stretches = function* (
  program: Program,
  limit: number,
  tier: TierOptions,
  cache?: TranslationCacheShape
): Generator<void, Outcome> {
  const image = assemble(program)
  const { hotThreshold, plugins, seed } = program
  const singly = plugins?.blocks !== true
  const jit = new Side("jit", image, seed, plugins, { cold: 0, jit: { hotThreshold, ...tier }, ...(cache && { cache }) })
  // Code is not writable here, and comes from nothing that the program has made.
  jit.services.engine.programStarted({ path: "program", isFromFile: () => true })
  const reference = new Side("interpreter", image, seed, plugins, singly ? { oneInsnPerTb: true } : { exactBudget: true })
  const random = new Random(seed + 1)
  const outcome = (text: string | undefined): Outcome => ({
    kept: jit.services.engine.stats().keptBlocks,
    count: reference.count,
    compiled: jit.compiled?.insns ?? 0,
    regions: jit.compiled?.regions ?? 0,
    drops: jit.compiled?.flushes ?? 0,
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
    yield
    if (program.disturb && random.oneIn(6)) {
      const choice = random.word()
      for (const side of [jit, reference]) side.disturb(new Random(choice))
    }
  }
  jit.services.engine.programEnded()
  // Modules that the host still compiles must not come to the next program: it has the same memory.
  jit.services.codeCache.flush()
  return outcome(undefined)
}

/**
 * Runs a program on both engines, hot code being compiled at once.
 *
 * @param limit instructions to execute at most
 * @param tier options of the compiled tier beside the program's own
 */
export const lockstep = (program: Program, limit = usualLimit(program), tier: TierOptions = {}): Outcome => {
  const steps = stretches(program, limit, { synchronous: true, baseline: hasBaseline(program), ...tier })
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** As `lockstep`, twice: the second time with the code that was kept of the first. */
export const lockstepKept = (program: Program, limit = usualLimit(program)): Outcome => {
  const kept = new Map<string, Uint8Array<ArrayBuffer>>()
  const cache: TranslationCacheShape = {
    read: ({ variant }) => kept.get(variant),
    write: ({ variant }, bytes) => void kept.set(variant, bytes),
    reject: () => {
      throw new Error("kept code was rejected")
    }
  }
  for (const isFirst of [true, false]) {
    const steps = stretches(program, limit, { synchronous: true, baseline: hasBaseline(program) }, cache)
    let step = steps.next()
    while (step.done !== true) step = steps.next()
    if (!isFirst || step.value.difference !== undefined) return step.value
  }
  throw new Error("unreachable")
}

/** As `lockstep`, with hot code compiled on the host's other threads: it arrives between two stretches, whichever those are. */
export const lockstepInTurns = async (program: Program, limit = usualLimit(program)): Promise<Outcome> => {
  const random = new Random(program.seed + 2)
  const steps = stretches(program, limit, { synchronous: false, baseline: hasBaseline(program) })
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    if (random.oneIn(3)) await new Promise((resolve) => setTimeout(resolve, random.oneIn(4) ? 2 : 0))
  }
}
