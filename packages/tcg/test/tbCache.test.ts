/** The cache of computed jumps. */
import { assert, describe, it } from "@effect/vitest"
import { CpuState } from "@emu/tcg/CpuState"
import { wasmPages } from "@emu/tcg/Layout"
import { jumpCacheAt, type Tb, TbCache } from "@emu/tcg/TbCache"

const state = new CpuState(new WebAssembly.Memory({ initial: wasmPages, maximum: wasmPages, shared: true }))
const block = (pc: number): Tb => ({
  pc,
  entry: 8,
  end: pc + 4,
  firstPage: pc >> 12,
  lastPage: pc >> 12,
  bytes: undefined,
  incoming: []
})
const cached = (pc: number): number => state.i32[jumpCacheAt(pc)]!

describe("the cache of computed jumps", () => {
  it("is empty at first, whatever the memory holds", () => {
    state.i32[jumpCacheAt(0x1000)] = 0x1000
    assert.isDefined(new TbCache(state, () => {}))
    assert.strictEqual(cached(0x1000), -1)
  })

  it("is empty after each flush, and a flush of an empty one touches no memory", () => {
    const cache = new TbCache(state, () => {})
    for (const pc of [0x1000, 0x2008]) {
      cache.cacheJump(block(pc))
      assert.strictEqual(cached(pc), pc)
      cache.flushJumpCache()
      assert.strictEqual(cached(pc), -1)
    }
    const mark = 77
    state.i32[jumpCacheAt(0x3000)] = mark
    cache.flushJumpCache()
    assert.strictEqual(cached(0x3000), mark)
  })
})
