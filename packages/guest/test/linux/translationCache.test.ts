/** Code that is kept from one run to the next: the next run translates next to nothing, and does what it would have done. */
import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import type { CacheKey, TranslationCacheShape } from "@emu/tcg/TranslationCache"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { call, insn, li, reg } from "./support/assemble.ts"
import { type EngineChoice, engines, plugin, run } from "./support/run.ts"

const Sys = { clone: 220, exitGroup: 94, mprotect: 226 }
const codeStart = 0x10000
const { a0, a5, a7, ra, s0, s1, t0, zero } = reg

/** A cache in memory that notes what it was asked. */
class MemoryCache implements TranslationCacheShape {
  readonly kept = new Map<string, Uint8Array<ArrayBuffer>>()
  readonly rejected: Array<string> = []

  readonly read = (key: CacheKey) => this.kept.get(JSON.stringify(key))?.slice()
  readonly write = (key: CacheKey, bytes: Uint8Array<ArrayBuffer>) => void this.kept.set(JSON.stringify(key), bytes)
  readonly reject = ({ program }: CacheKey) => void this.rejected.push(program)
}

type Ran = Effect.Success<ReturnType<typeof run>>

/** What users see of a run. */
const resultOf = ({ exit, failures, stdout, warnings }: Ran) => ({ exit, failures, stdout, warnings })
const statusOf = ({ exit }: Ran): number => Result.getOrThrow(exit).status

const fenceI = 0x0000100f
const nextBlock = insn("jal", { rd: 0, imm: 4 })

/** Blocks enough to be kept: each adds to a5. */
const manyBlocks = (steps: ReadonlyArray<number>): Array<number> =>
  steps.flatMap((step) => [insn("addi", { rd: a5, rs1: a5, imm: step }), nextBlock])

/** Ends with a5 as the status. */
const exitWithA5 = [insn("addi", { rd: a0, rs1: a5, imm: 0 }), ...li(a7, Sys.exitGroup), 0x73]

const ones = new Array<number>(60).fill(1)
const countTo60 = [...manyBlocks(ones), ...exitWithA5]

const example = (name: string) => readFileSync(new URL(`../../../../examples/${name}.elf`, import.meta.url))

/** Runs a program as often as there are results to be given, with one cache. */
const runs = (cache: MemoryCache, engine: EngineChoice, ...programs: ReadonlyArray<ReadonlyArray<number> | Uint8Array>) =>
  Effect.forEach(programs, (program) => run({ program, engine: { ...engine, cache } }))

