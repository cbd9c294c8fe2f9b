/** Queued work: reference section 3, `async_run_on_cpu` and `process_queued_cpu_work`. */
import { hasWork, retireWork } from "@emu/core/transitions/work"
import { ExitRequest } from "@emu/core/ExitRequest"
import * as Runtime from "@emu/core/system/Runtime"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { makeFakes } from "../fakes.ts"
import { hold } from "../hold.ts"

const broken = new ExitRequest(3)

const make = () => {
  const { log, ports } = makeFakes()
  const runtime = Effect.runSync(Effect.provide(Runtime.make, ports))
  const { exclusive } = runtime
  const work = {
    queue: (vcpu: number, item: Parameters<typeof Runtime.queue>[2]) => Runtime.queue(runtime, vcpu, item),
    hasWork: (vcpu: number) => hasWork(Runtime.stateOf(runtime), vcpu),
    drain: (vcpu: number) => Runtime.drain(runtime, vcpu),
    retire: (vcpu: number) => Runtime.apply(runtime, (state) => [undefined, retireWork(state, vcpu)])
  }
  const queue = (vcpu: number, name: string, isSafe = false) =>
    work.queue(vcpu, {
      isSafe,
      run: Effect.sync(() => void log.push(`${name} ${exclusive.isExclusive() ? "alone" : "shared"}`))
    })
  return { log, exclusive, work, queue }
}

describe("work queues", () => {
  it.effect("kick the vCPU, and run first in, first out, safe work exclusively", () =>
    Effect.gen(function* () {
      const { log, queue, work } = make()
      queue(0, "a")
      queue(0, "b", true)
      queue(0, "c")
      queue(1, "other")
      assert.isTrue(work.hasWork(0))
      yield* work.drain(0)
      assert.isFalse(work.hasWork(0))
      assert.isTrue(work.hasWork(1))
      assert.deepStrictEqual(log, ["kick", "kick", "kick", "kick", "a shared", "b alone", "c shared"])
    })
  )

  it.effect("run what is queued meanwhile as well", () =>
    Effect.gen(function* () {
      const { log, queue, work } = make()
      work.queue(0, { isSafe: false, run: Effect.sync(() => queue(0, "late")) })
      yield* work.drain(0)
      assert.deepStrictEqual(log, ["kick", "kick", "late shared"])
    })
  )

  it.effect("safe work waits for vCPUs in the guest", () =>
    Effect.gen(function* () {
      const { exclusive, log, queue, work } = make()
      const leave = yield* hold(exclusive, 1)
      queue(0, "safe", true)
      const fiber = yield* Effect.forkChild(work.drain(0))
      yield* Effect.yieldNow
      assert.notInclude(log, "safe alone")
      yield* leave
      yield* Fiber.join(fiber)
      assert.include(log, "safe alone")
    })
  )

  it.effect("stop at a failure and keep the rest", () =>
    Effect.gen(function* () {
      const { log, queue, work } = make()
      work.queue(0, { isSafe: false, run: Effect.fail(broken) })
      queue(0, "rest")
      assert.strictEqual(yield* Effect.flip(work.drain(0)), broken)
      yield* work.drain(0)
      assert.include(log, "rest shared")
    })
  )

  it.effect("cost no more each where they are many", () =>
    Effect.gen(function* () {
      const { log, queue, work } = make()
      const many = 20_000
      for (let i = 0; i < many; i++) queue(0, "a")
      yield* work.drain(0)
      assert.strictEqual(log.filter((line) => line === "a shared").length, many)
    })
  )

  it.effect("a vCPU that ends leaves its work to whichever drains next", () =>
    Effect.gen(function* () {
      const { log, queue, work } = make()
      queue(0, "left")
      work.retire(0)
      assert.isFalse(log.includes("left shared"))
      yield* work.drain(3)
      assert.include(log, "left shared")
    })
  )
})
