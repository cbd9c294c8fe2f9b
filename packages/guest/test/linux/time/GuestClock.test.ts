/** Control of time: what the clocks show, who wakes when, and that time never goes back. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { HostClockShape } from "@emu/guest/HostClock"
import { GuestClock } from "@emu/guest/linux/time/GuestClock"

/** A host whose time passes only when a test says so, and whose sleep ends then. */
const makeHost = () => {
  const sleepers = new Set<() => void>()
  let now = 1000n
  const host: HostClockShape = {
    realtime: () => 5_000_000n + now,
    monotonic: () => now,
    cpu: () => ({ user: now / 2n, system: now / 4n }),
    sleep: () =>
      Effect.callback<void>((resume) => {
        const wake = () => resume(Effect.void)
        sleepers.add(wake)
        return Effect.sync(() => sleepers.delete(wake))
      })
  }
  const pass = (nanoseconds: bigint) => {
    now += nanoseconds
    for (const wake of Array.from(sleepers)) wake()
  }
  return { clock: new GuestClock(host), pass }
}

const shown = (clock: GuestClock) => {
  const { system, user } = clock.cpu()
  return [clock.monotonic(), clock.realtime(), user, system]
}

/** Sleeps until a time of the clock, as the kernel does. */
const sleepUntil = (clock: GuestClock, time: bigint): Effect.Effect<void> =>
  Effect.suspend(() => {
    const left = time - clock.monotonic()
    return left <= 0n ? Effect.void : Effect.flatMap(clock.sleep(left), () => sleepUntil(clock, time))
  })

const second = 1_000_000_000n
const turns = Effect.repeat(Effect.yieldNow, { times: 20 })

describe("without control", () => {
  it("clocks are the host's", () => {
    const { clock, pass } = makeHost()
    assert.deepStrictEqual(shown(clock), [1000n, 5_001_000n, 500n, 250n])
    pass(400n)
    assert.deepStrictEqual(shown(clock), [1400n, 5_001_400n, 700n, 350n])
    assert.isFalse(clock.set(1n))
  })
})

describe("under control", () => {
  it("clocks stand still but for what the plugin says, and never go back", () => {
    const { clock, pass } = makeHost()
    clock.take("jump")
    pass(second)
    assert.deepStrictEqual(shown(clock), [1000n, 5_001_000n, 500n, 250n])
    clock.set(10n)
    clock.set(4n)
    assert.deepStrictEqual(shown(clock), [1010n, 5_001_010n, 510n, 250n])
    // given back: on from there, with the host
    clock.release()
    assert.deepStrictEqual(shown(clock), [1010n, 5_001_010n, 510n, 250n])
    pass(100n)
    assert.deepStrictEqual(shown(clock), [1110n, 5_001_110n, 560n, 275n])
    // and taken again
    clock.take("host")
    clock.set(1n)
    assert.deepStrictEqual(shown(clock), [1111n, 5_001_111n, 561n, 275n])
  })

  it.effect("sleepers wake once the plugin has moved time there", () =>
    Effect.gen(function* () {
      const { clock } = makeHost()
      clock.take("jump")
      const woken: Array<string> = []
      const sleep = (name: string, time: bigint) =>
        Effect.andThen(
          sleepUntil(clock, time),
          Effect.sync(() => woken.push(name))
        )
      yield* Effect.forkChild(sleep("late", 1000n + 2n * second))
      yield* Effect.forkChild(sleep("early", 1000n + second))
      yield* turns
      assert.isFalse(clock.set(second - 1n))
      assert.isTrue(clock.set(second))
      assert.isTrue(clock.isDue)
      // nobody is woken before the thread that runs makes room
      yield* turns
      assert.deepStrictEqual(woken, [])
      clock.wakeDue()
      yield* turns
      assert.deepStrictEqual(woken, ["early"])
      assert.isFalse(clock.isDue)
    })
  )

  it.effect("time jumps from sleeper to sleeper while all threads sleep", () =>
    Effect.gen(function* () {
      const { clock } = makeHost()
      clock.take("jump")
      const woken: Array<bigint> = []
      for (const hours of [3n, 1n, 2n]) {
        const sleep = sleepUntil(clock, 1000n + hours * 3600n * second)
        yield* Effect.forkChild(
          Effect.andThen(
            sleep,
            Effect.sync(() => woken.push(hours))
          )
        )
      }
      yield* turns
      assert.deepStrictEqual(woken, [])
      clock.setIdle(true)
      yield* turns
      yield* turns
      yield* turns
      assert.deepStrictEqual(woken, [1n, 2n, 3n])
      assert.strictEqual(clock.monotonic(), 1000n + 3n * 3600n * second)
      // sleep is no work
      assert.strictEqual(clock.cpu().user, 500n)
    })
  )

  it.effect("or passes as the host's, where that was asked for", () =>
    Effect.gen(function* () {
      const { clock, pass } = makeHost()
      clock.take("host")
      const sleeper = yield* Effect.forkChild(sleepUntil(clock, 1000n + second))
      yield* turns
      pass(10n * second)
      yield* turns
      assert.strictEqual(clock.monotonic(), 1000n, "a thread runs")
      clock.setIdle(true)
      yield* turns
      pass(second / 2n)
      yield* turns
      clock.setIdle(false)
      pass(second)
      assert.strictEqual(clock.monotonic(), 1000n + second / 2n)
      clock.setIdle(true)
      yield* turns
      pass(second)
      yield* Fiber.join(sleeper)
      assert.strictEqual(clock.monotonic(), 1000n + (3n * second) / 2n)
    })
  )

  it.effect("that begins or ends is noticed by those who sleep", () =>
    Effect.gen(function* () {
      const { clock, pass } = makeHost()
      const sleeper = yield* Effect.forkChild(sleepUntil(clock, 1000n + second))
      yield* turns
      clock.take("jump")
      yield* turns
      pass(2n * second)
      yield* turns
      assert.isUndefined(sleeper.pollUnsafe())
      clock.release()
      yield* turns
      pass(second)
      yield* Fiber.join(sleeper)
    })
  )
})
