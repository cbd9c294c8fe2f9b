/**
 * Two engines side by side on one process: the JIT with its cold tier, which the kernel and plugins see, and the reference on a copy of the
 * process's memory. Both run the same short stretches of code; behind each one registers, memory written and callbacks must be
 * the same. What comes from outside happens once: system calls change the JIT's memory, and the copy is made equal before
 * the next stretch; clocks and callbacks are recorded on the JIT's side and played back on the other.
 */
import { type Engine, type Exit, ExitKind } from "../../Engine.ts"
import * as Layout from "../../Layout.ts"
import { type EngineServices, type EngineOptions, make as makeEngine } from "../tiered/TieredEngine.ts"
import { memoryDifference, slotDifferences, type StateDifference } from "./compareStates.ts"
import { describeDifference, EnginesDiffer, type Store } from "./Difference.ts"
import { Misses } from "./Misses.ts"
import { Replay } from "./Replay.ts"
import { Shadow } from "./Shadow.ts"

/** What lockstep needs to know. */
export interface LockstepOptions extends EngineOptions {
  /** Seed of where the engines are compared. */
  readonly seed?: number
  /** Makes the engine to be tested; the JIT where it is left out. */
  readonly makeTested?: (options: EngineOptions) => EngineServices
}

/** Blocks run so often before they are compiled: soon, so that short programs test something. */
const hotThreshold = 100
/** All memory is compared once in so many stretches, and before the kernel may change it. */
const fullCompareOnceIn = 64

const kindNames = Object.keys(ExitKind)
/** Nothing happened: the engine stopped because it was to. */
const isPause = ({ kind }: Exit): boolean => kind === ExitKind.budget || kind === ExitKind.requested

/** Lengths of stretches: many short ones for exact reports, some long ones, in which loops keep their values in locals. */
const lengths = (seed: number): (() => number) => {
  let state = seed
  const random = (n: number) => {
    state = (Math.imul(state, 0x5bd1e995) + 0x3c6ef35f) | 0
    return ((state ^ (state >>> 15)) >>> 0) % n
  }
  return () => 1 + random([16, 100, 1000, 10_000][random(4)]!)
}

const describeExit = ({ address, kind, mapped, store }: Exit): string => {
  const name = kindNames[kind]!
  return kind === ExitKind.memoryFault || kind === ExitKind.alignmentFault || kind === ExitKind.fetchFault
    ? `${name} at 0x${address.toString(16)} (${store ? "store" : "load"}, ${mapped ? "mapped" : "not mapped"})`
    : name
}

