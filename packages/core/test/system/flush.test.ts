/** Flushes in flushes: what onFlush handlers ask for. */
import { CallbackFlags } from "@emu/core/Instrumentation"
import type { PluginApi } from "@emu/core/PluginApi"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { installBare, withSystem } from "../fakes.ts"

const ask: ReadonlyArray<readonly [string, (api: PluginApi) => Effect.Effect<void, unknown>]> = [
  ["frees a scoreboard", (api) => Effect.flatMap(api.scoreboardNew(8), api.scoreboardFree)],
  ["registers for translation", (api) => api.onTbTrans(() => undefined)],
  ["is reset", (api) => api.reset()]
]

describe("a handler of onFlush that", () => {
  it.effect.each(ask)("%s is not called again for that", ([, use]) =>
    withSystem((system, { engine, log }) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        yield* system.vcpuInit(0)
        yield* api.onFlush(() => {
          log.push("flush")
          Effect.runSync(use(api))
        })
        log.length = 0
        engine.flushed()
        assert.deepStrictEqual(
          log.filter((line) => line !== "kick"),
          ["flush"]
        )
      })
    )
  )

  it.effect("frees a scoreboard gives its bytes back: no code was left", () =>
    withSystem((system, { arena, engine }) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        const board = yield* api.scoreboardNew(8)
        const place = engine.scoreboard(board).byteOffset
        let isFreed = false
        yield* api.onFlush(() => {
          if (!isFreed) api.runSync(api.scoreboardFree(board))
          isFreed = true
        })
        engine.flushed()
        assert.strictEqual(arena.allocate(8), place)
      })
    )
  )

  it.effect("returns an Effect that asks for a flush does not hear that one; others do", () =>
    withSystem((system, { engine, log }) =>
      Effect.gen(function* () {
        const other = yield* installBare(system, "other")
        const api = yield* installBare(system, "p")
        yield* system.vcpuInit(0)
        yield* other.onFlush(() => void log.push("other"))
        yield* api.onFlush(() => {
          log.push("flush")
          return Effect.orDie(Effect.flatMap(api.scoreboardNew(8), api.scoreboardFree))
        })
        log.length = 0
        engine.flushed()
        yield* system.drain(0)
        assert.isFalse(system.hasWork(0))
        assert.deepStrictEqual(
          log.filter((line) => !/^(kick|jump|cache)/.test(line)),
          ["flush", "other", "other"]
        )
        engine.flushed()
        assert.strictEqual(log.filter((line) => line === "flush").length, 2)
      })
    )
  )

  it.effect("throws leaves the next flush as it is", () =>
    withSystem((system, { engine }) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        let calls = 0
        yield* api.onFlush(() => {
          calls++
          throw new Error("boom")
        })
        engine.flushed()
        engine.flushed()
        assert.strictEqual(calls, 2)
        assert.strictEqual(system.scope.flags, CallbackFlags.noRegs)
      })
    )
  )
})
