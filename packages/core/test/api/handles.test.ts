/** Handles of `onTbTrans`, and what is woven in: reference sections 1 (instrumentation, queries) and 4 (order). */
import { CallbackFlags, InlineOp, MemRw, PluginCond } from "@emu/core/Instrumentation"
import type { Instrumentation } from "@emu/core/Instrumentation"
import type { InsnHandle, PluginApi, TbHandle } from "@emu/core/PluginApi"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { block, installBare, withSystem } from "../fakes.ts"

const noop = () => undefined

/** What a plugin's `onTbTrans` asks for in a block of two instructions. */
const instrumented = (use: (tb: TbHandle, api: PluginApi) => void) =>
  withSystem((system, { engine }) =>
    Effect.gen(function* () {
      const api = yield* installBare(system, "p")
      yield* api.onTbTrans((tb) => use(tb, api))
      yield* system.vcpuInit(0)
      yield* system.drain(0)
      return engine.instrument(0, block(0x1000n, 0x00a28293, 0x4501))
    })
  )

const kinds = (instrumentation: Instrumentation | undefined) => ({
  tb: instrumentation?.tb.map((c) => c.kind),
  insns: instrumentation?.insns.map(({ exec, mem }) => [exec.map((c) => c.kind), mem.map((c) => c.kind)])
})

describe("callbacks that are no functions", () => {
  type Use = (tb: TbHandle, api: PluginApi, wrong: never) => unknown
  const uses: ReadonlyArray<readonly [string, Use]> = [
    ["onExec", (tb, _, wrong) => tb.onExec(wrong)],
    ["onExec", (tb, _, wrong) => tb.insns[0]!.onExec(wrong)],
    ["onExecCond", (tb, api, wrong) => tb.onExecCond(wrong, PluginCond.eq, api.u64(api.scoreboardNewUnsafe(8)), 1n)],
    [
      "onExecCond",
      (tb, api, wrong) => tb.insns[0]!.onExecCond(wrong, PluginCond.never, api.u64(api.scoreboardNewUnsafe(8)), 1n)
    ],
    ["onMem", (tb, _, wrong) => tb.insns[0]!.onMem(wrong, MemRw.read)],
    ["onBatch", (_, api, wrong) => api.runSync(api.trace({ onBatch: wrong }))],
    ["queueWork", (_, api, wrong) => api.queueWork(wrong)]
  ]
  it.effect.each(uses)("are refused by %s at once", ([operation, use]) =>
    Effect.gen(function* () {
      for (const [wrong, actual] of [
        [undefined, "undefined"],
        [null, "null"],
        [1n, "bigint"]
      ] as const) {
        let message: string | undefined
        yield* instrumented((tb, api) => {
          try {
            use(tb, api, wrong as never)
          } catch (error) {
            message = (error as Error).message
          }
        })
        assert.strictEqual(message, `${operation} takes a function as its callback, not ${actual}`)
      }
    })
  )

  it.effect("are refused by reset and uninstall, which nothing follows", () =>
    withSystem((system) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        for (const ask of [api.reset, api.uninstall]) {
          assert.strictEqual((yield* Effect.flip(ask(1 as never)))._tag, "CallbackTypeError")
        }
        assert.strictEqual(system.state().plugins.length, 1)
      })
    )
  )

  it.effect("entries of scoreboards that are none are refused as well", () =>
    Effect.gen(function* () {
      let tag: string | undefined
      yield* instrumented((tb) => {
        try {
          tb.inline(InlineOp.addU64, undefined as never, 1n)
        } catch (error) {
          tag = (error as { readonly _tag: string })._tag
        }
      })
      assert.strictEqual(tag, "FreedScoreboardError")
    })
  )
})

