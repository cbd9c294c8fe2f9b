/** vCPUs: reference section 3, `vcpu_init_hook`, `vcpu_exit_hook` and `vcpu_for_each`. */
import { PluginEvent } from "@emu/core/PluginEvent"
import * as State from "@emu/core/PluginState"
import type { PluginState } from "@emu/core/PluginState"
import { findScoreboard, scoreboardNew } from "@emu/core/transitions/scoreboard"
import { beginVcpuExit, endVcpuExit, liveVcpus, receiveMask, vcpuInit } from "@emu/core/transitions/vcpu"
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"

const init = (state: PluginState, vcpu: number) => Result.getOrThrow(vcpuInit(state, vcpu))[1]
const begin = (state: PluginState, vcpu: number) => Result.getOrThrow(beginVcpuExit(state, vcpu))[1]
const exit = (state: PluginState, vcpu: number) => endVcpuExit(begin(state, vcpu), vcpu)
const failure = <E extends { readonly _tag: string }>(result: Result.Result<unknown, E>) =>
  Result.getOrThrow(Result.flip(result))._tag

describe("vCPUs", () => {
  it("come live deaf, with an update of the mask queued for them alone", () => {
    const listeners = [{ serial: 1, plugin: 1n, event: PluginEvent.vcpuTbTrans, handler: () => undefined }]
    const listening = { ...init(State.empty, 0), callbacks: new Map([[PluginEvent.vcpuTbTrans, listeners]]) }
    const [actions, state] = Result.getOrThrow(vcpuInit(listening, 1))
    assert.deepStrictEqual(actions, [{ kind: "updateMask", vcpu: 1, mask: 4 }])
    assert.deepStrictEqual(state.vcpus.get(1), { mask: 0, isEnding: false })
  })

  it("numVcpus only grows", () => {
    const state = exit(init(init(State.empty, 4), 0), 4)
    assert.strictEqual(state.numVcpus, 5)
    assert.strictEqual(init(state, 1).numVcpus, 5)
  })

  it("are refused twice, and where the index is none", () => {
    assert.strictEqual(failure(vcpuInit(init(State.empty, 0), 0)), "VcpuAlreadyLiveError")
    for (const vcpu of [-1, 0.5, 65536, Number.NaN]) {
      assert.strictEqual(failure(vcpuInit(State.empty, vcpu)), "InvalidVcpuIndexError")
    }
  })

  it("that are not there cannot end", () => {
    const live = init(State.empty, 0)
    for (const state of [State.empty, exit(live, 0), begin(live, 0)]) {
      assert.strictEqual(failure(beginVcpuExit(state, 0)), "VcpuNotLiveError")
    }
  })

  it("that end are live until they have ended: they receive masks, and their index is not free", () => {
    const ending = begin(init(State.empty, 0), 0)
    assert.deepStrictEqual(receiveMask(ending, 0, 7)[1].vcpus.get(0), { mask: 7, isEnding: true })
    assert.deepStrictEqual(liveVcpus(ending), [0])
    assert.strictEqual(failure(vcpuInit(ending, 0)), "VcpuAlreadyLiveError")
  })

  it("receive no mask after they ended", () => {
    const state = exit(init(State.empty, 0), 0)
    assert.deepStrictEqual(receiveMask(state, 0, 7), [false, state])
  })

  it("are listed in ascending order, live ones only", () => {
    assert.deepStrictEqual(liveVcpus(exit([9, 2, 5].reduce(init, State.empty), 5)), [2, 9])
  })

  it.each([
    [15, 16],
    [16, 32],
    [31, 32],
    [32, 64],
    [100, 128]
  ])("scoreboards double until vCPU %i has room: %i", (vcpu, size) => {
    const [board, one] = Result.getOrThrow(scoreboardNew(State.empty, 12, 0))
    const [actions, two] = Result.getOrThrow(vcpuInit(one, vcpu, [{ scoreboard: board, byteOffset: 512 }]))
    assert.strictEqual(two.scoreboardSize, size)
    const expected = { id: board, elementSize: 16, byteOffset: size > 16 ? 512 : 0, capacity: size }
    assert.deepStrictEqual(Result.getOrThrow(findScoreboard(two, board)), expected)
    assert.strictEqual(
      actions.some((a) => a.kind === "flush"),
      size > 16
    )
  })

  it("growth without scoreboards changes the size only", () => {
    const [actions, state] = Result.getOrThrow(vcpuInit(State.empty, 16))
    assert.strictEqual(state.scoreboardSize, 32)
    assert.isFalse(actions.some((a) => a.kind === "flush"))
  })
})
