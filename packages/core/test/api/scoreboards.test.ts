/** Scoreboards through the API: values, bounds, growth and the return of memory. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { installBare, withSystem } from "../fakes.ts"

const tagOf = (f: () => unknown): string | undefined => {
  try {
    f()
    return undefined
  } catch (error) {
    return (error as { readonly _tag: string })._tag
  }
}

const index = "ScoreboardIndexError"

describe("scoreboards", () => {
  it.effect("add, get, set and sum 64-bit unsigned values per vCPU", () =>
    withSystem((system) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        const board = yield* api.scoreboardNew(16)
        const [first, second] = [api.u64(board), api.u64(board, 8)]
        yield* system.vcpuInit(0)
        yield* system.vcpuInit(1)
        api.u64Set(first, 0, -1n)
        api.u64Add(first, 0, 3n)
        api.u64Add(first, 1, 5n)
        api.u64Set(second, 1, 9n)
        assert.deepStrictEqual([api.u64Get(first, 0), api.u64Get(first, 1), api.u64Get(second, 0)], [2n, 5n, 0n])
        assert.deepStrictEqual([api.u64Sum(first), api.u64Sum(second)], [7n, 9n])
        assert.strictEqual(api.scoreboardFind(board, 1).getBigUint64(8, true), 9n)
        assert.strictEqual(api.scoreboardFind(board, 1).byteLength, 16)
      })
    )
  )

  it.effect("refuse vCPUs that never were (so all, in install), wrong offsets, and freed boards", () =>
    withSystem((system) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        const board = yield* api.scoreboardNew(8)
        const entry = api.u64(board)
        const uses = (vcpu: number) => [
          tagOf(() => api.u64Get(entry, vcpu)),
          tagOf(() => api.u64Set(entry, vcpu, 1n)),
          tagOf(() => api.u64Add(entry, vcpu, 1n)),
          tagOf(() => api.scoreboardFind(board, vcpu))
        ]
        assert.deepStrictEqual(uses(0), Array<string>(4).fill("ScoreboardIndexError"))
        assert.strictEqual(api.u64Sum(entry), 0n)
        yield* system.vcpuInit(0)
        assert.deepStrictEqual(uses(0), [undefined, undefined, undefined, undefined])
        assert.strictEqual(
          tagOf(() => api.u64(board, 8)),
          "ScoreboardOffsetError"
        )
        assert.strictEqual(
          tagOf(() => api.u64Get({ scoreboard: board, offset: 8 }, 0)),
          "ScoreboardOffsetError"
        )
        yield* api.scoreboardFree(board)
        assert.deepStrictEqual(uses(0), Array<string>(4).fill("FreedScoreboardError"))
        assert.strictEqual((yield* Effect.flip(api.scoreboardFree(board)))._tag, "FreedScoreboardError")
        assert.strictEqual((yield* Effect.flip(api.scoreboardNew(0)))._tag, "ScoreboardSizeError")
      })
    )
  )

  it.effect("are found by an entry that was used before whatever has changed since", () =>
    withSystem((system) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        const board = yield* api.scoreboardNew(16)
        const entry = api.u64(board, 8)
        yield* system.vcpuInit(0)
        const add = (vcpu: number) => tagOf(() => api.u64Add(entry, vcpu, 1n))
        assert.deepStrictEqual([0, 1, -1, 0.5, 0].map(add), [undefined, index, index, index, undefined])
        yield* system.vcpuInit(1)
        yield* api.scoreboardNew(8)
        assert.deepStrictEqual([add(0), add(1), add(2)], [undefined, undefined, index])
        yield* system.vcpuInit(40)
        assert.deepStrictEqual([add(0), add(1), add(40)], [undefined, undefined, undefined])
        assert.deepStrictEqual(
          [0, 1, 2, 40].map((vcpu) => api.u64Get(entry, vcpu)),
          [4n, 2n, 0n, 1n]
        )
        assert.strictEqual(api.scoreboardFind(board, 0).getBigUint64(8, true), 4n)
        yield* api.scoreboardFree(board)
        assert.strictEqual(add(0), "FreedScoreboardError")
      })
    )
  )

  it.effect("move when they grow, with what they hold; code asks for the new place", () =>
    withSystem((system, { engine }) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        const boards = [yield* api.scoreboardNew(8), yield* api.scoreboardNew(24)]
        yield* system.vcpuInit(15)
        for (const board of boards) api.u64Set(api.u64(board), 15, BigInt(board))
        const before = boards.map((board) => engine.scoreboard(board).byteOffset)
        yield* system.vcpuInit(16)
        for (const [i, board] of boards.entries()) {
          assert.strictEqual(api.u64Get(api.u64(board), 15), BigInt(board))
          assert.strictEqual(api.u64Get(api.u64(board), 16), 0n)
          assert.notStrictEqual(engine.scoreboard(board).byteOffset, before[i])
          assert.strictEqual(engine.scoreboard(board).capacity, 32)
        }
      })
    )
  )

  it.effect("give their memory back with the flush that ends all code that knew it, not before", () =>
    withSystem((system, { engine }) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        yield* system.vcpuInit(0)
        const flushed = engine.flushed
        engine.flushed = () => undefined
        const first = yield* api.scoreboardNew(8)
        const place = engine.scoreboard(first).byteOffset
        yield* api.scoreboardFree(first)
        assert.notStrictEqual(engine.scoreboard(yield* api.scoreboardNew(8)).byteOffset, place)
        flushed()
        assert.strictEqual(engine.scoreboard(yield* api.scoreboardNew(8)).byteOffset, place)
      })
    )
  )

  // With a copy of all boards for each new one this took a minute.
  it.effect(
    "that are many, such as one for each block, cost no more each than few",
    () =>
      withSystem(
        (system) =>
          Effect.gen(function* () {
            const many = 30_000
            const api = yield* installBare(system, "p")
            yield* system.vcpuInit(0)
            const entries = Array.from({ length: many }, () => api.u64(api.scoreboardNewUnsafe(8)))
            for (const entry of entries) api.u64Add(entry, 0, 1n)
            assert.strictEqual(
              entries.reduce((sum, entry) => sum + api.u64Sum(entry), 0n),
              BigInt(many)
            )
            for (const { scoreboard } of entries) yield* api.scoreboardFree(scoreboard)
          }),
        1 << 23
      ),
    20_000
  )

  it.effect("that find no room leave everything as it was", () =>
    withSystem((system) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        yield* system.vcpuInit(0)
        assert.strictEqual((yield* Effect.flip(api.scoreboardNew(1 << 20)))._tag, "ScoreboardMemoryExhausted")
        const board = yield* api.scoreboardNew(30_000)
        api.u64Set(api.u64(board), 0, 1n)
        const before = system.state()
        assert.strictEqual((yield* Effect.flip(system.vcpuInit(16)))._tag, "ScoreboardMemoryExhausted")
        assert.strictEqual(system.state(), before)
        assert.strictEqual(api.u64Get(api.u64(board), 0), 1n)
        yield* system.inGuest(0, Effect.void)
      })
    )
  )
})
