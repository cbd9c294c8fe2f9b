/** The decisions on QEMU's defects (DESIGN section 5), by their numbers. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HashMap from "effect/HashMap"
import { PluginEvent } from "@emu/core/PluginEvent"
import { block, installBare, withSystem } from "../fakes.ts"
import { hold } from "../hold.ts"

describe("decisions on QEMU's defects", () => {
  it.effect("B1: an unknown plugin id is a typed error", () =>
    withSystem((system) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(system.reset(99n))
        assert.strictEqual(error._tag, "UnknownPluginError")
        const api = yield* installBare(system, "p")
        yield* api.uninstall()
        assert.strictEqual((yield* Effect.flip(api.onFlush(() => undefined)))._tag, "UnknownPluginError")
      })
    )
  )

  it.effect("B2: a late tb_trans handler drops all code, and so does one that replaces another", () =>
    withSystem((system, { log }) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "late")
        yield* system.vcpuInit(0)
        yield* system.drain(0)
        log.length = 0
        yield* api.onTbTrans(() => undefined)
        assert.deepStrictEqual(log, ["kick", "cache flush"])
        assert.isUndefined(system.instrument(0, block(0x1000n, 1)), "deaf until the mask update is delivered")
        yield* system.drain(0)
        assert.isTrue(system.wants(0, PluginEvent.vcpuTbTrans))
        log.length = 0
        yield* api.onTbTrans(() => undefined)
        assert.deepStrictEqual(log, ["cache flush"])
      })
    )
  )

  it.effect("B3: a handler removed while the event is delivered is skipped, one added is not visited", () =>
    withSystem((system) =>
      Effect.gen(function* () {
        const called: Array<string> = []
        const apis = yield* Effect.forEach(["A", "B", "C"], (name) => installBare(system, name))
        const [a, b, c] = apis as [(typeof apis)[0], (typeof apis)[0], (typeof apis)[0]]
        yield* a.onAtExit(() => void called.push("A"))
        yield* b.onAtExit(() => void called.push("B"))
        yield* c.onAtExit(() => {
          called.push("C")
          b.runSync(b.onAtExit(undefined))
          b.runSync(b.onAtExit(() => void called.push("B again")))
          a.runSync(a.onAtExit(() => void called.push("A replaced")))
        })
        yield* system.vcpuInit(0)
        yield* system.userExit(0)
        assert.deepStrictEqual(called, ["C", "A replaced"])
      })
    )
  )

  it.effect("B4: growth waits for the exclusive section before it touches the state, then changes all at once", () =>
    withSystem((system) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        const board = yield* api.scoreboardNew(8)
        yield* system.vcpuInit(0)
        api.u64Set(api.u64(board), 0, 7n)
        const leave = yield* hold(system, 0)
        const fiber = yield* Effect.forkChild(system.vcpuInit(16))
        yield* Effect.yieldNow
        assert.strictEqual(system.state().scoreboardSize, 16)
        assert.strictEqual(system.state().numVcpus, 1)
        yield* leave
        yield* Effect.yieldNow
        const exit = yield* Effect.exit(Effect.timeout(Fiber.join(fiber), "1 second"))
        assert.strictEqual(exit._tag, "Success")
        assert.strictEqual(system.state().scoreboardSize, 32)
        assert.strictEqual(HashMap.getUnsafe(system.state().scoreboards, board).capacity, 32)
        assert.strictEqual(api.u64Get(api.u64(board), 0), 7n)
        assert.strictEqual(api.u64Get(api.u64(board), 16), 0n)
      })
    )
  )

  it.effect("B5: a scoreboard made while growth waits has room for the new vCPU", () =>
    withSystem((system) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        yield* api.scoreboardNew(8)
        yield* system.vcpuInit(0)
        const leave = yield* hold(system, 0)
        const fiber = yield* Effect.forkChild(system.vcpuInit(16))
        yield* Effect.yieldNow
        const late = api.scoreboardNewUnsafe(8)
        yield* leave
        yield* Fiber.join(fiber)
        assert.strictEqual(HashMap.getUnsafe(system.state().scoreboards, late).capacity, 32)
      })
    )
  )

  it.effect("B7: atexit handlers run once", () =>
    withSystem((system) =>
      Effect.gen(function* () {
        let runs = 0
        const api = yield* installBare(system, "p")
        yield* api.onAtExit(() => void runs++)
        yield* system.vcpuInit(0)
        yield* system.userExit(0)
        yield* system.userExit(0)
        assert.strictEqual(runs, 1)
      })
    )
  )

  it.effect("L1: reset completes while other vCPUs run, with nothing locked afterwards", () =>
    withSystem((system) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        yield* system.vcpuInit(0)
        yield* system.vcpuInit(1)
        const leave = yield* hold(system, 1)
        const fiber = yield* Effect.forkChild(Effect.andThen(api.reset(), system.drain(0)))
        yield* Effect.yieldNow
        yield* leave
        yield* Fiber.join(fiber)
        yield* system.drain(1)
        yield* system.inGuest(0, system.inGuest(1, Effect.void))
        assert.strictEqual(system.state().plugins[0]?.phase, "loaded")
      })
    )
  )

  it.effect("L2: an uninstall overtakes a pending reset", () =>
    withSystem((system) =>
      Effect.gen(function* () {
        const called: Array<string> = []
        const api = yield* installBare(system, "p")
        yield* system.vcpuInit(0)
        yield* api.reset(() => void called.push("reset"))
        yield* api.uninstall(() => void called.push("uninstall"))
        yield* system.drain(0)
        assert.deepStrictEqual(called, ["uninstall"])
        assert.deepStrictEqual(system.state().plugins, [])
      })
    )
  )

  it.effect("V1: a reused vCPU index finds the counts of its predecessor", () =>
    withSystem((system) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        const count = api.u64(yield* api.scoreboardNew(8))
        yield* system.vcpuInit(0)
        yield* system.vcpuInit(1)
        api.u64Add(count, 1, 5n)
        yield* system.vcpuExit(1)
        yield* system.vcpuInit(1)
        api.u64Add(count, 1, 6n)
        assert.strictEqual(api.u64Sum(count), 11n)
      })
    )
  )
})
