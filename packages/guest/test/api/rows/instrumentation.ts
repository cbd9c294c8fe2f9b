/** Callbacks and inline operations in translated code. */
import { CallbackFlags, InlineOp, MemRw, PluginCond } from "@emu/core/Instrumentation"
import type { InsnHandle, PluginApi, TbHandle } from "@emu/core/PluginApi"
import type { ScoreboardU64 } from "@emu/core/Scoreboard"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { bytesOf } from "../../linux/support/assemble.ts"
import { buildElf } from "../../linux/support/buildElf.ts"
import {
  at,
  counting,
  data,
  exit,
  type OnEngine,
  register,
  rounds,
  type Rows,
  tagOf,
  ticks,
  withMain
} from "../support/guest.ts"

/** Runs `counting` with callbacks at its instructions. */
const onInsns = (on: OnEngine, look: (api: PluginApi, insn: InsnHandle) => void, program?: Uint8Array) =>
  on(
    (api) =>
      api.onTbTrans((tb) => {
        for (const insn of tb.insns) look(api, insn)
      }),
    program
  )

/** Values of the slot at the time when a condition is looked at, and how often it holds: slot `cond` 30, unsigned. */
const conditions = [
  ["never", 0],
  ["always", rounds],
  ["eq", 1],
  ["ne", rounds - 1],
  ["lt", 29],
  ["le", 30],
  ["gt", rounds - 30],
  ["ge", rounds - 29]
] as const

type Conditional = (callback: () => void, cond: PluginCond, entry: ScoreboardU64, imm: bigint, flags: CallbackFlags) => void

/** Counts 1 to `rounds` in a slot, with a callback of each condition behind it. */
const conditional = Effect.fnUntraced(function* (
  on: OnEngine,
  point: (tb: TbHandle) => Pick<TbHandle, "inline"> | undefined
) {
  for (const flags of [CallbackFlags.noRegs, CallbackFlags.readWriteRegs]) {
    const calls = new Map<string, number>()
    yield* on((api) =>
      Effect.gen(function* () {
        const board = yield* api.scoreboardNew(8)
        const entry = api.u64(board)
        yield* api.onTbTrans((tb) => {
          const where = point(tb) as { inline: TbHandle["inline"]; onExecCond: Conditional } | undefined
          if (where === undefined) return
          where.inline(InlineOp.addU64, entry, 1n)
          for (const [name] of conditions) {
            where.onExecCond(() => calls.set(name, (calls.get(name) ?? 0) + 1), PluginCond[name], entry, 30n, flags)
          }
          // compared as unsigned numbers nothing is above this
          where.onExecCond(() => calls.set("above", 1), PluginCond.gt, entry, -1n, flags)
        })
      })
    )
    assert.deepStrictEqual(
      conditions.map(([name]) => calls.get(name) ?? 0),
      conditions.map(([, times]) => times)
    )
    assert.isUndefined(calls.get("above"))
  }
})

/** The first block holds the first round; the loop's block has the others. */
const isRound = (tb: TbHandle) => tb.insns.some((insn) => insn.pc === at.lw)

/** Runs wherever it lies. */
const positionFree = [...ticks, ...exit(0)]

