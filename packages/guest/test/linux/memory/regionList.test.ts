/** The list of regions against a row of pages: what is free, where holes are, how much is low. */
import { assert, describe, it } from "@effect/vitest"
import { guestEnd, pageSize } from "@emu/tcg/Layout"
import * as Schema from "effect/Schema"
import { RegionList } from "@emu/guest/linux/memory/RegionList"

const pages = 24
/** The last pages of low memory, and the first high ones. */
const base = guestEnd - 16 * pageSize
const Page = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: pages - 1 }))
const Count = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 6 }))
const Command = Schema.Struct({
  op: Schema.Literals(["map", "map", "unmap", "search", "search"]),
  page: Page,
  count: Count
})

/** The first `count` free pages in a row from a page on. */
const firstHole = (used: ReadonlyArray<boolean>, count: number, from: number): number | undefined => {
  for (let page = from; page + count <= pages; page++) {
    if (used.slice(page, page + count).every((isUsed) => !isUsed)) return page
  }
  return undefined
}

const region = { prot: 3, shared: false, name: "", file: undefined, segment: undefined, offset: 0 }

describe("the list of regions", () => {
  it.prop(
    "finds the first hole whatever was searched, mapped and unmapped before",
    [Schema.Array(Command)],
    ([commands]) => {
      const list = new RegionList()
      const used = new Array<boolean>(pages).fill(false)
      for (const { count, op, page } of commands) {
        const last = Math.min(page + count, pages)
        const [start, end] = [base + page * pageSize, base + last * pageSize]
        if (op === "search") {
          const found = list.hole(count * pageSize, start, base + pages * pageSize)
          assert.strictEqual(found === undefined ? undefined : (found - base) / pageSize, firstHole(used, count, page))
          continue
        }
        list.remove(start, end)
        if (op === "map") list.insert({ ...region, start, end })
        used.fill(op === "map", page, last)
        assert.strictEqual(list.lowBytes, used.slice(0, 16).filter(Boolean).length * pageSize)
      }
    },
    { arbitrary: { runs: 2000 } }
  )
})
