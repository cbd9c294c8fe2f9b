/** Install, reset, uninstall and the end of the program: reference section 2, and `user_exit` in section 3. */
import { eventBit, PluginEvent } from "@emu/core/PluginEvent"
import * as State from "@emu/core/PluginState"
import type { PluginState } from "@emu/core/PluginState"
import * as Lifecycle from "@emu/core/transitions/lifecycle"
import { register } from "@emu/core/transitions/registration"
import { userExit } from "@emu/core/transitions/userExit"
import { assert, describe, it } from "@effect/vitest"
import * as HashMap from "effect/HashMap"
import * as Result from "effect/Result"

const f = () => undefined
const registered = (state: PluginState, id: bigint, event: PluginEvent) =>
  Result.getOrThrow(register(state, id, event, f))[1]

/** Plugins 1 to `count`, installed, each listening to system calls and atexit. */
const loaded = (count: number): PluginState => {
  let state = State.empty
  for (let i = 0; i < count; i++) {
    const [id, installing] = Lifecycle.beginInstall(state, `p${i}`, [["k", "v"]])
    const one = registered(registered(installing, id, PluginEvent.vcpuSyscall), id, PluginEvent.atExit)
    state = Result.getOrThrow(Lifecycle.endInstall(one, id))[1]
  }
  return state
}

describe("install", () => {
  it("adds plugins in load order, with ids never used again", () => {
    const state = loaded(2)
    assert.deepStrictEqual(
      state.plugins.map((p) => [p.id, p.phase, p.args]),
      [
        [1n, "loaded", [["k", "v"]]],
        [2n, "loaded", [["k", "v"]]]
      ]
    )
    const [, gone] = Lifecycle.release(state, 2n)
    assert.strictEqual(Lifecycle.beginInstall(gone, "next", [])[0], 3n)
  })

  it("that fails leaves nothing behind", () => {
    const [id, installing] = Lifecycle.beginInstall(loaded(1), "bad", [])
    const [actions, state] = Lifecycle.release(registered(installing, id, PluginEvent.flush), id)
    assert.deepStrictEqual(actions, [{ kind: "discardFiles", plugin: id }])
    assert.deepStrictEqual([state.plugins.length, State.eventMask(state)], [1, State.eventMask(loaded(1))])
    assert.deepStrictEqual(State.registrations(state, PluginEvent.flush), [])
  })

  it("may ask for a reset, not for an uninstall", () => {
    const [id, installing] = Lifecycle.beginInstall(State.empty, "p", [])
    assert.strictEqual(Result.getOrThrow(Lifecycle.requestReset(installing, id))[0], "queue")
    const error = Result.getOrThrow(Result.flip(Lifecycle.requestUninstall(installing, id)))
    assert.strictEqual(error._tag, "UninstallInInstallError")
    assert.include(error.message, "PluginInstallFailure")
  })
})

describe("reset", () => {
  it("drops all registrations in its deferred step, also those made after the request", () => {
    const [, asked] = Result.getOrThrow(Lifecycle.requestReset(loaded(1), 1n))
    const [{ done }, state] = Lifecycle.performReset(registered(asked, 1n, PluginEvent.flush), 1n)
    assert.isTrue(done)
    assert.strictEqual(State.eventMask(state), 0)
    assert.deepStrictEqual(State.eventsOf(state, 1n), [])
  })

  it("accepts registrations from its done callback, and ends after it", () => {
    const [, asked] = Result.getOrThrow(Lifecycle.requestReset(loaded(1), 1n))
    const [, wiped] = Lifecycle.performReset(asked, 1n)
    const [again] = Result.getOrThrow(Lifecycle.requestReset(wiped, 1n))
    assert.strictEqual(again, "ignore", "a reset from its own done callback is ignored")
    const [, state] = Lifecycle.endReset(registered(wiped, 1n, PluginEvent.atExit), 1n)
    assert.strictEqual(State.eventMask(state), eventBit(PluginEvent.atExit))
    assert.strictEqual(Result.getOrThrow(Lifecycle.requestReset(state, 1n))[0], "queue")
  })

  it("is ignored while one is pending, or an uninstall", () => {
    const [, asked] = Result.getOrThrow(Lifecycle.requestReset(loaded(1), 1n))
    assert.deepStrictEqual(Result.getOrThrow(Lifecycle.requestReset(asked, 1n)), ["ignore", asked])
    const [, leaving] = Result.getOrThrow(Lifecycle.requestUninstall(loaded(1), 1n))
    assert.strictEqual(Result.getOrThrow(Lifecycle.requestReset(leaving, 1n))[0], "ignore")
  })
})

describe("uninstall", () => {
  it("leaves the handlers until its deferred step, then forgets the plugin", () => {
    const [, asked] = Result.getOrThrow(Lifecycle.requestUninstall(loaded(2), 1n))
    assert.strictEqual(State.registrations(asked, PluginEvent.vcpuSyscall).length, 2)
    const [{ done }, performed] = Lifecycle.performUninstall(asked, 1n)
    assert.isTrue(done)
    const [, state] = Lifecycle.release(performed, 1n)
    assert.deepStrictEqual(
      state.plugins.map((p) => p.id),
      [2n]
    )
    assert.strictEqual(State.registrations(state, PluginEvent.vcpuSyscall).length, 1)
    assert.strictEqual(Result.getOrThrow(Result.flip(Lifecycle.requestUninstall(state, 1n)))._tag, "UnknownPluginError")
  })

  it("overtakes a pending reset, whose step then does nothing (L2)", () => {
    const [, asked] = Result.getOrThrow(Lifecycle.requestReset(loaded(1), 1n))
    const [request, leaving] = Result.getOrThrow(Lifecycle.requestUninstall(asked, 1n))
    assert.strictEqual(request, "queue")
    assert.isFalse(Lifecycle.performReset(leaving, 1n)[0].done)
    assert.isTrue(Lifecycle.performUninstall(leaving, 1n)[0].done)
  })

  it("leaves the plugin's scoreboards, as QEMU does", () => {
    const board = { id: 1, elementSize: 8, byteOffset: 0, capacity: 16 }
    const state = { ...loaded(1), scoreboards: HashMap.make([1, board]) }
    const [, asked] = Result.getOrThrow(Lifecycle.requestUninstall(state, 1n))
    const [, gone] = Lifecycle.release(Lifecycle.performUninstall(asked, 1n)[1], 1n)
    assert.isTrue(HashMap.has(gone.scoreboards, 1))
  })
})

describe("deferred steps", () => {
  const live = { ...loaded(1), vcpus: new Map([[2, { mask: 0, isEnding: false }]]) }

  it.each([
    ["on the vCPU that asks", live, 2, 2],
    ["on any where it has ended, or none asks", live, 1, State.anyVcpu],
    ["at once where no vCPU lives", loaded(1), 2, "now"],
    ["at once after the program's end", { ...live, exited: true }, 2, "now"]
  ] as const)("run %s", (_, state, asking, place) => {
    assert.strictEqual(Lifecycle.placeOfDeferred(state, asking), place)
  })
})

describe("user exit", () => {
  it("unregisters everything but atexit, of every plugin, once (B7)", () => {
    const [{ first }, state] = userExit(loaded(2))
    assert.isTrue(first)
    assert.strictEqual(State.eventMask(state), eventBit(PluginEvent.atExit))
    assert.deepStrictEqual(
      State.registrations(state, PluginEvent.atExit).map((r) => r.plugin),
      [2n, 1n]
    )
    assert.deepStrictEqual(userExit(state), [{ first: false, actions: [] }, state])
  })
})
