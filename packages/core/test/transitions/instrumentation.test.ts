/** Conditions and checks: reference section 1, and unsigned compares of section 4. */
import { PluginCond } from "@emu/core/Instrumentation"
import * as State from "@emu/core/PluginState"
import { checkCond, checkCondFlags, checkFlags, checkOp, checkRw, holds } from "@emu/core/transitions/instrumentation"
import { checkEntry, elementOffset, scoreboardFree, scoreboardNew } from "@emu/core/transitions/scoreboard"
import { vcpuInit } from "@emu/core/transitions/vcpu"
import { assert, describe, it } from "@effect/vitest"
import * as HashMap from "effect/HashMap"
import * as Result from "effect/Result"

const max = (1n << 64n) - 1n

describe("conditions", () => {
  it.each([
    [PluginCond.never, 1n, 1n, false],
    [PluginCond.always, 1n, 2n, true],
    [PluginCond.eq, 1n, 1n, true],
    [PluginCond.ne, 1n, 1n, false],
    [PluginCond.lt, 1n, max, true],
    [PluginCond.lt, -1n, 1n, false],
    [PluginCond.le, 2n, 2n, true],
    [PluginCond.gt, max, 0n, true],
    [PluginCond.gt, 2n, 2n, false],
    [PluginCond.ge, 2n, 2n, true]
  ])("condition %i compares %i and %i unsigned: %s", (cond, value, imm, result) => {
    assert.strictEqual(holds(cond, value, imm), result)
  })
})

describe("numbers out of range are refused with the list to choose from", () => {
  it.each([
    ["CallbackFlags", checkFlags(4)],
    ["CallbackFlags", checkFlags(-2)],
    ["CallbackFlags", checkCondFlags(-1)],
    ["PluginCond", checkCond(8)],
    ["InlineOp", checkOp(3)],
    ["MemRw", checkRw(0)],
    ["MemRw", checkRw(4)]
  ])("%s", (what, result) => {
    assert.include(Result.getOrThrow(Result.flip(result)).message, `use one of the values of ${what}`)
  })
})

describe("scoreboards", () => {
  const [board, state] = Result.getOrThrow(scoreboardNew(State.empty, 24, 64))
  const [, live] = Result.getOrThrow(vcpuInit(state, 2))
  const tag = <E extends { readonly _tag: string }>(result: Result.Result<unknown, E>) =>
    Result.getOrThrow(Result.flip(result))._tag

  it("have an element for every vCPU that ever was", () => {
    assert.deepStrictEqual(elementOffset(live, board, 2), Result.succeed(64 + 48))
    assert.strictEqual(tag(elementOffset(live, board, 3)), "ScoreboardIndexError")
    assert.strictEqual(tag(elementOffset(live, board, -1)), "ScoreboardIndexError")
    assert.strictEqual(tag(elementOffset(state, board, 0)), "ScoreboardIndexError", "in install")
  })

  it("refuse entries that do not lie in an element", () => {
    for (const offset of [4, 24, 20, -8, 0.5]) {
      assert.strictEqual(tag(checkEntry(live, { scoreboard: board, offset })), "ScoreboardOffsetError")
    }
    assert.isTrue(Result.isSuccess(checkEntry(live, { scoreboard: board, offset: 16 })))
  })

  it("are gone once freed, and ids do not come back", () => {
    const [actions, gone] = Result.getOrThrow(scoreboardFree(live, board))
    assert.deepStrictEqual(actions, [{ kind: "flush" }])
    assert.strictEqual(HashMap.size(gone.retired), 1, "its bytes wait for the flush")
    assert.strictEqual(tag(scoreboardFree(gone, board)), "FreedScoreboardError")
    assert.strictEqual(tag(checkEntry(gone, { scoreboard: board, offset: 0 })), "FreedScoreboardError")
    assert.strictEqual(Result.getOrThrow(scoreboardNew(gone, 8, 0))[0], board + 1)
  })

  it.each([0, -8, 1.5, Number.NaN, 2 ** 31])("refuse elements of %d bytes", (size) => {
    assert.strictEqual(tag(scoreboardNew(State.empty, size, 0)), "ScoreboardSizeError")
  })
})
