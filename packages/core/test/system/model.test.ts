import { PluginEvent } from "@emu/core/PluginEvent"
import { assert, describe, it } from "@effect/vitest"
import { Commands } from "../transitions/commands.ts"
import type { Command } from "../transitions/commands.ts"
import { Model } from "../transitions/model.ts"
import { SystemSubject } from "./SystemSubject.ts"

/** Scoreboards need a plugin's API, and only flushes can be fired from outside; the fake memory holds no 64 elements of all sizes. */
const applies = (commands: ReadonlyArray<Command>): ReadonlyArray<Command> => [
  { _tag: "install", outcome: "ok" },
  ...commands.filter((c) => c._tag !== "fire" || c.event === PluginEvent.flush)
]

describe("the plugin system against the mutable model", () => {
  it.prop(
    "agrees on every outcome and every observable: queues, flushes and callbacks included",
    [Commands],
    ([commands]) => {
      const model = new Model()
      const subject = new SystemSubject()
      for (const [i, command] of applies(commands).entries()) {
        const where = `command ${i}: ${JSON.stringify(command)}`
        assert.deepStrictEqual(subject.run(command), model.run(command), where)
        const { flushes: _, ...expected } = model.snapshot()
        assert.deepStrictEqual(subject.snapshot(), expected, where)
      }
    },
    { arbitrary: { runs: 500, size: 80 } }
  )
})
