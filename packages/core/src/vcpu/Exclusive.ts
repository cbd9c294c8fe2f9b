/**
 * Who executes guest code, and sections in which nobody does. A semaphore holds one permit per vCPU slot: a vCPU in guest code
 * holds one, an exclusive section holds all of them, so 'no vCPU is in guest code' is what the permits say.
 *
 * `withPermits` is not re-entrant and a semaphore serves small requests before a large one that waits, so two things are kept
 * beside it: who owns the section (nested entry by the owner counts), and a gate that holds vCPUs back while one is wanted.
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Semaphore from "effect/Semaphore"
import { ExclusiveError } from "../PluginError.ts"
import { maxVcpus } from "../transitions/vcpu.ts"

/** Guest code and exclusive sections of one process. */
export interface Exclusive {
  /** Around each slice: waits while an exclusive section runs or is wanted. */
  readonly enterGuest: (vcpu: number) => Effect.Effect<void, ExclusiveError>
  readonly leaveGuest: (vcpu: number) => Effect.Effect<void, ExclusiveError>
  /** Waits until no vCPU is in guest code. The vCPU must have left the guest itself; nested calls by the owner count. */
  readonly startExclusive: (vcpu: number) => Effect.Effect<void, ExclusiveError>
  readonly endExclusive: (vcpu: number) => Effect.Effect<void, ExclusiveError>
  /** Runs an effect in an exclusive section of a vCPU, whatever becomes of it. */
  readonly withExclusive: <A, E, R>(vcpu: number, effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | ExclusiveError, R>
  /** The vCPU that runs guest code now (the last one that entered), or -1. */
  readonly running: () => number
  /** The owner of the exclusive section, or undefined. */
  readonly owner: () => number | undefined
}

/**
 * Makes the exclusive sections of a process.
 *
 * @param kick makes the running vCPU leave its slice soon; called when a section is wanted
 */
export const make = (kick: () => void): Exclusive => {
  const permits = Semaphore.makeUnsafe(maxVcpus)
  const gate = Latch.makeUnsafe(true)
  const inGuest = new Set<number>()
  let running = -1
  let owner: number | undefined
  let depth = 0
  let waiting = 0

  const refuse = (vcpu: number, problem: ExclusiveError["problem"]) => Effect.fail(new ExclusiveError({ vcpu, problem }))

  const openGate = () => {
    if (owner === undefined && waiting === 0) gate.openUnsafe()
  }

  const enterGuest = (vcpu: number): Effect.Effect<void, ExclusiveError> =>
    Effect.suspend(() => {
      if (inGuest.has(vcpu)) return refuse(vcpu, "already in guest code")
      if (owner === vcpu) return refuse(vcpu, "owns an exclusive section")
      if (owner !== undefined || waiting > 0) return Effect.andThen(gate.await, enterGuest(vcpu))
      inGuest.add(vcpu)
      running = vcpu
      return permits.take(1)
    })

  const leaveGuest = (vcpu: number): Effect.Effect<void, ExclusiveError> =>
    Effect.suspend(() => {
      if (!inGuest.delete(vcpu)) return refuse(vcpu, "not in guest code")
      if (running === vcpu) running = -1
      return permits.release(1)
    })

  const startExclusive = (vcpu: number): Effect.Effect<void, ExclusiveError> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.suspend(() => {
        if (inGuest.has(vcpu)) return refuse(vcpu, "already in guest code")
        if (owner === vcpu) {
          depth++
          return Effect.void
        }
        waiting++
        gate.closeUnsafe()
        if (inGuest.size > 0) kick()
        return restore(permits.take(maxVcpus)).pipe(
          Effect.onExit((exit) =>
            Effect.sync(() => {
              waiting--
              if (exit._tag === "Success") {
                owner = vcpu
                depth = 1
              } else openGate()
            })
          ),
          Effect.asVoid
        )
      })
    )

  const endExclusive = (vcpu: number): Effect.Effect<void, ExclusiveError> =>
    Effect.uninterruptible(
      Effect.suspend(() => {
        if (owner !== vcpu) return refuse(vcpu, "does not own the exclusive section")
        if (--depth > 0) return Effect.void
        owner = undefined
        // The gate stays shut until the permits are back, so nobody who passed it ever waits for one.
        waiting++
        return Effect.andThen(
          permits.release(maxVcpus),
          Effect.sync(() => {
            waiting--
            openGate()
          })
        )
      })
    )

  return {
    enterGuest,
    leaveGuest,
    startExclusive,
    endExclusive,
    withExclusive: (vcpu, effect) =>
      Effect.acquireUseRelease(
        startExclusive(vcpu),
        () => effect,
        () => Effect.orDie(endExclusive(vcpu))
      ),
    running: () => running,
    owner: () => owner
  }
}