describe.each(engines)("kept code ($name)", ({ engine }) => {
  it.effect("is what the next run executes, with the same results", () =>
    Effect.gen(function* () {
      for (const program of [countTo60, example("sort"), example("primes"), example("threads")]) {
        const [first, second] = yield* runs(new MemoryCache(), engine, program, program)
        assert.strictEqual(first!.stats.keptBlocks, 0)
        assert.isAbove(second!.stats.keptBlocks, 30)
        assert.isBelow(second!.stats.translatedBlocks, first!.stats.translatedBlocks / 4)
        assert.deepStrictEqual(resultOf(second!), resultOf(first!))
      }
    })
  )

  it.effect("serves the processes that a program makes", () =>
    Effect.gen(function* () {
      const program = [...manyBlocks(ones), ...call(Sys.clone, 17), ...manyBlocks(ones), ...exitWithA5]
      const [first, second] = yield* runs(new MemoryCache(), engine, program, program)
      assert.deepStrictEqual(
        [first, second].map((one) => statusOf(one!)),
        [120, 120]
      )
      // In the first run one of the two may have ended before the other began.
      assert.strictEqual(second!.stats.translatedBlocks, 0)
      assert.isAbove(second!.stats.keptBlocks, 180)
    })
  )

  it.effect("is not used where the program is another one", () =>
    Effect.gen(function* () {
      const cache = new MemoryCache()
      const changed = [...manyBlocks(ones.with(30, 7)), ...exitWithA5]
      const all = yield* runs(cache, engine, countTo60, changed, changed, countTo60)
      assert.deepStrictEqual(all.map(statusOf), [60, 66, 66, 60])
      assert.strictEqual(all[1]!.stats.translatedBlocks, 1)
      assert.deepStrictEqual(cache.rejected, [])
    })
  )

  it.effect("does not outlive a change of the code by the program itself", () =>
    Effect.gen(function* () {
      // Goes through all blocks, makes its code writable, turns one of the steps into another, goes through them once more.
      const head = [...li(s0, 2), ...li(s1, codeStart)]
      const blocks = manyBlocks(ones)
      const change = [
        ...call(Sys.mprotect, codeStart, 4096, 7),
        ...li(t0, insn("addi", { rd: a5, rs1: a5, imm: 9 })),
        insn("sw", { rs1: s1, rs2: t0, imm: 4 * (head.length + 2 * 30) }),
        fenceI
      ]
      const program = [
        ...head,
        ...blocks,
        insn("addi", { rd: s0, rs1: s0, imm: -1 }),
        insn("beq", { rs1: s0, rs2: zero, imm: 4 * (change.length + 2) }),
        ...change,
        insn("jal", { rd: 0, imm: -4 * (blocks.length + 2 + change.length) }),
        ...exitWithA5
      ]
      const all = yield* runs(new MemoryCache(), engine, program, program, program)
      assert.deepStrictEqual(all.map(statusOf), [128, 128, 128])
    })
  )

  it.effect("that is damaged is rejected, and the program runs without", () =>
    Effect.gen(function* () {
      const cache = new MemoryCache()
      yield* runs(cache, engine, countTo60)
      const [[key, bytes]] = [...cache.kept] as [[string, Uint8Array<ArrayBuffer>]]
      const damages = [
        new Uint8Array(0),
        new Uint8Array(bytes.length),
        bytes.slice(0, -8),
        bytes.with(4, 99),
        bytes.with(8, bytes[8]! + 1),
        bytes.with(11, 0xff)
      ]
      for (const damaged of damages) {
        cache.kept.set(key, damaged)
        const [again] = yield* runs(cache, engine, countTo60)
        assert.deepStrictEqual([statusOf(again!), again!.stats.keptBlocks], [60, 0])
      }
      assert.lengthOf(cache.rejected, damages.length)
    })
  )

  it.effect("is not used under a plugin that looks at blocks, and is under others", () =>
    Effect.gen(function* () {
      const cache = new MemoryCache()
      const { stats } = yield* run({ program: countTo60, engine: { ...engine, cache } })
      const seen = () => {
        const pcs: Array<bigint> = []
        return {
          pcs,
          plugin: plugin((api) =>
            api.onTbTrans((tb) => {
              const { pc } = tb
              tb.onExec(() => void pcs.push(pc))
            })
          )
        }
      }
      const [cold, warm] = [seen(), seen()]
      yield* run({ program: countTo60, plugins: [cold.plugin], engine })
      const watched = yield* run({ program: countTo60, plugins: [warm.plugin], engine: { ...engine, cache } })
      assert.deepStrictEqual(warm.pcs, cold.pcs)
      assert.deepStrictEqual([watched.stats.keptBlocks, watched.stats.translatedBlocks], [0, stats.translatedBlocks])
      const other = yield* run({
        program: countTo60,
        plugins: [plugin((api) => api.onSyscall(() => {}))],
        engine: { ...engine, cache }
      })
      assert.strictEqual(other.stats.keptBlocks, stats.translatedBlocks)
    })
  )

  it.effect("belongs to options of the engine", () =>
    Effect.gen(function* () {
      const cache = new MemoryCache()
      yield* runs(cache, engine, countTo60)
      const { stats } = yield* run({ program: countTo60, engine: { ...engine, cache }, options: { oneInsnPerTb: true } })
      assert.strictEqual(stats.keptBlocks, 0)
      assert.strictEqual(cache.kept.size, 2)
    })
  )
})

describe("kept code", () => {
  it.effect("holds nothing that the program has made", () =>
    Effect.gen(function* () {
      // Writes blocks behind its data, makes the page executable instead, and runs it.
      const place = codeStart + 0x8000
      const blocks = [...manyBlocks(ones), insn("jalr", { rd: 0, rs1: ra, imm: 0 })]
      const program = [
        ...li(s1, place),
        ...blocks.flatMap((word, i) => [...li(t0, word), insn("sw", { rs1: s1, rs2: t0, imm: 4 * i })]),
        ...call(Sys.mprotect, place, 4096, 5),
        insn("jalr", { rd: ra, rs1: s1, imm: 0 }),
        ...manyBlocks(ones),
        ...exitWithA5
      ]
      const cache = new MemoryCache()
      const [first, second] = yield* runs(cache, { cold: 0 }, program, program)
      assert.deepStrictEqual(
        [first, second].map((one) => statusOf(one!)),
        [120, 120]
      )
      assert.isAbove(second!.stats.keptBlocks, ones.length)
      assert.isAtLeast(second!.stats.translatedBlocks, ones.length)
      assert.strictEqual(first!.stats.translatedBlocks, second!.stats.translatedBlocks + second!.stats.keptBlocks)
    })
  )

  it.effect("agrees with the reference all the way", () =>
    Effect.gen(function* () {
      for (const program of [countTo60, example("sort"), example("primes"), example("threads")]) {
        const cache = new MemoryCache()
        const engine = { jit: { hotThreshold: 20, synchronous: true, baseline: true }, lockstep: {}, cache }
        const [first, second] = yield* runs(cache, engine, program, program)
        assert.isAbove(second!.stats.keptBlocks, 30)
        assert.deepStrictEqual(resultOf(second!), resultOf(first!))
      }
    })
  )
})
