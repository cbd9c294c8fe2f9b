/** Guest code and exclusive sections: reference section 3, `start_exclusive`. */
import * as Exclusive from "@emu/core/vcpu/Exclusive"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Schema from "effect/Schema"
import { hold, settle } from "../hold.ts"

const make = () => {
  const kicks: Array<true> = []
  return { kicks, exclusive: Exclusive.make(() => kicks.push(true)) }
}

const problem = <A>(effect: Effect.Effect<A, { readonly problem: string }>) =>
  Effect.map(Effect.flip(effect), (e) => e.problem)

describe("exclusive sections", () => {
  it.effect("wait until every vCPU has left the guest, and kick those inside", () =>
    Effect.gen(function* () {
      const { exclusive, kicks } = make()
      const leave0 = yield* hold(exclusive, 0)
      const leave1 = yield* hold(exclusive, 1)
      const fiber = yield* Effect.forkChild(exclusive.withExclusive(2, Effect.sync(exclusive.isExclusive)))
      yield* settle
      assert.strictEqual(kicks.length, 1)
      yield* leave0
      assert.isFalse(exclusive.isExclusive())
      assert.isUndefined(fiber.pollUnsafe())
      yield* leave1
      assert.isTrue(yield* Fiber.join(fiber))
      assert.isFalse(exclusive.isExclusive())
    })
  )

  it.effect("cost no kick where nobody is in the guest", () =>
    Effect.gen(function* () {
      const { exclusive, kicks } = make()
      yield* exclusive.withExclusive(0, Effect.void)
      assert.deepStrictEqual(kicks, [])
    })
  )

  it.effect("hold vCPUs back from the moment they are wanted, so that they are not starved", () =>
    Effect.gen(function* () {
      const { exclusive } = make()
      const order: Array<string> = []
      const say = (what: string) => Effect.sync(() => void order.push(what))
      const end = Latch.makeUnsafe(false)
      const leave0 = yield* hold(exclusive, 0)
      const leave1 = yield* hold(exclusive, 1)
      yield* Effect.forkChild(exclusive.withExclusive(9, Effect.andThen(say("exclusive"), end.await)))
      yield* settle
      yield* leave0
      yield* Effect.forkChild(exclusive.inGuest(0, say("guest 0")))
      yield* settle
      assert.deepStrictEqual(order, [])
      yield* leave1
      assert.deepStrictEqual(order, ["exclusive"])
      yield* end.open
      yield* settle
      assert.deepStrictEqual(order, ["exclusive", "guest 0"])
    })
  )

  it.effect("run at once in a section, also in what was forked in it, and end with the last one", () =>
    Effect.gen(function* () {
      const { exclusive } = make()
      const latch = Latch.makeUnsafe(false)
      const forked = yield* exclusive.withExclusive(
        0,
        Effect.gen(function* () {
          yield* exclusive.withExclusive(0, exclusive.withExclusive(0, Effect.void))
          assert.isTrue(exclusive.isExclusive())
          return yield* Effect.forkDetach(exclusive.withExclusive(0, latch.await), { startImmediately: true })
        })
      )
      assert.isTrue(exclusive.isExclusive())
      yield* latch.open
      yield* Fiber.join(forked)
      assert.isFalse(exclusive.isExclusive())
      yield* exclusive.inGuest(0, Effect.void)
    })
  )

  it.effect("keep out another fiber of the same vCPU", () =>
    Effect.gen(function* () {
      const { exclusive } = make()
      let inside = 0
      const section = exclusive.withExclusive(
        1,
        Effect.gen(function* () {
          assert.strictEqual(++inside, 1)
          yield* Effect.yieldNow
          inside--
        })
      )
      const fibers = yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(section))
      yield* Effect.forEach(fibers, Fiber.join)
      assert.strictEqual(inside, 0)
    })
  )

  it.effect("do not let in what was forked in one that is over", () =>
    Effect.gen(function* () {
      const { exclusive } = make()
      const latch = Latch.makeUnsafe(false)
      let inside = 0
      const enter = exclusive.withExclusive(
        0,
        Effect.sync(() => assert.strictEqual(inside, 0))
      )
      const late = yield* exclusive.withExclusive(0, Effect.forkDetach(Effect.andThen(latch.await, enter)))
      yield* exclusive.withExclusive(
        0,
        Effect.gen(function* () {
          inside++
          yield* latch.open
          yield* settle
          inside--
        })
      )
      yield* Fiber.join(late)
    })
  )

  it.effect("end whatever becomes of what runs in them, and so does guest code", () =>
    Effect.gen(function* () {
      const { exclusive } = make()
      const endings = [Effect.fail("boom"), Effect.die("boom"), Effect.interrupt]
      for (const ending of endings) {
        assert.isTrue(Exit.isFailure(yield* Effect.exit(exclusive.withExclusive(0, ending))))
        assert.isFalse(exclusive.isExclusive())
        assert.isTrue(Exit.isFailure(yield* Effect.exit(exclusive.inGuest(0, ending))))
        assert.strictEqual(exclusive.running(), -1)
      }
      const throws = () => {
        assert.strictEqual(exclusive.running(), 0)
        throw new Error("boom")
      }
      assert.isTrue(Exit.isFailure(yield* Effect.exit(exclusive.runSlice(0, throws))))
      assert.strictEqual(exclusive.running(), -1)
      assert.strictEqual(yield* exclusive.runSlice(0, () => 3), 3)
      yield* exclusive.inGuest(0, Effect.void)
    })
  )

  it.effect("can be interrupted while they wait, and then hold nobody back", () =>
    Effect.gen(function* () {
      const { exclusive } = make()
      const leave = yield* hold(exclusive, 0)
      const fiber = yield* Effect.forkChild(exclusive.withExclusive(1, Effect.void))
      yield* settle
      const interrupted = yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* settle
      assert.isDefined(interrupted.pollUnsafe(), "the interruption waits for the section")
      yield* exclusive.inGuest(1, Effect.void)
      yield* leave
      yield* exclusive.withExclusive(1, Effect.void)
    })
  )

  it.effect("refuse what is out of order, each with its problem", () =>
    Effect.gen(function* () {
      const { exclusive } = make()
      const slice = exclusive.inGuest(0, Effect.void)
      const section = exclusive.withExclusive(0, Effect.void)
      assert.strictEqual(yield* problem(exclusive.inGuest(0, slice)), "already in guest code")
      assert.strictEqual(yield* problem(exclusive.inGuest(0, section)), "already in guest code")
      assert.strictEqual(yield* problem(exclusive.withExclusive(0, slice)), "is in an exclusive section")
      const plain = exclusive.runSlice(0, () => 1)
      assert.strictEqual(yield* problem(exclusive.inGuest(0, plain)), "already in guest code")
      assert.strictEqual(yield* problem(exclusive.withExclusive(0, plain)), "is in an exclusive section")
    })
  )

  const step = Schema.Literals([
    "slice",
    "plain slice",
    "failing slice",
    "exclusive",
    "nested",
    "failing section",
    "interrupted slice",
    "interrupted section",
    "yield"
  ])
  const program = Schema.Array(step)
  it.effect.prop(
    "never overlap guest code, and never deadlock, whatever the vCPUs do, fail with, and are interrupted in",
    [Schema.Array(program)],
    ([programs]) =>
      Effect.gen(function* () {
        const { exclusive } = make()
        let inGuest = 0
        let inSection = 0
        const slice = (vcpu: number) =>
          exclusive.inGuest(
            vcpu,
            Effect.gen(function* () {
              inGuest++
              assert.strictEqual(inSection, 0)
              yield* Effect.yieldNow
              assert.strictEqual(inSection, 0)
            }).pipe(Effect.ensuring(Effect.sync(() => inGuest--)))
          )
        const section = (vcpu: number, nested: boolean): Effect.Effect<void, unknown> =>
          exclusive.withExclusive(
            vcpu,
            Effect.gen(function* () {
              assert.strictEqual(inGuest, 0)
              assert.isAtMost(++inSection, 2)
              if (nested) yield* section(vcpu, false)
              yield* Effect.yieldNow
              assert.strictEqual(inGuest, 0)
            }).pipe(Effect.ensuring(Effect.sync(() => inSection--)))
          )
        const failing = (effect: Effect.Effect<void, unknown>) => Effect.ignore(Effect.andThen(effect, Effect.fail("boom")))
        const interrupted = (effect: Effect.Effect<void, unknown>) =>
          Effect.gen(function* () {
            const fiber = yield* Effect.forkChild(Effect.orDie(effect), { startImmediately: true })
            yield* Effect.yieldNow
            yield* Fiber.interrupt(fiber)
          })
        const run = (vcpu: number) => (what: typeof step.Type) => {
          switch (what) {
            case "yield":
              return Effect.yieldNow
            case "slice":
              return slice(vcpu)
            case "plain slice":
              return exclusive.runSlice(vcpu, () => assert.strictEqual(inSection, 0))
            case "failing slice":
              return failing(exclusive.inGuest(vcpu, Effect.andThen(Effect.yieldNow, Effect.fail("boom"))))
            case "interrupted slice":
              return interrupted(slice(vcpu))
            case "failing section":
              return failing(exclusive.withExclusive(vcpu, Effect.die("boom").pipe(Effect.catchDefect(Effect.fail))))
            case "interrupted section":
              return interrupted(section(vcpu, true))
            default:
              return section(vcpu, what === "nested")
          }
        }
        const vcpus = programs.map((steps, vcpu) => Effect.forEach(steps, run(vcpu), { discard: true }))
        yield* Effect.all(vcpus, { concurrency: "unbounded", discard: true })
        assert.isFalse(exclusive.isExclusive())
        assert.strictEqual(exclusive.running(), -1)
        yield* exclusive.withExclusive(0, Effect.void)
        yield* exclusive.inGuest(0, Effect.void)
      }),
    { arbitrary: { runs: 150, size: 12 }, timeout: 20_000 }
  )
})
