/** Clocks and sleeping. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { bad, base, makeFileKernel, out, readOnly } from "../support/fileKernel.ts"

describe("clocks", () => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7, 11])("clock %i goes forward and has a resolution", (clock) => {
    const { call, words } = makeFileKernel()
    assert.strictEqual(call("clock_gettime", clock, out), 0)
    const [seconds, nanoseconds] = words(2) as [number, number]
    assert.strictEqual(call("clock_gettime", clock, out), 0)
    const [later, laterNs] = words(2) as [number, number]
    assert.isAtLeast((later - seconds) * 1e9 + laterNs - nanoseconds, 0)
    assert.isBelow(laterNs, 1e9)
    assert.strictEqual(call("clock_getres", clock, 0), 0)
  })

  it.each([
    ["clock_gettime", [99, out], -Errno.EINVAL],
    ["clock_gettime", [1, bad], -Errno.EFAULT],
    ["clock_getres", [99, 0], -Errno.EINVAL],
    ["clock_settime", [0, base], -Errno.EPERM],
    ["clock_settime", [1, base], -Errno.EINVAL],
    ["gettimeofday", [readOnly, 0], -Errno.EFAULT],
    ["gettimeofday", [0, 0], 0],
    ["getrusage", [2, out], -Errno.EINVAL],
    ["getrusage", [0, bad], -Errno.EFAULT],
    ["times", [bad], -Errno.EFAULT],
    ["nanosleep", [bad, 0], -Errno.EFAULT],
    ["nanosleep", [base, 0], 0],
    ["clock_nanosleep", [3, 0, base, 0], -Errno.EINVAL],
    ["clock_nanosleep", [99, 0, base, 0], -Errno.EINVAL],
    ["clock_nanosleep", [1, 1, base, 0], 0]
  ] as const)("%s %o", (name, args, result) => assert.strictEqual(makeFileKernel().call(name, ...args), result))

  it("gettimeofday and CLOCK_REALTIME agree", () => {
    const { call, words } = makeFileKernel()
    call("gettimeofday", out, 0)
    call("clock_gettime", 0, out + 16)
    const [seconds, microseconds, later, nanoseconds] = words(4) as [number, number, number, number]
    assert.closeTo(seconds + microseconds / 1e6, later + nanoseconds / 1e9, 1)
    assert.closeTo(later, Date.now() / 1000, 2)
  })
})

describe("sleeping", () => {
  it.live("is never short", () =>
    Effect.gen(function* () {
      const { wait, state } = makeFileKernel()
      for (const nanoseconds of [200_000n, 1_500_000n, 3_000_000n]) {
        state.view.setBigInt64(base + 8, nanoseconds, true)
        const start = performance.now()
        assert.strictEqual(yield* wait("nanosleep", base, 0), 0)
        assert.isAtLeast(performance.now() - start, Number(nanoseconds) / 1e6)
      }
    })
  )

  it.live("that a signal ends tells what is left", () =>
    Effect.gen(function* () {
      const { wait, state, words } = makeFileKernel()
      state.view.setBigInt64(base, 100n, true)
      const sleeper = yield* Effect.forkChild(wait("nanosleep", base, out + 64))
      yield* Effect.sleep(5)
      yield* Fiber.interrupt(sleeper)
      const [seconds, nanoseconds] = words(2, out + 64) as [number, number]
      assert.strictEqual(seconds, 99)
      assert.isAbove(nanoseconds, 0)
    })
  )

  it("refuses a billion nanoseconds", () => {
    const { call, state } = makeFileKernel()
    state.view.setBigInt64(base + 8, 1_000_000_000n, true)
    assert.strictEqual(call("nanosleep", base, 0), -Errno.EINVAL)
  })
})