export const instrumentationRows: Rows = {
  register_vcpu_tb_trans_cb: Effect.fnUntraced(function* (on) {
    const pcs: Array<bigint> = []
    let kept: TbHandle | undefined
    yield* on((api) =>
      api.onTbTrans((tb) => {
        pcs.push(tb.pc)
        kept = tb
        // permissions of the callback: read and write
        assert.strictEqual(api.readRegister(register(api, "pc")), tb.pc)
        assert.strictEqual(
          tagOf(() => api.setPc(0n)),
          "RegisterPermissionError"
        )
      })
    )
    assert.deepStrictEqual(pcs, [at.start, at.lw, at.exit])
    assert.strictEqual(
      tagOf(() => kept!.pc),
      "StaleHandleError"
    )
  }),

  register_vcpu_tb_exec_cb: Effect.fnUntraced(function* (on) {
    const pcs = new Map<bigint, number>()
    yield* on((api) =>
      api.onTbTrans((tb) => {
        const { pc } = tb
        tb.onExec((vcpu) => {
          assert.strictEqual(vcpu, 0)
          assert.strictEqual(api.readRegister(register(api, "pc")), pc)
          pcs.set(pc, (pcs.get(pc) ?? 0) + 1)
        }, CallbackFlags.readRegs)
      })
    )
    assert.deepStrictEqual(
      [...pcs],
      [
        [at.start, 1],
        [at.lw, rounds - 1],
        [at.exit, 1]
      ]
    )
  }),

  register_vcpu_insn_exec_cb: Effect.fnUntraced(function* (on) {
    const trace: Array<bigint> = []
    const counter: Array<bigint> = []
    yield* onInsns(on, (api, insn) => {
      const { pc } = insn
      // QEMU's pc is that of the block here
      insn.onExec(() => {
        trace.push(api.readRegister(register(api, "pc")))
        if (pc === at.sw) counter.push(api.readRegister(register(api, "t1")))
      }, CallbackFlags.readRegs)
    })
    const round = [at.lw, at.addi, at.sw, at.count, at.bne]
    const entry = [at.start, at.start + 4n, at.start + 8n]
    const end = [0n, 4n, 8n].map((offset) => at.exit + offset)
    assert.deepStrictEqual(trace, [...entry, ...Array.from({ length: rounds }, () => round).flat(), ...end])
    assert.deepStrictEqual(
      counter,
      Array.from({ length: rounds }, (_, i) => BigInt(i + 1))
    )
  }),

  register_vcpu_tb_exec_cond_cb: (on) => conditional(on, (tb) => (isRound(tb) ? tb : undefined)),

  register_vcpu_insn_exec_cond_cb: (on) => conditional(on, (tb) => tb.insns.find((insn) => insn.pc === at.addi)),

  register_vcpu_tb_exec_inline_per_vcpu: Effect.fnUntraced(function* (on) {
    yield* on((api) =>
      Effect.gen(function* () {
        const board = yield* api.scoreboardNew(16)
        yield* api.onTbTrans((tb) => {
          tb.inline(InlineOp.addU64, api.u64(board), 3n)
          tb.inline(InlineOp.storeU64, api.u64(board, 8), tb.pc)
        })
        yield* api.onAtExit(() => {
          assert.strictEqual(api.u64Get(api.u64(board), 0), 3n * BigInt(rounds + 1))
          assert.strictEqual(api.u64Get(api.u64(board, 8), 0), at.exit)
        })
      })
    )
  }),

  register_vcpu_insn_exec_inline_per_vcpu: Effect.fnUntraced(function* (on) {
    yield* on((api) =>
      Effect.gen(function* () {
        const board = yield* api.scoreboardNew(16)
        yield* api.onTbTrans((tb) => {
          for (const insn of tb.insns) {
            insn.inline(InlineOp.addU64, api.u64(board), 1n)
            insn.inline(InlineOp.storeU64, api.u64(board, 8), -1n)
          }
        })
        yield* api.onAtExit(() => {
          assert.strictEqual(api.u64Get(api.u64(board), 0), BigInt(3 + 5 * rounds + 3))
          assert.strictEqual(api.u64Get(api.u64(board, 8), 0), (1n << 64n) - 1n)
        })
      })
    )
  }),

  register_vcpu_mem_cb: Effect.fnUntraced(function* (on) {
    const seen: Array<string> = []
    yield* onInsns(on, (api, insn) => {
      const { pc } = insn
      for (const [name, rw] of Object.entries(MemRw)) {
        insn.onMem(
          (vcpu, info, address) => {
            assert.deepStrictEqual([vcpu, address], [0, data])
            assert.strictEqual(api.readRegister(register(api, "pc")), pc)
            seen.push(`${name} ${info.isStore ? "store" : "load"} ${info.value}`)
          },
          rw,
          CallbackFlags.readRegs
        )
      }
    })
    const expected = Array.from({ length: rounds }, (_, i) => [
      `read load ${i}`,
      `readWrite load ${i}`,
      `write store ${i + 1}`,
      `readWrite store ${i + 1}`
    ])
    assert.deepStrictEqual(seen, expected.flat())
  }),

  register_vcpu_mem_inline_per_vcpu: Effect.fnUntraced(function* (on) {
    yield* on((api) =>
      Effect.gen(function* () {
        const board = yield* api.scoreboardNew(24)
        yield* api.onTbTrans((tb) => {
          for (const insn of tb.insns) {
            insn.memInline(MemRw.read, InlineOp.addU64, api.u64(board), 1n)
            insn.memInline(MemRw.readWrite, InlineOp.addU64, api.u64(board, 8), 1n)
            insn.memInline(MemRw.write, InlineOp.storeU64, api.u64(board, 16), insn.pc)
          }
        })
        yield* api.onAtExit(() => {
          const values = [0, 8, 16].map((offset) => api.u64Get(api.u64(board, offset), 0))
          assert.deepStrictEqual(values, [BigInt(rounds), BigInt(2 * rounds), at.sw])
        })
      })
    )
  }),

  tb_n_insns: Effect.fnUntraced(function* (on) {
    const lengths: Array<number> = []
    yield* on((api) => api.onTbTrans((tb) => void lengths.push(tb.insns.length)))
    assert.deepStrictEqual(lengths, [8, 5, 3])
  }),

  tb_vaddr: Effect.fnUntraced(function* (on) {
    yield* on((api) => api.onTbTrans((tb) => assert.strictEqual(tb.pc, tb.insns[0]!.pc)))
  }),

  tb_get_insn: Effect.fnUntraced(function* (on) {
    yield* on((api) =>
      api.onTbTrans((tb) => {
        assert.strictEqual(tb.insns[1]!.pc, tb.pc + 4n)
        assert.isUndefined(tb.insns[tb.insns.length])
      })
    )
  }),

  insn_data: Effect.fnUntraced(function* (on) {
    yield* onInsns(on, (_, { bytes, opcode, pc }) => {
      const word = counting[Number(pc - at.start) / 4]!
      assert.deepStrictEqual([...bytes], [...new Uint8Array(Uint32Array.of(word).buffer)])
      assert.strictEqual(opcode, word >>> 0)
    })
  }),

  insn_size: Effect.fnUntraced(function* (on) {
    yield* onInsns(on, (_, { size }) => assert.strictEqual(size, 4))
  }),

  insn_vaddr: Effect.fnUntraced(function* (on) {
    const pcs: Array<bigint> = []
    yield* onInsns(on, (_, { pc }) => void pcs.push(pc))
    assert.deepStrictEqual(pcs.slice(3, 8), [at.lw, at.addi, at.sw, at.count, at.bne])
  }),

  insn_haddr: Effect.fnUntraced(function* (on) {
    // the same for the same instruction, in whatever block
    yield* onInsns(on, (_, { haddr, pc }) => assert.strictEqual(haddr, Number(pc)))
  }),

  insn_disas: Effect.fnUntraced(function* (on) {
    const texts: Array<string> = []
    yield* onInsns(on, (_, insn) => void texts.push(insn.disas()))
    assert.strictEqual(texts[3], "lw                      t1,0(t0)")
  }),

  insn_symbol: Effect.fnUntraced(function* (on) {
    yield* onInsns(on, (_, insn) => assert.strictEqual(insn.symbol(), "main"), withMain(counting))
    yield* onInsns(on, (_, insn) => assert.isUndefined(insn.symbol()))

    // a library: a dynamic loader is one, and begins before the program does
    const names = new Map<bigint, string | undefined>()
    const symbols = [{ name: "in_library", address: 0, size: 4 * positionFree.length }]
    const library = buildElf({ code: bytesOf(positionFree), address: 0, relocatable: true, interpreter: "/prog", symbols })
    yield* onInsns(on, (api, insn) => void names.set(insn.pc, api.symbol(insn.pc)), library)
    const [first] = names.keys()
    assert.isBelow(Number(first), 0x8000_0000, "the loader's code")
    assert.deepStrictEqual(new Set(names.values()), new Set(["in_library"]))
  })
}
