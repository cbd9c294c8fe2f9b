/** vCPUs that stay in guest code while a test does something else. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"

/** Lets every fiber that can go on do so. */
export const settle = Effect.gen(function* () {
  for (let i = 0; i < 20; i++) yield* Effect.yieldNow
})

/** Lets a vCPU enter guest code; gives the effect that lets it leave. */
export const hold = <E>(
  { inGuest }: { readonly inGuest: (vcpu: number, slice: Effect.Effect<void>) => Effect.Effect<void, E> },
  vcpu: number
) =>
  Effect.gen(function* () {
    const latch = Latch.makeUnsafe(false)
    const entered = Latch.makeUnsafe(false)
    const fiber = yield* Effect.forkChild(inGuest(vcpu, Effect.andThen(entered.open, latch.await)))
    yield* entered.await
    return latch.open.pipe(Effect.andThen(Fiber.join(fiber)), Effect.andThen(settle))
  })
