/** Exclusive sections: reference section 3, `start_exclusive`, and DESIGN section 5. */
import * as Exclusive from "@emu/core/vcpu/Exclusive"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"

const make = () => {
  const kicks: Array<true> = []
  return { kicks, exclusive: Exclusive.make(() => kicks.push(true)) }
}

/** Lets every fiber that can go on do so. */
const settle = Effect.gen(function* () {
  for (let i = 0; i < 20; i++) yield* Effect.yieldNow
})

const problem = <A>(effect: Effect.Effect<A, { readonly problem: string }>) =>
  Effect.map(Effect.flip(effect), (e) => e.problem)

describe("exclusive sections", () => {
  it.effect("wait until every vCPU has left the guest, and kick those inside", () =>
    Effect.gen(function* () {
      const { exclusive, kicks } = make()
      yield* exclusive.enterGuest(0)
      yield* exclusive.enterGuest(1)
      const fiber = yield* Effect.forkChild(exclusive.startExclusive(2))
      yield* settle
      assert.strictEqual(kicks.length, 1)
      yield* exclusive.leaveGuest(0)
      yield* settle
      assert.isUndefined(exclusive.owner())
      yield* exclusive.leaveGuest(1)
      yield* Fiber.join(fiber)
      assert.strictEqual(exclusive.owner(), 2)
    })
  )

  it.effect("cost no kick where nobody is in the guest", () =>
    Effect.gen(function* () {
      const { exclusive, kicks } = make()
      yield* exclusive.startExclusive(0)
      assert.deepStrictEqual(kicks, [])
    })
  )

  it.effect("hold vCPUs back from the moment they are wanted, so that they are not starved", () =>
    Effect.gen(function* () {
      const { exclusive } = make()
      const order: Array<string> = []
      yield* exclusive.enterGuest(0)
      yield* exclusive.enterGuest(1)
      yield* Effect.forkChild(Effect.map(exclusive.startExclusive(9), () => order.push("exclusive")))
      yield* settle
      yield* exclusive.leaveGuest(0)
      yield* Effect.forkChild(Effect.map(exclusive.enterGuest(0), () => order.push("guest 0")))
      yield* settle
      assert.deepStrictEqual(order, [])
      yield* exclusive.leaveGuest(1)
      yield* settle
      assert.deepStrictEqual(order, ["exclusive"])
      yield* exclusive.endExclusive(9)
      yield* settle
      assert.deepStrictEqual(order, ["exclusive", "guest 0"])
    })
  )

  it.effect("count when their owner nests them", () =>
    Effect.gen(function* () {
      const { exclusive } = make()
      yield* exclusive.startExclusive(0)
      yield* exclusive.withExclusive(0, exclusive.startExclusive(0))
      yield* exclusive.endExclusive(0)
      assert.strictEqual(exclusive.owner(), 0)
      yield* exclusive.endExclusive(0)
      assert.isUndefined(exclusive.owner())
      yield* exclusive.enterGuest(0)
    })
  )

  it.effect("end whatever becomes of what runs in them", () =>
    Effect.gen(function* () {
      const { exclusive } = make()
      const exit = yield* Effect.exit(exclusive.withExclusive(0, Effect.fail("boom")))
      assert.isTrue(Exit.isFailure(exit))
      yield* exclusive.enterGuest(0)
    })
  )

  it.effect("give up their place when interrupted while they wait", () =>
    Effect.gen(function* () {
      const { exclusive } = make()
      yield* exclusive.enterGuest(0)
      const fiber = yield* Effect.forkChild(exclusive.startExclusive(1))
      yield* settle
      yield* Fiber.interrupt(fiber)
      yield* exclusive.enterGuest(1)
      yield* exclusive.leaveGuest(0)
      yield* exclusive.leaveGuest(1)
      yield* exclusive.startExclusive(1)
    })
  )

  it.effect("refuse what is out of order, each with its problem", () =>
    Effect.gen(function* () {
      const { exclusive } = make()
      assert.strictEqual(yield* problem(exclusive.leaveGuest(0)), "not in guest code")
      assert.strictEqual(yield* problem(exclusive.endExclusive(0)), "does not own the exclusive section")
      yield* exclusive.enterGuest(0)
      assert.strictEqual(yield* problem(exclusive.enterGuest(0)), "already in guest code")
      assert.strictEqual(yield* problem(exclusive.startExclusive(0)), "already in guest code")
      yield* exclusive.leaveGuest(0)
      yield* exclusive.startExclusive(0)
      assert.strictEqual(yield* problem(exclusive.enterGuest(0)), "owns an exclusive section")
      assert.strictEqual(yield* problem(exclusive.endExclusive(1)), "does not own the exclusive section")
    })
  )

  const step = Schema.Literals(["slice", "exclusive", "nested", "yield"])
  const program = Schema.Array(step)
  it.effect.prop(
    "never overlap guest code, and never deadlock, whatever the vCPUs do",
    [Schema.Array(program)],
    ([programs]) =>
      Effect.gen(function* () {
        const { exclusive } = make()
        let inGuest = 0
        let isExclusive = false
        const slice = (vcpu: number) =>
          Effect.gen(function* () {
            yield* exclusive.enterGuest(vcpu)
            inGuest++
            assert.isFalse(isExclusive)
            yield* Effect.yieldNow
            assert.isFalse(isExclusive)
            inGuest--
            yield* exclusive.leaveGuest(vcpu)
          })
        const section = (vcpu: number, nested: boolean): Effect.Effect<void, unknown> =>
          exclusive.withExclusive(
            vcpu,
            Effect.gen(function* () {
              assert.strictEqual(inGuest, 0)
              isExclusive = true
              if (nested) yield* section(vcpu, false)
              isExclusive = true
              yield* Effect.yieldNow
              assert.strictEqual(inGuest, 0)
              isExclusive = false
            })
          )
        const run = (vcpu: number) => (what: typeof step.Type) =>
          what === "yield" ? Effect.yieldNow : what === "slice" ? slice(vcpu) : section(vcpu, what === "nested")
        const vcpus = programs.map((steps, vcpu) => Effect.forEach(steps, run(vcpu), { discard: true }))
        yield* Effect.all(vcpus, { concurrency: "unbounded", discard: true })
        assert.isUndefined(exclusive.owner())
        assert.strictEqual(exclusive.running(), -1)
      }),
    { arbitrary: { runs: 150, size: 12 }, timeout: 20_000 }
  )
})
