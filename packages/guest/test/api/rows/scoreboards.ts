/** Scoreboards: what inline operations leave in them, and how plugins look at them. */
import { InlineOp } from "@emu/core/Instrumentation"
import type { PluginApi } from "@emu/core/PluginApi"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { at, type OnEngine, rounds, type Rows, tagOf } from "../support/guest.ts"

const most = (1n << 64n) - 1n

/** Counts rounds in the second entry of a board; looks at it at the end. */
const counted = (on: OnEngine, look: (api: PluginApi, board: number) => void) =>
  on((api) =>
    Effect.gen(function* () {
      const board = yield* api.scoreboardNew(24)
      yield* api.onTbTrans((tb) => {
        for (const insn of tb.insns) if (insn.pc === at.bne) insn.inline(InlineOp.addU64, api.u64(board, 8), 1n)
      })
      yield* api.onAtExit(() => look(api, board))
    })
  )

export const scoreboardRows: Rows = {
  scoreboard_new: Effect.fnUntraced(function* (on) {
    yield* counted(on, (api, board) => {
      const other = api.scoreboardNewUnsafe(5)
      assert.notStrictEqual(other, board)
      const { byteLength } = api.scoreboardFind(other, 0)
      assert.strictEqual(byteLength, 8, "whole words")
      assert.strictEqual(api.u64Get(api.u64(other), 0), 0n)
      assert.strictEqual(
        tagOf(() => api.scoreboardNewUnsafe(0)),
        "ScoreboardSizeError"
      )
    })
  }),

  scoreboard_free: Effect.fnUntraced(function* (on) {
    yield* counted(on, (api, board) => {
      api.runSync(api.scoreboardFree(board))
      assert.strictEqual(
        tagOf(() => api.u64(board)),
        "FreedScoreboardError"
      )
      assert.strictEqual(
        tagOf(() => api.runSync(api.scoreboardFree(board))),
        "FreedScoreboardError"
      )
    })
  }),

  scoreboard_find: Effect.fnUntraced(function* (on) {
    yield* counted(on, (api, board) => {
      const element = api.scoreboardFind(board, 0)
      assert.strictEqual(element.getBigUint64(8, true), BigInt(rounds))
      element.setBigUint64(16, 7n, true)
      assert.strictEqual(api.u64Get(api.u64(board, 16), 0), 7n)
      assert.strictEqual(
        tagOf(() => api.scoreboardFind(board, 1)),
        "ScoreboardIndexError"
      )
    })
  }),

  scoreboard_u64: Effect.fnUntraced(function* (on) {
    yield* counted(on, (api, board) => {
      assert.deepStrictEqual(api.u64(board), api.u64(board, 0))
      assert.strictEqual(api.u64Get(api.u64(board), 0), 0n)
    })
  }),

  scoreboard_u64_in_struct: Effect.fnUntraced(function* (on) {
    yield* counted(on, (api, board) => {
      assert.strictEqual(api.u64Get(api.u64(board, 8), 0), BigInt(rounds))
      for (const offset of [4, 24, -8]) {
        assert.strictEqual(
          tagOf(() => api.u64(board, offset)),
          "ScoreboardOffsetError"
        )
      }
    })
  }),

  u64_add: Effect.fnUntraced(function* (on) {
    yield* counted(on, (api, board) => {
      const entry = api.u64(board, 8)
      api.u64Add(entry, 0, 2n)
      assert.strictEqual(api.u64Get(entry, 0), BigInt(rounds) + 2n)
      api.u64Add(entry, 0, most)
      assert.strictEqual(api.u64Get(entry, 0), BigInt(rounds) + 1n, "it wraps")
    })
  }),

  u64_get: Effect.fnUntraced(function* (on) {
    yield* counted(on, (api, board) => {
      assert.strictEqual(api.u64Get(api.u64(board, 8), 0), BigInt(rounds))
      assert.strictEqual(
        tagOf(() => api.u64Get(api.u64(board, 8), 1)),
        "ScoreboardIndexError"
      )
    })
  }),

  u64_set: Effect.fnUntraced(function* (on) {
    yield* counted(on, (api, board) => {
      api.u64Set(api.u64(board, 8), 0, -1n)
      assert.strictEqual(api.u64Get(api.u64(board, 8), 0), most)
    })
  }),

  u64_sum: Effect.fnUntraced(function* (on) {
    yield* counted(on, (api, board) => {
      assert.strictEqual(api.u64Sum(api.u64(board, 8)), BigInt(rounds))
    })
  })
}