describe("instrumentation", () => {
  it.effect("keeps all kinds of a point in one list, in the order of registration", () =>
    Effect.gen(function* () {
      const got = yield* instrumented((tb, api) => {
        const entry = api.u64(api.scoreboardNewUnsafe(8))
        tb.inline(InlineOp.addU64, entry, 1n)
        tb.onExec(noop)
        tb.inline(InlineOp.storeU64, entry, 1n)
        tb.onExecCond(noop, PluginCond.ge, entry, 3n)
        const insn = tb.insns[1]!
        insn.onExec(noop)
        insn.inline(InlineOp.addU64, entry, 1n)
        insn.onExecCond(noop, PluginCond.lt, entry, 1n)
        insn.memInline(MemRw.write, InlineOp.addU64, entry, 1n)
        insn.onMem(noop, MemRw.read)
      })
      assert.deepStrictEqual(kinds(got), {
        tb: ["inline", "exec", "inline", "cond"],
        insns: [
          [[], []],
          [
            ["exec", "inline", "cond"],
            ["memInline", "mem"]
          ]
        ]
      })
    })
  )

  it.effect("of the condition NEVER is nothing, of ALWAYS a plain callback", () =>
    Effect.gen(function* () {
      const got = yield* instrumented((tb, api) => {
        const entry = api.u64(api.scoreboardNewUnsafe(8))
        tb.onExecCond(noop, PluginCond.never, entry, 0n)
        tb.insns[0]!.onExecCond(noop, PluginCond.always, entry, 0n, CallbackFlags.readRegs)
      })
      assert.deepStrictEqual(kinds(got), {
        tb: [],
        insns: [
          [["exec"], []],
          [[], []]
        ]
      })
      assert.strictEqual(got?.insns[0]?.exec[0]?.kind === "exec" && got.insns[0].exec[0].flags, CallbackFlags.readRegs)
    })
  )

  it.effect("is undefined where no plugin asked for anything", () =>
    Effect.map(
      instrumented((tb) => void tb.insns[0]!.pc),
      (got) => assert.isUndefined(got)
    )
  )

  it.effect("of the last loaded plugin comes first", () =>
    withSystem((system, { engine }) =>
      Effect.gen(function* () {
        for (const name of ["A", "B"]) {
          const api = yield* installBare(system, name)
          yield* api.onTbTrans((tb) => tb.onExec(noop))
        }
        yield* system.vcpuInit(0)
        yield* system.drain(0)
        assert.deepStrictEqual(
          engine.instrument(0, block(0x1000n, 1))?.tb.map((c) => c.plugin),
          [2n, 1n]
        )
      })
    )
  )

  it.effect("immediates are 64-bit unsigned", () =>
    Effect.gen(function* () {
      const got = yield* instrumented((tb, api) => {
        tb.inline(InlineOp.addU64, api.u64(api.scoreboardNewUnsafe(8)), -1n)
      })
      const [op] = got?.tb ?? []
      assert.strictEqual(op?.kind === "inline" && op.imm, (1n << 64n) - 1n)
    })
  )

  it.effect("refuses numbers out of range and entries outside their scoreboard", () =>
    Effect.gen(function* () {
      const tags: Array<string> = []
      yield* instrumented((tb, api) => {
        const entry = api.u64(api.scoreboardNewUnsafe(8))
        const freed = api.u64(api.scoreboardNewUnsafe(8))
        api.runSync(api.scoreboardFree(freed.scoreboard))
        const insn = tb.insns[0]!
        const uses = [
          () => tb.onExec(noop, 4 as CallbackFlags),
          () => insn.onExec(noop, -2 as CallbackFlags),
          () => insn.onExecCond(noop, PluginCond.eq, entry, 0n, CallbackFlags.deferred),
          () => tb.onExecCond(noop, 8 as PluginCond, entry, 0n),
          () => tb.inline(3 as InlineOp, entry, 0n),
          () => insn.onMem(noop, 0 as MemRw),
          () => insn.memInline(4 as MemRw, InlineOp.addU64, entry, 0n),
          () => tb.inline(InlineOp.addU64, { ...entry, offset: 4 }, 0n),
          () => insn.inline(InlineOp.addU64, freed, 0n)
        ]
        for (const use of uses) {
          try {
            use()
            tags.push("accepted")
          } catch (error) {
            tags.push((error as { readonly _tag: string })._tag)
          }
        }
      })
      const expected = [...Array<string>(7).fill("OutOfRangeError"), "ScoreboardOffsetError", "FreedScoreboardError"]
      assert.deepStrictEqual(tags, expected)
    })
  )
})

describe("handles", () => {
  it.effect("show the block and its instructions", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      yield* instrumented((tb) => {
        const [insn] = tb.insns
        seen.push(tb.pc, tb.insns.length, insn!.pc, insn!.size, insn!.opcode, [...insn!.bytes])
        seen.push(insn!.disas(), insn!.symbol(), tb.insns[1]!.symbol())
      })
      const raw = [0x93, 0x82, 0xa2, 0x00]
      assert.deepStrictEqual(seen, [0x1000n, 2, 0x1000n, 4, 0x00a28293, raw, "insn a28293", "_start", undefined])
    })
  )

  it.effect("are refused outside their callback, each function of them", () =>
    Effect.gen(function* () {
      let tb: TbHandle | undefined
      let insn: InsnHandle | undefined
      yield* instrumented((handle) => {
        tb = handle
        insn = handle.insns[0]
      })
      const entry = { scoreboard: 1, offset: 0 }
      const uses: ReadonlyArray<(tb: TbHandle, insn: InsnHandle) => unknown> = [
        (t) => t.pc,
        (t) => t.insns,
        (t) => t.onExec(noop),
        (t) => t.onExecCond(noop, PluginCond.eq, entry, 0n),
        (t) => t.inline(InlineOp.addU64, entry, 0n),
        (_, i) => i.pc,
        (_, i) => i.size,
        (_, i) => i.bytes,
        (_, i) => i.opcode,
        (_, i) => i.disas(),
        (_, i) => i.symbol(),
        (_, i) => i.onExec(noop),
        (_, i) => i.onExecCond(noop, PluginCond.eq, entry, 0n),
        (_, i) => i.inline(InlineOp.addU64, entry, 0n),
        (_, i) => i.onMem(noop, MemRw.read),
        (_, i) => i.memInline(MemRw.read, InlineOp.addU64, entry, 0n)
      ]
      for (const use of uses) {
        assert.throws(() => use(tb!, insn!), /plugin p used the (block|instruction) at 0x1000 outside/)
      }
    })
  )
})
