/** ips: how long a vCPU waits, and what time it is for the guest, on a clock that the test moves. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import ips from "@emu/plugins/ips"
import { FakeGuest } from "./support/FakeGuest.ts"

const nops = (count: number) => Array.from({ length: count }, () => ({ disas: "nop" }))

/** Whether the waiting that a guest's plugin has asked for is over after so many milliseconds, and not before. */
const assertWaits = Effect.fnUntraced(function* (guest: FakeGuest, millis: number) {
  const waiting = yield* Effect.forkChild(guest.work())
  yield* TestClock.adjust(millis - 1)
  assert.isUndefined(waiting.pollUnsafe(), `it waited less than ${millis} ms`)
  yield* TestClock.adjust(1)
  assert.isDefined(waiting.pollUnsafe(), `it waited more than ${millis} ms`)
  yield* Fiber.join(waiting)
})

describe("ips", () => {
  it.effect("waits at the end of each quantum until that should be over", () =>
    Effect.gen(function* () {
      const guest = FakeGuest.install(ips, { ips: "1k", ipq: "100" })
      yield* guest.start(0)
      const block = guest.translate(0x1000n, nops(10))
      for (let i = 0; i < 9; i++) block()
      yield* guest.work()
      assert.strictEqual(guest.time, 0n)
      block()
      assert.strictEqual(guest.time, 100_000_000n)
      yield* assertWaits(guest, 100)
      // Half the quantum took time of the host's.
      yield* TestClock.adjust(50)
      for (let i = 0; i < 10; i++) block()
      yield* assertWaits(guest, 50)
      assert.strictEqual(guest.time, 200_000_000n)
    })
  )

  it.effect("waits for all quanta of a long block", () =>
    Effect.gen(function* () {
      const guest = FakeGuest.install(ips, { ips: "1k", ipq: "4" })
      yield* guest.start(0)
      guest.translate(0x1000n, nops(11))()
      assert.strictEqual(guest.time, 8_000_000n)
      yield* assertWaits(guest, 8)
    })
  )

  it.effect("lets a vCPU that was asleep catch up on one quantum only", () =>
    Effect.gen(function* () {
      const guest = FakeGuest.install(ips, { ips: "1k", ipq: "100" })
      yield* guest.start(0)
      const block = guest.translate(0x1000n, nops(100))
      yield* TestClock.adjust(10_000)
      block()
      yield* guest.work()
      block()
      yield* guest.work()
      block()
      yield* assertWaits(guest, 100)
    })
  )

  it.each([
    ["ips", "0"],
    ["ips", "fast"],
    ["ipq", "-1"],
    ["ipq", "1t"]
  ])("refuses %s=%s", (name, value) => {
    assert.throws(() => FakeGuest.install(ips, { [name]: value }), `${name}=${value}: write a number of instructions`)
  })
})
