/** Futex queues: who is woken, in which order; the operations of FUTEX_WAKE_OP; time limits. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import * as Clock from "effect/Clock"
import type { HostClockShape } from "@emu/guest/HostClock"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { Futex, wakeOp } from "@emu/guest/linux/threads/Futex"
import { futex } from "@emu/guest/linux/threads/futexCall"
import type { Scheduler } from "@emu/guest/linux/threads/Scheduler"
import { Thread } from "@emu/guest/linux/threads/Thread"
import { Threads } from "@emu/guest/linux/threads/Threads"
import { makeClock } from "@emu/guest/linux/time/Clock"
import { kernelOf, makeGuestMemory, makeSpace, makeState, threadIds, noCpu } from "../support/kernel.ts"

/** Starts waiters named by letters at an address; the letters of those woken, in order, appear in the array. */
const waiters = Effect.fnUntraced(function* (queue: Futex, address: number, names: string, bits = 0xffffffff) {
  const woken: Array<string> = []
  for (const name of names) {
    const wait = queue.wait(address, bits)
    yield* Effect.forkChild(
      Effect.map(wait, () => woken.push(name)),
      { startImmediately: true }
    )
  }
  return woken
})

describe("futex queues", () => {
  it.effect("wake in the order of waiting, as many as asked", () =>
    Effect.gen(function* () {
      const queue = new Futex()
      const woken = yield* waiters(queue, 64, "abcd")
      assert.strictEqual(queue.wake(64, 2), 2)
      yield* Effect.yieldNow
      assert.strictEqual(woken.join(""), "ab")
      assert.strictEqual(queue.wake(64, 100), 2)
      assert.strictEqual(queue.wake(64, 1), 0)
      yield* Effect.yieldNow
      assert.strictEqual(woken.join(""), "abcd")
    })
  )

  it.effect("remember a wake that comes before the fiber waits", () =>
    Effect.gen(function* () {
      const queue = new Futex()
      const wait = queue.wait(64, 1)
      assert.strictEqual(queue.wake(64, 1), 1)
      assert.strictEqual(yield* wait, 0)
    })
  )

  it.effect("wake only waiters with a common bit", () =>
    Effect.gen(function* () {
      const queue = new Futex()
      const odd = yield* waiters(queue, 64, "a", 1)
      const even = yield* waiters(queue, 64, "b", 2)
      assert.strictEqual(queue.wake(64, 10, 2), 1)
      yield* Effect.yieldNow
      assert.deepStrictEqual([odd, even], [[], ["b"]])
    })
  )

  it.effect("move waiters to another address", () =>
    Effect.gen(function* () {
      const queue = new Futex()
      const woken = yield* waiters(queue, 64, "abc")
      assert.strictEqual(queue.requeue(64, 128, 2), 2)
      assert.strictEqual(queue.wake(128, 10), 2)
      yield* Effect.yieldNow
      assert.strictEqual(woken.join(""), "ab")
      assert.strictEqual(queue.wake(64, 10), 1)
    })
  )

  it.effect("forget a waiter that was interrupted, also after it moved", () =>
    Effect.gen(function* () {
      const queue = new Futex()
      const fiber = yield* Effect.forkChild(queue.wait(64, 1), { startImmediately: true })
      queue.requeue(64, 128, 1)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(queue.wake(128, 1), 0)
    })
  )
})

