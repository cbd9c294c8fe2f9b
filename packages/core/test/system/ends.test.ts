/** Failures and exits out of every entry point, with traces, detaching and the host's requests among them: against a model. */
import { assert, describe, it } from "@effect/vitest"
import { Scenario } from "./ends/commands.ts"
import { EndsSubject } from "./ends/EndsSubject.ts"
import { Model } from "./ends/model.ts"

describe("plugins that fail or exit wherever they are called", () => {
  it.prop(
    "lead to what the model predicts: outcomes, callbacks, plugins, vCPUs, traces",
    [Scenario],
    ([{ commands, onError, plugins }]) => {
      const model = new Model(onError)
      const subject = new EndsSubject(onError)
      for (const [i, command] of [...plugins.map((how) => ({ _tag: "install", how }) as const), ...commands].entries()) {
        const where = `command ${i}: ${JSON.stringify(command)} (${onError})`
        assert.strictEqual(subject.run(command), model.run(command), where)
        assert.deepStrictEqual(subject.snapshot(), model.snapshot(), where)
      }
    },
    { arbitrary: { runs: 500, size: 80 }, timeout: 60_000 }
  )
})
