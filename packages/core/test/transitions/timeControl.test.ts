/** Who controls time: one plugin, until it is reset or goes. */
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as State from "@emu/core/PluginState"
import type { PluginState } from "@emu/core/PluginState"
import * as Lifecycle from "@emu/core/transitions/lifecycle"
import { requestTime } from "@emu/core/transitions/timeControl"

const two = (): PluginState => {
  const [, one] = Lifecycle.beginInstall(State.empty, "a", [])
  return Lifecycle.beginInstall(one, "b", [])[1]
}

const request = (state: PluginState, id: bigint) => Result.getOrThrow(requestTime(state, id))
const released = { kind: "releaseTime" } as const

describe("control of time", () => {
  it("goes to the first plugin that asks, and stays there", () => {
    const [isGiven, taken] = request(two(), 2n)
    assert.isTrue(isGiven)
    assert.isTrue(request(taken, 2n)[0])
    assert.deepStrictEqual(request(taken, 1n), [false, taken])
    assert.strictEqual(taken.timeHolder, 2n)
  })

  it.each(["reset", "uninstall", "drop"])("ends with %s, and can be had by others then", (how) => {
    const [, installing] = request(two(), 2n)
    const taken = Result.getOrThrow(Lifecycle.endInstall(installing, 2n))[1]
    const end = (): readonly [ReadonlyArray<unknown>, PluginState] => {
      if (how === "drop") return Lifecycle.release(taken, 2n)
      const ask = how === "reset" ? Lifecycle.requestReset : Lifecycle.requestUninstall
      const perform = how === "reset" ? Lifecycle.performReset : Lifecycle.performUninstall
      const [, asked] = Result.getOrThrow(ask(taken, 2n))
      const [{ actions }, performed] = perform(asked, 2n)
      return [actions, performed]
    }
    const [actions, state] = end()
    assert.deepInclude(actions, released)
    assert.isUndefined(state.timeHolder)
    assert.isTrue(request(state, 1n)[0])
  })

  it("is not given to a plugin that goes, nor taken from one by another's end", () => {
    const asked = Result.getOrThrow(Lifecycle.requestUninstall(Result.getOrThrow(Lifecycle.endInstall(two(), 1n))[1], 1n))[1]
    assert.isFalse(request(asked, 1n)[0])
    const [, taken] = request(two(), 2n)
    const [actions, state] = Lifecycle.release(taken, 1n)
    assert.notDeepInclude(actions, released)
    assert.strictEqual(state.timeHolder, 2n)
  })

  it("is refused to an id that no plugin has", () => {
    const answer = requestTime(two(), 9n)
    assert.strictEqual(Result.isFailure(answer) ? answer.failure._tag : undefined, "UnknownPluginError")
  })
})