/** An engine that is the JIT, checked by the interpreter. `run` throws `EnginesDiffer` where they differ. */
export const make = (options: LockstepOptions): EngineServices => {
  const { frontEnd, state } = options
  const shadow = new Shadow(state)
  const blocks: Array<number> = []
  const stores: Array<Store> = []
  const replay = new Replay(state, shadow.state, frontEnd.globals.length, (pc, address, size) => {
    // where it is in memory, for what is stored to high memory
    const place = state.place(address, size)
    stores.push({ pc, address: place < 0 ? address : place, size })
  })
  replay.onBoard = (start, end) => shadow.copy(start, end)
  const helpers = replay.helpers(frontEnd.helpers)
  const tested = (options.makeTested ?? makeEngine)({
    ...options,
    cold: options.cold === undefined || options.cold === true ? 0 : options.cold,
    jit: { hotThreshold, synchronous: true, ...(typeof options.jit === "object" && options.jit) },
    frontEnd: { ...frontEnd, helpers: helpers.tested }
  })
  const reference = makeEngine({
    state: shadow.state,
    frontEnd: { ...frontEnd, helpers: helpers.reference },
    exactBudget: true,
    ...(options.oneInsnPerTb !== undefined && { oneInsnPerTb: options.oneInsnPerTb }),
    trace: { exec: (_, pc) => blocks.push(pc) }
  })
  reference.codeCache.setInstrumenter((_, tb) => replay.replay(tb))
  reference.codeCache.setFailureListener(() => replay.replaySurvival())

  const misses = new Misses(state, shadow.state, (page) => reference.engine.flushPages(page, page))

  let running = false
  let exitRequested = false
  /** What the reference has to drop once it is where the tested engine dropped it. */
  const pending: Array<(engine: Engine["Service"]) => void> = []
  /** Drops code on both sides. While code runs the stretch ends with it, so that both do it at the same place. */
  const drop = (action: (engine: Engine["Service"]) => void) => {
    action(tested.engine)
    if (running) {
      pending.push(action)
      tested.engine.requestExit()
    } else action(reference.engine)
  }

  const count = (side: typeof state) => side.u64[Layout.CpuSlot.instructions]!
  const nextLength = lengths(options.seed ?? 0)
  let stretches = 0
  /** Pages moved in the last stretch, which cannot be run once more then. */
  let hasMissed = false

  /** Lets the reference run as far as the tested engine came. */
  const follow = (exit: Exit): ReadonlyArray<string> => {
    const behind = Number(count(state) - count(shadow.state))
    // A plugin that fails while a block is translated does so on one side only.
    const pauses = isPause(exit) || replay.hasInstrumenterFailed
    if (pauses && behind === 0) return []
    // What happens at an instruction may happen in the middle of a block: a stop in front of it would begin a new one.
    const own = reference.engine.run(pauses ? behind : behind + 1)
    if (pauses && isPause(own)) return []
    const [a, b] = [describeExit(exit), describeExit(own)]
    return a === b ? [] : [`why it was left: JIT ${a}, interpreter ${b}`]
  }

  const memoryWritten = (): ReadonlyArray<StateDifference> => {
    const found = stores.map(({ address, size }) =>
      memoryDifference(state, shadow.state, address & ~7, (address + size + 7) & ~7)
    )
    return found.filter((difference) => difference !== undefined)
  }

  /** The report where the engines differ behind a stretch. */
  const compare = (length: number, exit: Exit, others: ReadonlyArray<string>): string | undefined => {
    const whole = !isPause(exit) || ++stretches % fullCompareOnceIn === 0
    const differences = [
      ...slotDifferences(state, shadow.state, frontEnd.globals),
      ...memoryWritten(),
      ...replay.boards().map(([start, end]) => memoryDifference(state, shadow.state, start, end))
    ].filter((difference) => difference !== undefined)
    const stray = whole && differences.length === 0 ? shadow.memoryDifference() : undefined
    if (stray !== undefined) differences.push(stray)
    const unmatched = replay.mismatch()
    const texts = unmatched === undefined ? others : [...others, unmatched]
    if (differences.length === 0 && texts.length === 0) return undefined
    const before = count(state) - BigInt(length)
    const vcpu = state.u64[Layout.CpuSlot.vcpuIndex]!
    return describeDifference({ state: shadow.state, frontEnd, before, length, vcpu, blocks, stores }, differences, texts)
  }

  /** The engines agree: keeps what was written, in case they do not behind the next stretch. */
  const keep = () => {
    shadow.keepRegisters()
    for (const { address, size } of stores) shadow.keep(address, size)
    for (const [address, size] of replay.applied) shadow.keep(address, size)
    for (const [start, end] of replay.boards()) shadow.keep(start, end - start)
  }

  /** Runs a stretch on both engines. */
  const stretch = (
    budget: number
  ): { readonly exit: Exit; readonly length: number; readonly report: string | undefined } => {
    blocks.length = 0
    stores.length = 0
    replay.settle()
    const before = count(state)
    running = true
    let exit: Exit
    try {
      exit = misses.watch(() => tested.engine.run(budget))
    } finally {
      running = false
    }
    const length = Number(count(state) - before)
    // A plugin has failed and the run ends, which is what is to be heard of.
    const isFailure = exit.kind === ExitKind.callbackError && replay.hasDeferredFailed
    hasMissed = !misses.isEmpty
    const others = isFailure ? [] : follow(exit)
    misses.settle()
    const report = isFailure ? undefined : compare(length, exit, others)
    for (const action of pending.splice(0)) action(reference.engine)
    return { exit, length, report }
  }

  /**
   * Runs a stretch behind which the engines differed once more, in pieces as short as they can be, for a closer report.
   *
   * @returns undefined where they do not differ then, or where plugins and clocks would be asked once more
   */
  const narrow = (length: number): string | undefined => {
    if (replay.isUnrepeatable || hasMissed) return undefined
    for (let budget = 1; budget < length; budget *= 4) {
      shadow.restore()
      for (let left = length; left > 0;) {
        const { exit, length: ran, report } = stretch(Math.min(budget, left))
        if (report !== undefined) return report
        if (!isPause(exit) || replay.isUnrepeatable) break
        left -= ran
      }
    }
    return undefined
  }

  const run = (budget: number): Exit => {
    shadow.update((page) => reference.engine.flushPages(page, page))
    for (const [start, end] of replay.boards()) shadow.copy(start, end)
    shadow.keepRegisters()
    exitRequested = false
    const start = count(state)
    for (;;) {
      const left = budget - Number(count(state) - start)
      const { exit, length, report } = stretch(Math.min(left, nextLength()))
      if (report !== undefined) throw new EnginesDiffer(narrow(length) ?? report)
      keep()
      const isOver = !isPause(exit) || Number(count(state) - start) >= budget
      if (isOver || exitRequested) return exit
    }
  }

  const { codeCache, engine } = tested
  const requestExit = () => {
    exitRequested = true
    engine.requestExit()
  }
  const flushJumpCache = (vcpu: number) => {
    engine.flushJumpCache(vcpu)
    reference.engine.flushJumpCache(vcpu)
  }
  let onFlush = () => {}
  codeCache.setFlushListener(() => {
    replay.forgetScoreboards()
    // The reference's code has to go at the same place: also where the tested engine's was dropped for want of room.
    if (running) {
      engine.requestExit()
      pending.push((other) => other.flush())
    } else reference.engine.flush()
    onFlush()
  })

  return {
    engine: {
      ...engine,
      name: "lockstep",
      run,
      requestExit,
      flushPages: (first, last) => drop((one) => one.flushPages(first, last)),
      flushWritable: () => drop((one) => one.flushWritable()),
      protect: (first, last, flags) => {
        engine.protect(first, last, flags)
        misses.protect(first, last)
        shadow.protectionsChanged()
      },
      flushJumpCache,
      memoryWritten: (address, length) => replay.memoryWritten(address, length)
    },
    codeCache: {
      ...codeCache,
      requestExit,
      flushJumpCache,
      setFlushListener: (listener) => {
        onFlush = listener
      },
      setScoreboardLookup: (find) => {
        replay.findScoreboard = find
        for (const side of [tested, reference]) side.codeCache.setScoreboardLookup(find)
      },
      setFailureListener: (survives) => codeCache.setFailureListener((failure) => replay.recordSurvival(survives(failure))),
      setInstrumenter: (instrument, isInstrumented) => {
        codeCache.setInstrumenter((vcpu, tb) => replay.record(tb, () => instrument(vcpu, tb)), isInstrumented)
      }
    }
  }
}
