/** Turns: their order, and whose registers are loaded. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Scheduler } from "@emu/guest/linux/threads/Scheduler"
import { Thread } from "@emu/guest/linux/threads/Thread"
import { makeState } from "../support/kernel.ts"

const state = makeState()
const register = 10

/** A thread that notes its name at each of its turns, and counts in its register. */
const taker = (scheduler: Scheduler, name: string, tid: number, turns: number, log: Array<string>) =>
  Effect.gen(function* () {
    const thread = new Thread(tid, tid, name)
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
      const scheduler = new Scheduler(state)
      const log: Array<string> = []
      const starter = new Thread(9, 9, "starter")
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

  it.effect("passes over a thread that gave up waiting", () =>
    Effect.gen(function* () {
      const scheduler = new Scheduler(state)
      const [first, second, third] = [0, 1, 2].map((tid) => new Thread(tid, tid, "t")) as [Thread, Thread, Thread]
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