describe("FUTEX_WAKE_OP", () => {
  const encode = (op: number, comparison: number, operand: number, compared: number): number =>
    (op << 28) | (comparison << 24) | ((operand & 0xfff) << 12) | (compared & 0xfff)

  it.each([
    { what: "set, eq", encoded: encode(0, 0, 5, 7), old: 7, value: 5, holds: true },
    { what: "add, ne", encoded: encode(1, 1, -1, 7), old: 7, value: 6, holds: false },
    { what: "or, lt", encoded: encode(2, 2, 8, 8), old: 7, value: 15, holds: true },
    { what: "andn, le", encoded: encode(3, 3, 2, 6), old: 7, value: 5, holds: false },
    { what: "xor, gt", encoded: encode(4, 4, 1, -1), old: 7, value: 6, holds: true },
    { what: "set of a shifted bit, ge", encoded: encode(8, 5, 31, 0), old: 0, value: -2147483648, holds: true },
    { what: "add beyond 32 bits", encoded: encode(1, 0, 1, 0), old: 0x7fffffff, value: -2147483648, holds: false }
  ])("$what", ({ encoded, old, value, holds }) => {
    assert.deepStrictEqual(wakeOp(encoded, old), { value, holds })
  })

  it("knows no other operations", () => {
    assert.strictEqual(wakeOp(encode(5, 0, 0, 0), 0), undefined)
    assert.strictEqual(wakeOp(encode(0, 6, 0, 0), 0), undefined)
  })
})

describe("the futex call", () => {
  const state = makeState()
  const { space } = makeSpace(state)
  space.map(0x10000, 0x11000, { prot: 3 })
  const word = 0x10000
  const timeout = 0x10100

  /** A kernel whose clocks are the test's. */
  const setUp = Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const now = (): bigint => clock.currentTimeNanosUnsafe()
    const host: HostClockShape = {
      realtime: () => 1_000_000_000_000n + now(),
      monotonic: now,
      cpu: () => ({ user: 0n, system: 0n }),
      sleep: (nanoseconds) => Effect.sleep(Number(nanoseconds / 1_000_000n))
    }
    const process = { pid: 1, name: "test" } as ConstructorParameters<typeof Threads>[1]
    const guestMemory = makeGuestMemory(state)
    const threads = new Threads({} as Scheduler, process, threadIds(2), () => undefined)
    return kernelOf({
      state,
      guestMemory,
      time: makeClock(host, noCpu),
      threads,
      thread: new Thread(1, 1, 0, "test", guestMemory)
    })
  })

  const setTimeout = (nanoseconds: bigint): void => {
    state.view.setBigInt64(timeout, nanoseconds / 1_000_000_000n, true)
    state.view.setBigInt64(timeout + 8, nanoseconds % 1_000_000_000n, true)
  }

  it.effect.each([
    { what: "relative, FUTEX_WAIT", op: 0, time: 50_000_000n },
    { what: "absolute on CLOCK_MONOTONIC, FUTEX_WAIT_BITSET", op: 9, time: 50_000_000n },
    { what: "absolute on CLOCK_REALTIME, FUTEX_WAIT_BITSET", op: 9 | 256, time: 1_000_050_000_000n }
  ])("times out: $what", ({ op, time }) =>
    Effect.gen(function* () {
      const kernel = yield* setUp
      setTimeout(time)
      state.view.setInt32(word, 7, true)
      const result = futex(kernel, word, op, 7, timeout, 0, 1)
      assert.isTrue(Effect.isEffect(result))
      if (!Effect.isEffect(result)) return
      const fiber = yield* Effect.forkChild(result, { startImmediately: true })
      yield* TestClock.adjust("49 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* Fiber.join(fiber), -Errno.ETIMEDOUT)
      assert.strictEqual(kernel.guestMemory.futex.wake(word, 1), 0)
    })
  )

  it.effect.each([
    { what: "another value", address: word, op: 0, value: 8, errno: Errno.EAGAIN },
    { what: "an unaligned address", address: word + 1, op: 0, value: 7, errno: Errno.EINVAL },
    { what: "an unmapped address", address: 0x900000, op: 0, value: 7, errno: Errno.EFAULT },
    { what: "no bits", address: word, op: 9, value: 7, errno: Errno.EINVAL },
    { what: "priority inheritance", address: word, op: 6, value: 7, errno: Errno.ENOSYS }
  ])("refuses $what", ({ address, op, value, errno }) =>
    Effect.gen(function* () {
      const kernel = yield* setUp
      state.view.setInt32(word, 7, true)
      assert.strictEqual(futex(kernel, address, op, value, 0, 0, 0), -errno)
    })
  )
})
