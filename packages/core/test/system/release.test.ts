/** What a plugin holds is let go whichever way it goes, and whatever others do meanwhile. */
import { make, PluginInstallFailure } from "@emu/core/Plugin"
import type { PluginApi } from "@emu/core/PluginApi"
import type { PluginCallbackError } from "@emu/core/PluginError"
import { PluginFailures } from "@emu/core/PluginFailures"
import * as PluginChanges from "@emu/core/PluginChanges"
import { PluginHost } from "@emu/core/PluginHost"
import * as PluginOptions from "@emu/core/PluginOptions"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import { append, installBare, type System, withSystem } from "../fakes.ts"

/** A plugin that holds all that there is to hold: a file, time, a trace, handlers. */
const greedy = (after: (api: PluginApi) => Effect.Effect<void, PluginInstallFailure> = () => Effect.void) => {
  const apis: Array<PluginApi> = []
  const definition = make({
    name: "greedy",
    help: "for a test",
    options: PluginOptions.none,
    install: (api) =>
      Effect.gen(function* () {
        apis.push(api)
        api.openFile("out").write("x")
        api.requestTimeControl()
        yield* api.trace({ onBatch: () => {} })
        yield* api.onTbTrans(() => undefined)
        yield* api.onVcpuIdle(() => {
          throw new Error("boom")
        })
        yield* after(api)
      })
  })
  return { apis, definition }
}

const ways: ReadonlyArray<readonly [string, (system: System, api: PluginApi) => Effect.Effect<unknown, unknown>]> = [
  ["it uninstalls itself", (system, api) => Effect.andThen(api.uninstall(), system.drain(0))],
  ["the host uninstalls it", (system, api) => system.host.uninstall(api.id)],
  ["it fails", (system) => Effect.andThen(system.drain(0), system.vcpuIdle(0))],
  ["it is told to have failed", (system, api) => Effect.sync(() => system.host.fail(api.id, new Error("boom")))]
]

describe("what a plugin holds", () => {
  it.effect.each(ways)("is let go when %s", ([, leave]) =>
    Effect.provideService(
      withSystem((system, { log, open }) =>
        Effect.gen(function* () {
          const { apis, definition } = greedy()
          yield* system.install(definition, [])
          yield* system.vcpuInit(0)
          assert.deepStrictEqual([...open.keys()], ["out"])
          yield* leave(system, apis[0]!)
          assert.deepStrictEqual([...open.keys()], [])
          assert.include(log, "time released")
          const { callbacks, plugins, timeHolder, traces } = system.state()
          assert.deepStrictEqual([plugins.length, callbacks.size, traces.length, timeHolder], [0, 0, 0, undefined])
        })
      ),
      PluginFailures,
      { onError: "detach", report: () => {} }
    )
  )

  it.effect("is let go when its install fails", () =>
    withSystem((system, { open }) =>
      Effect.gen(function* () {
        const { definition } = greedy(() => Effect.fail(new PluginInstallFailure({ message: "no" })))
        yield* Effect.flip(system.install(definition, []))
        assert.deepStrictEqual([...open.keys()], [])
        const { callbacks, plugins, timeHolder, traces } = system.state()
        assert.deepStrictEqual([plugins.length, callbacks.size, traces.length, timeHolder], [0, 0, 0, undefined])
      })
    )
  )
})

describe("a reset and an uninstall are carried out", () => {
  const both = [
    ["reset", "loaded"],
    ["uninstall", undefined]
  ] as const

  it.effect.each(both)("where another plugin's onFlush throws meanwhile: %s", ([what, phase]) =>
    withSystem((system, { log }) =>
      Effect.gen(function* () {
        const other = yield* installBare(system, "other")
        const api = yield* installBare(system, "p")
        yield* system.vcpuInit(0)
        yield* system.drain(0)
        let isBroken = true
        yield* other.onFlush(() => {
          if (isBroken) throw new Error("boom")
        })
        yield* system.drain(0)
        yield* api[what](() => void log.push("done"))
        const error = yield* Effect.flip(system.drain(0))
        assert.include((error as PluginCallbackError).message, "plugin other failed in its flush callback")
        assert.include(log, "done")
        assert.strictEqual(system.state().plugins.find(({ id }) => id === api.id)?.phase, phase)
        isBroken = false
        yield* system.drain(0)
        if (what === "reset") {
          yield* api.reset(() => void log.push("again"))
          yield* system.drain(0)
          assert.include(log, "again")
        }
      })
    )
  )

  it.effect.each(both)("where the plugin's own trace fails: %s", ([what, phase]) =>
    withSystem((system, fakes) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        const trace = yield* api.trace({
          onBatch: () => {
            throw new Error("boom")
          }
        })
        yield* system.vcpuInit(0)
        yield* system.drain(0)
        append(fakes, trace, 1)
        yield* api[what](() => void fakes.log.push("done"))
        yield* Effect.flip(system.drain(0))
        assert.include(fakes.log, "done")
        assert.strictEqual(system.state().plugins[0]?.phase, phase)
      })
    )
  )

  it.effect.each(both)("where done fails: %s", ([what, phase]) =>
    withSystem((system) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        yield* system.vcpuInit(0)
        yield* system.drain(0)
        yield* api[what](() => Effect.die("boom"))
        assert.isTrue(Exit.isFailure(yield* Effect.exit(system.drain(0))))
        assert.strictEqual(system.state().plugins[0]?.phase, phase)
      })
    )
  )
})

describe("the list of plugins", () => {
  it.effect("is a stream of what there is, from now on", () =>
    withSystem((system) =>
      Effect.gen(function* () {
        const { host } = system
        const api = yield* installBare(system, "a")
        yield* api.onSyscall(() => undefined)
        const changes = Stream.provideService(PluginChanges.changes, PluginHost, host)
        const [now] = yield* Stream.runCollect(Stream.take(changes, 1))
        assert.deepStrictEqual(now, host.list())
        const seen: Array<string> = []
        const watching = yield* Effect.forkChild(
          changes.pipe(
            Stream.take(3),
            Stream.runForEach((plugins) =>
              Effect.sync(() => void seen.push(plugins.map(({ events, name }) => `${name} ${events.join()}`).join("; ")))
            )
          ),
          { startImmediately: true }
        )
        yield* api.onSyscall(undefined)
        yield* api.uninstall()
        yield* Effect.yieldNow
        yield* Effect.yieldNow
        watching.interruptUnsafe()
        assert.deepStrictEqual(seen.slice(0, 2), ["a vcpuSyscall", "a "])
      })
    )
  )
})
