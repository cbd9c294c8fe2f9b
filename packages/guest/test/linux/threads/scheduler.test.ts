/** Turns: their order, and whose registers are loaded. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Scheduler } from "@emu/guest/linux/threads/Scheduler"
import { Thread } from "@emu/guest/linux/threads/Thread"
import { makeGuestMemory, makeState } from "../support/kernel.ts"

const state = makeState()
const guestMemory = makeGuestMemory(state)
const register = 10

/** A thread that notes its name at each of its turns, and counts in its register. */
const taker = (scheduler: Scheduler, name: string, tid: number, turns: number, log: Array<string>) =>
  Effect.gen(function* () {
    const thread = new Thread(1, tid, tid, name, guestMemory)
    yield* scheduler.acquire(thread)
    for (let i = 0; i < turns; i++) {
      assert.strictEqual(state.i64[register], BigInt(i))
      log.push(name)
      state.i64[register] = BigInt(i + 1)
      yield* scheduler.rotate(thread)
    }
    scheduler.release()
    return thread
  })

describe("scheduler", () => {
  it.effect("gives turns round robin, each thread with its own registers", () =>
    Effect.gen(function* () {
      const scheduler = new Scheduler()
      const log: Array<string> = []
      const starter = new Thread(1, 9, 9, "starter", guestMemory)
      yield* scheduler.acquire(starter)
      const fibers = yield* Effect.forEach(["a", "b", "c"], (name, i) =>
        Effect.forkChild(taker(scheduler, name, i, 3, log), { startImmediately: true })
      )
      scheduler.release()
      const threads = yield* Fiber.joinAll(fibers)
      assert.strictEqual(log.join(""), "abcabcabc")
      for (const thread of threads) assert.strictEqual(scheduler.slots(thread)[register], 3n)
    })
  )

  it.effect("gives turns to thousands that release them at once", () =>
    Effect.gen(function* () {
      const scheduler = new Scheduler()
      const starter = new Thread(1, 9, 9, "starter", guestMemory)
      yield* scheduler.acquire(starter)
      let turns = 0
      const once = (tid: number) =>
        Effect.map(scheduler.acquire(new Thread(1, tid, tid, "t", guestMemory)), () => {
          turns++
          scheduler.release()
        })
      const fibers = yield* Effect.forEach(
        Array.from({ length: 5000 }, (_, tid) => tid),
        (tid) => Effect.forkChild(once(tid), { startImmediately: true })
      )
      scheduler.release()
      yield* Fiber.joinAll(fibers)
      assert.strictEqual(turns, 5000)
    })
  )

  it.effect("passes over a thread that gave up waiting", () =>
    Effect.gen(function* () {
      const scheduler = new Scheduler()
      const [first, second, third] = [0, 1, 2].map((tid) => new Thread(1, tid, tid, "t", guestMemory)) as [
        Thread,
        Thread,
        Thread
      ]
      yield* scheduler.acquire(first)
      const gaveUp = yield* Effect.forkChild(scheduler.acquire(second), { startImmediately: true })
      const waits = yield* Effect.forkChild(scheduler.acquire(third), { startImmediately: true })
      yield* Fiber.interrupt(gaveUp)
      scheduler.release()
      yield* Fiber.join(waits)
      assert.strictEqual(scheduler.running, third)
      assert.isFalse(scheduler.isContended)
    })
  )
})
