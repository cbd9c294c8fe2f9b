/** Windows: an access that one allows must be allowed by the page table, whatever pages and windows went through. */
import { assert, describe, it } from "@effect/vitest"
import { Windows } from "@emu/tcg/engine/jit/install/Windows"
import { Window } from "@emu/tcg/engine/jit/Runtime"
import * as Layout from "@emu/tcg/Layout"
import * as Schema from "effect/Schema"
import { Guest } from "../support/Guest.ts"

const { mapped, read, write } = Layout.PageFlag
const firstPage = 0x100
const pages = 24
const temp = Layout.cpuStateSlots

const setUp = (capacity?: number) => {
  const { state } = new Guest()
  state.pageTable.fill(0, firstPage - 1, firstPage + pages + 1)
  const windows = new Windows(state, capacity)
  /** Changes pages as the memory manager does: table first, then whoever counts on it. */
  const protect = (first: number, last: number, flags: number) => {
    state.pageTable.fill(mapped | flags, first, last + 1)
    windows.protect(first, last, mapped | flags)
  }
  /** Whether compiled code lets an access of eight bytes at an address pass by its window. */
  const allows = (cell: number, address: number) => {
    const offset = address - state.u32[(cell + Window.low) >>> 2]!
    return offset >= 0 && offset < state.u32[(cell + Window.limit) >>> 2]!
  }
  return { allows, protect, state, windows }
}

/** A step: windows of loads and stores are moved to a page, or a run of pages gets other permissions. */
const Step = Schema.Struct({
  page: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: pages - 1 })),
  length: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 6 })),
  flags: Schema.Literals([0, read, write, read | write]),
  moves: Schema.Boolean
})

describe("windows", () => {
  it.prop("allow nothing that the page table does not", [Schema.Array(Step)], ([steps]) => {
    const { allows, protect, state, windows } = setUp()
    const cells = [
      { cell: windows.add(temp, false), needs: read },
      { cell: windows.add(temp, true), needs: read | write }
    ]
    protect(firstPage, firstPage + pages - 1, read | write)
    for (const { flags, length, moves, page } of steps) {
      const first = firstPage + page
      if (moves) for (const { cell } of cells) windows.move(cell, first * Layout.pageSize)
      else protect(first, Math.min(first + length, firstPage + pages) - 1, flags)
      for (const { cell, needs } of cells) {
        for (let each = firstPage - 1; each <= firstPage + pages; each++) {
          for (const address of [each * Layout.pageSize, (each + 1) * Layout.pageSize - 8]) {
            if (allows(cell, address)) assert.strictEqual(state.pageTable[each]! & needs, needs, `page ${each.toString(16)}`)
          }
        }
      }
    }
  })

  it("that loads and stores share when all are in use are not the same", () => {
    const { allows, protect, windows } = setUp(3)
    protect(firstPage, firstPage, read | write)
    protect(firstPage + 1, firstPage + 1, read)
    windows.add(temp, false)
    const stores = windows.add(temp, true)
    const loads = windows.add(temp, false)
    assert.strictEqual(windows.add(temp, true), stores)
    assert.strictEqual(windows.add(temp, false), loads)
    const readOnly = (firstPage + 1) * Layout.pageSize
    for (const cell of [stores, loads]) windows.move(cell, readOnly)
    assert.isTrue(allows(loads, readOnly))
    assert.isFalse(allows(stores, readOnly))
  })

  it("let no code count on a page that changed before, nor on any once that has happened often", () => {
    const { protect, state, windows } = setUp()
    const at = (page: number) => (firstPage + page) * Layout.pageSize
    protect(firstPage, firstPage + pages - 1, read | write)
    const lose = (page: number) => {
      state.pageTable.fill(mapped, firstPage + page, firstPage + page + 1)
      return windows.protect(firstPage + page, firstPage + page, mapped)
    }
    assert.isFalse(lose(0), "nobody counted on it")
    for (let page = 1; page <= 4; page++) {
      assert.isTrue(windows.covers(at(page), at(page) + 8, true))
      assert.isTrue(lose(page))
      windows.clear()
      protect(firstPage + page, firstPage + page, read | write)
      assert.isFalse(windows.covers(at(page), at(page) + 8, true))
    }
    assert.isFalse(windows.covers(at(5), at(5) + 8, false))
  })
})
