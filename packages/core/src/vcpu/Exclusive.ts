/**
 * Who executes guest code, and sections in which nobody does.
 *
 * Both are brackets: an Effect is handed in, and what it holds is given back whatever becomes of
 * it. Who is inside is a set of vCPUs or one section, changed in single synchronous steps. Two
 * latches let others wait: `gate` is open for vCPUs unless a section runs or is wanted (a busy
 * guest would starve it otherwise), `empty` for sections while neither a vCPU nor a section is
 * inside.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import { ExclusiveError } from "../PluginError.ts"

/** Guest code and exclusive sections of one process. */
export interface Exclusive {
  /**
   * Runs a slice of guest code on a vCPU: waits while an exclusive section runs or is wanted, and
   * is out of guest code when the slice has returned or thrown.
   */
  readonly runSlice: <A>(vcpu: number, slice: () => A) => Effect.Effect<A, ExclusiveError>
  /**
   * As `runSlice`, for guest code that has to be waited for: the vCPU is in it until the Effect has
   * ended, failed, or was interrupted.
   */
  readonly inGuest: <A, E, R>(vcpu: number, slice: Effect.Effect<A, E, R>) => Effect.Effect<A, E | ExclusiveError, R>
  /**
   * Runs an effect while no vCPU is in guest code: waits for those that are, and can be interrupted
   * while it waits. A section in a section (of the same fiber, or of one that it has forked) runs
   * at once.
   *
   * @param vcpu the vCPU that asks, or `anyVcpu`; it must not be in guest code itself
   */
  readonly withExclusive: <A, E, R>(vcpu: number, effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | ExclusiveError, R>
  /** The vCPU that runs guest code now (the last one that entered), or -1. */
  readonly running: () => number
  /** Whether an exclusive section runs. */
  readonly isExclusive: () => boolean
}

/**
 * A section that runs. An object of its own for each, so that what was forked in one is told from
 * what is in the next.
 */
interface Section {
  /** How many effects run in it, one in another. */
  depth: number
}

/** The section that a fiber is in, or was forked in. */
const CurrentSection = Context.Reference<Section | undefined>("@emu/core/CurrentSection", { defaultValue: () => undefined })

/**
 * Makes the exclusive sections of a process.
 *
 * @param kick makes the running vCPU leave its slice soon; called when a section is wanted
 */
export const make = (kick: () => void): Exclusive => {
  const gate = Latch.makeUnsafe(true)
  const empty = Latch.makeUnsafe(true)
  const inside = new Set<number>()
  let running = -1
  let section: Section | undefined
  let waiting = 0

  const refuse = (vcpu: number, problem: ExclusiveError["problem"]) => Effect.fail(new ExclusiveError({ vcpu, problem }))

  const isInSection = () => section !== undefined && Fiber.getCurrent()?.getRef(CurrentSection) === section

  /** Lets in whom nothing holds back any more: sections first. */
  const openLatches = (): void => {
    if (section === undefined && inside.size === 0) empty.openUnsafe()
    if (section === undefined && waiting === 0) gate.openUnsafe()
  }

  /** What keeps a vCPU out of guest code for good, or undefined. */
  const refusal = (vcpu: number) => {
    if (inside.has(vcpu)) return refuse(vcpu, "already in guest code")
    return isInSection() ? refuse(vcpu, "is in an exclusive section") : undefined
  }

  const enterGuest = (vcpu: number): void => {
    inside.add(vcpu)
    running = vcpu
    empty.closeUnsafe()
  }

  const leaveGuest = (vcpu: number): void => {
    inside.delete(vcpu)
    if (running === vcpu) running = -1
    openLatches()
  }

  const runSlice: Exclusive["runSlice"] = (vcpu, slice) =>
    Effect.suspend(() => {
      const refused = refusal(vcpu)
      if (refused !== undefined) return refused
      if (!gate.isOpen()) return Effect.andThen(gate.await, runSlice(vcpu, slice))
      enterGuest(vcpu)
      try {
        return Effect.succeed(slice())
      } finally {
        leaveGuest(vcpu)
      }
    })

  const inGuest: Exclusive["inGuest"] = <A, E, R>(vcpu: number, slice: Effect.Effect<A, E, R>) =>
    Effect.uninterruptibleMask((restore) => {
      const leave = Effect.sync(() => leaveGuest(vcpu))
      const enter: Effect.Effect<A, E | ExclusiveError, R> = Effect.suspend(() => {
        const refused = refusal(vcpu)
        if (refused !== undefined) return refused
        if (!gate.isOpen()) return Effect.andThen(restore(gate.await), enter)
        enterGuest(vcpu)
        return Effect.onExit(restore(slice), () => leave)
      })
      return enter
    })

  const withExclusive: Exclusive["withExclusive"] = <A, E, R>(vcpu: number, effect: Effect.Effect<A, E, R>) =>
    Effect.uninterruptibleMask((restore) => {
      const giveUp = Effect.sync(() => {
        waiting--
        openLatches()
      })
      const enter: Effect.Effect<A, E, R> = Effect.suspend(() => {
        if (!empty.isOpen()) {
          return Effect.andThen(
            Effect.onError(restore(empty.await), () => giveUp),
            enter
          )
        }
        waiting--
        section = { depth: 0 }
        empty.closeUnsafe()
        return inSection(section, Effect.provideService(restore(effect), CurrentSection, section))
      })
      return Effect.suspend((): Effect.Effect<A, E | ExclusiveError, R> => {
        if (inside.has(vcpu)) return refuse(vcpu, "already in guest code")
        if (section !== undefined && isInSection()) return inSection(section, restore(effect))
        waiting++
        gate.closeUnsafe()
        if (inside.size > 0) kick()
        return enter
      })
    })

  const inSection = <A, E, R>(mine: Section, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
    mine.depth++
    const leave = Effect.sync(() => {
      if (--mine.depth > 0) return
      section = undefined
      openLatches()
    })
    return Effect.onExit(effect, () => leave)
  }

  return { runSlice, inGuest, withExclusive, running: () => running, isExclusive: () => section !== undefined }
}
