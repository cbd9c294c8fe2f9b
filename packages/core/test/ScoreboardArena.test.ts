import { make } from "@emu/core/scoreboard/ScoreboardArena"
import { ScoreboardMemoryExhausted } from "@emu/core/PluginError"
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"

const base = 64
const end = base + 1024

describe("scoreboard arena", () => {
  const size = Schema.Union([
    Schema.Literals([1, 7, 8, 9, 512, 1024]),
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 200 }))
  ])
  const command = Schema.TaggedUnion({
    allocate: { size },
    free: { index: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 })) }
  })

  it.prop(
    "hands out zeroed, aligned, disjoint stretches of the range, and gets all of it back",
    [Schema.Array(command)],
    ([commands]) => {
      const buffer = new ArrayBuffer(2048)
      const bytes = new Uint8Array(buffer)
      const arena = make({ buffer, base, end })
      const held: Array<{ at: number; size: number }> = []
      for (const c of commands) {
        if (c._tag === "free") {
          const [block] = held.splice(c.index, 1)
          if (block !== undefined) arena.free(block.at, block.size)
          continue
        }
        try {
          const at = arena.allocate(c.size)
          const block = { at, size: c.size }
          assert.strictEqual(at % 8, 0)
          assert.isTrue(at >= base && at + c.size <= end)
          for (const other of held) assert.isTrue(at + c.size <= other.at || other.at + other.size <= at)
          assert.isTrue(bytes.subarray(at, at + c.size).every((b) => b === 0))
          bytes.fill(0xff, at, at + c.size)
          held.push(block)
        } catch (error) {
          if (!(error instanceof ScoreboardMemoryExhausted)) throw error
          assert.isTrue(error.available < c.size)
        }
      }
      for (const block of held) arena.free(block.at, block.size)
      assert.strictEqual(arena.allocate(end - base), base, "holes have merged")
      assert.isTrue(bytes.subarray(0, base).every((b) => b === 0) && bytes.subarray(end).every((b) => b === 0))
    },
    { arbitrary: { runs: 500, size: 40 } }
  )

  it("takes the lowest hole that fits, so that equal runs get equal places", () => {
    const arena = make({ buffer: new ArrayBuffer(2048), base, end })
    const [a, b, c] = [arena.allocate(16), arena.allocate(64), arena.allocate(8)]
    arena.free(a, 16)
    arena.free(b, 64)
    assert.strictEqual(arena.allocate(80), a)
    assert.strictEqual(arena.allocate(8), c + 8)
  })

  it("takes what is allocated along to another buffer, and nothing else", () => {
    const [from, to] = [new ArrayBuffer(2048), new ArrayBuffer(2048)]
    const arena = make({ buffer: from, base, end })
    const [a, b, c] = [arena.allocate(16), arena.allocate(64), arena.allocate(8)]
    arena.free(b, 64)
    new Uint8Array(from).fill(7)
    new Uint8Array(to).fill(1)
    arena.moveTo(to)
    assert.strictEqual(arena.buffer, to)
    const moved = new Uint8Array(to)
    for (let at = 0; at < moved.length; at++) {
      const isAllocated = (at >= a && at < a + 16) || (at >= c && at < c + 8)
      assert.strictEqual(moved[at], isAllocated ? 7 : 1, `byte ${at}`)
    }
    assert.isTrue(new Uint8Array(to, arena.allocate(64), 64).every((byte) => byte === 0))
  })
})
