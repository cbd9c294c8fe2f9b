/** Registering, replacing and removing in callbacks, reset, uninstall and new instances, in a guest that runs: against a model. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { engines } from "../linux/support/run.ts"
import { Scenario } from "./registration/commands.ts"
import { predict } from "./registration/model.ts"
import { observe } from "./registration/observe.ts"

const known: ReadonlyArray<Scenario> = [
  // compiled code ran a block too many where a callback was for a block as a whole
  {
    installed: [["translate"], ["translate"]],
    deferred: [],
    steps: [
      { after: 5, action: { _tag: "uninstall", plugin: 0 } },
      { after: 20, action: { _tag: "uninstall", plugin: 1 } }
    ]
  }
]

const deferring: ReadonlyArray<Pick<Scenario, "deferred">> = [
  { deferred: [] },
  { deferred: [0] },
  { deferred: [1] },
  { deferred: [0, 1] }
]

describe.each(engines)("plugins that change their registrations while the guest runs, on the $name", ({ engine, name }) => {
  it.effect.prop(
    "hear what the model predicts, callback by callback",
    [Scenario],
    ([scenario]) =>
      Effect.gen(function* () {
        const { lines } = yield* observe(scenario, engine)
        assert.deepStrictEqual(lines, predict(scenario))
      }),
    { arbitrary: { runs: 150, size: 40 }, timeout: 120_000 }
  )

  it.effect.each(known)("as in this scenario, which once went wrong: %j", (scenario) =>
    Effect.gen(function* () {
      const { lines } = yield* observe(scenario, engine)
      assert.deepStrictEqual(lines, predict(scenario))
    })
  )

  it.effect.each(deferring)("from compiled code as well, deferred: $deferred", ({ deferred }) =>
    Effect.gen(function* () {
      const scenario: Scenario = {
        installed: [["translate"], ["exit"]],
        deferred,
        steps: [
          { after: 20, action: { _tag: "register", plugin: 1, event: "translate" } },
          { after: 20, action: { _tag: "uninstall", plugin: 0 } }
        ]
      }
      const { lines, regions } = yield* observe(scenario, engine)
      assert.deepStrictEqual(lines, predict(scenario))
      assert.strictEqual(regions > 0, name === "jit")
    })
  )
})
