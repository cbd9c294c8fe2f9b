/** Installing: reference section 2 (load order, install failure). */
import { make, PluginInstallFailure } from "@emu/core/Plugin"
import * as PluginOptions from "@emu/core/PluginOptions"
import { eventMask } from "@emu/core/PluginState"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { installBare, plugin, withSystem } from "../fakes.ts"

describe("install", () => {
  it.effect("hands over the API, the decoded options and the target", () =>
    withSystem((system) =>
      Effect.gen(function* () {
        const seen: Array<unknown> = []
        const counter = make({
          name: "counter",
          help: "for a test",
          options: PluginOptions.struct({ limit: PluginOptions.integer({ description: "rows", default: 20 }) }),
          install: (api, options, info) => Effect.sync(() => void seen.push(api.name, options.limit, info.targetName))
        })
        const id = yield* system.install(counter, [["limit", "3"]])
        assert.deepStrictEqual(seen, ["counter", 3, "riscv64"])
        assert.deepStrictEqual(system.state().plugins[0]?.args, [["limit", "3"]])
        assert.strictEqual(system.state().plugins[0]?.id, id)
        const error = yield* Effect.flip(system.install(counter, [["limit", "x"]]))
        assert.strictEqual(error._tag, "PluginOptionError")
        assert.strictEqual(system.state().plugins.length, 1)
      })
    )
  )

  it.effect("is loaded twice as two plugins with options of their own", () =>
    withSystem((system) =>
      Effect.gen(function* () {
        yield* installBare(system, "p")
        yield* installBare(system, "p")
        assert.deepStrictEqual(
          system.state().plugins.map((p) => p.id),
          [1n, 2n]
        )
      })
    )
  )

  it.effect("that fails, dies, throws, or uninstalls itself leaves nothing behind", () =>
    withSystem((system) =>
      Effect.gen(function* () {
        const boom = new Error("boom")
        const tags: Array<string> = []
        const endings = [
          Effect.fail(new PluginInstallFailure({ message: "wrong target" })),
          Effect.die(boom),
          Effect.suspend((): Effect.Effect<void> => {
            throw boom
          })
        ]
        for (const ending of endings) {
          const bad = plugin("bad", (api) =>
            Effect.andThen(
              api.onAtExit(() => undefined),
              ending
            )
          )
          tags.push((yield* Effect.flip(system.install(bad, [])))._tag)
        }
        const suicidal = plugin("bad", (api) =>
          Effect.andThen(
            api.onFlush(() => undefined),
            api.uninstall()
          )
        )
        tags.push((yield* Effect.flip(system.install(suicidal, [])))._tag)
        const expected = ["PluginInstallFailure", "PluginCallbackError", "PluginCallbackError", "UninstallInInstallError"]
        assert.deepStrictEqual(tags, expected)
        assert.deepStrictEqual(system.state().plugins, [])
        assert.strictEqual(eventMask(system.state()), 0)
      })
    )
  )

  it.effect("may reset itself, at once as no vCPU runs yet", () =>
    withSystem((system, { log }) =>
      Effect.gen(function* () {
        const resetting = plugin("p", (api) =>
          Effect.gen(function* () {
            yield* api.onAtExit(() => void log.push("atexit"))
            yield* api.reset(() => void log.push("reset done"))
          })
        )
        yield* system.install(resetting, [])
        assert.deepStrictEqual(log, ["cache flush", "reset done"])
        assert.strictEqual(eventMask(system.state()), 0)
        assert.strictEqual(system.state().plugins[0]?.phase, "loaded")
      })
    )
  )
})
