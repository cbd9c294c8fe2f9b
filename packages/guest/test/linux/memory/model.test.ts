/** Random sequences of memory calls against a plain array of pages. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { PageFlag, pageSize } from "@emu/tcg/Layout"
import { madvise, mprotect } from "@emu/guest/linux/memory/advice"
import { mmapBase } from "@emu/guest/linux/memory/AddressSpace"
import { mmap, mremap, munmap } from "@emu/guest/linux/memory/mmap"
import { mergeable } from "@emu/guest/linux/memory/Region"
import { kernelOf, makeSpace, makeState } from "../support/kernel.ts"

const windowPages = 24
const Page = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: windowPages - 1 }))
const Count = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 6 }))
const Prot = Schema.Literals([0, 1, 3, 3, 5, 7])
const Command = Schema.Union([
  Schema.Struct({ op: Schema.Literals(["map", "mapHere", "protect"]), page: Page, count: Count, prot: Prot }),
  Schema.Struct({ op: Schema.Literals(["unmap", "discard", "grow", "shrink"]), page: Page, count: Count }),
  Schema.Struct({ op: Schema.Literal("write"), page: Page, byte: Schema.Literals([1, 2, 3]) })
])
type Command = typeof Command.Type

/** A page of the model: its protection and first byte. */
interface ModelPage {
  prot: number
  byte: number
}
type Model = Array<ModelPage | undefined>

const state = makeState()
const { space } = makeSpace(state)
const kernel = kernelOf({ state, memory: space })
const addressOf = (page: number): number => mmapBase + page * pageSize
const fixed = 0x10
const privateAnonymous = 0x22
const mayMove = 1
const dontNeed = 4

const hole = (model: Model, count: number): number => {
  let page = 0
  while (Array.from({ length: count }, (_, i) => model[page + i]).some((held) => held !== undefined)) page++
  return page
}

/** Does a command to both; the results must agree. */
const execute = (model: Model, command: Command): void => {
  const { page } = command
  const address = addressOf(page)
  if (command.op === "write") {
    const held = model[page]
    if (held === undefined || (held.prot & 2) === 0) return
    held.byte = state.u8[address] = command.byte
    return
  }
  const { count } = command
  const range = Array.from({ length: count }, (_, i) => page + i)
  const size = count * pageSize
  const isFull = range.every((at) => model[at] !== undefined)
  switch (command.op) {
    case "map":
      assert.strictEqual(mmap(kernel, 0, size, command.prot, privateAnonymous, -1, 0), addressOf(hole(model, count)))
      fill(model, hole(model, count), count, command.prot)
      break
    case "mapHere":
      assert.strictEqual(mmap(kernel, address, size, command.prot, privateAnonymous | fixed, -1, 0), address)
      fill(model, page, count, command.prot)
      break
    case "protect": {
      assert.strictEqual(mprotect(kernel, address, size, command.prot), isFull ? 0 : -12)
      for (const at of range) {
        const held = model[at]
        if (held === undefined) break
        held.prot = command.prot
      }
      break
    }
    case "unmap":
      assert.strictEqual(munmap(kernel, address, size), 0)
      for (const at of range) model[at] = undefined
      break
    case "discard":
      assert.strictEqual(madvise(kernel, address, size, dontNeed), isFull ? 0 : -12)
      for (const at of range) if (model[at] !== undefined) model[at].byte = 0
      break
    case "grow": {
      const to = hole(model, count + 1)
      const result = mremap(kernel, address, size, size + pageSize, mayMove, 0)
      assert.strictEqual(result, isFull ? addressOf(to) : -14)
      if (!isFull) break
      const moved = range.map((at) => model[at]!)
      for (const at of range) model[at] = undefined
      moved.forEach((held, i) => (model[to + i] = held))
      model[to + count] = { prot: moved[count - 1]!.prot, byte: 0 }
      break
    }
    case "shrink":
      assert.strictEqual(mremap(kernel, address, size, pageSize, 0, 0), isFull ? address : -14)
      if (isFull) for (const at of range.slice(1)) model[at] = undefined
  }
}

const fill = (model: Model, page: number, count: number, prot: number): void => {
  for (let i = 0; i < count; i++) model[page + i] = { prot, byte: 0 }
}

const compare = (model: Model): void => {
  for (let page = 0; page < model.length + 2; page++) {
    const held = model[page]
    const flags = state.pageTable[addressOf(page) / pageSize]
    assert.strictEqual(flags, held === undefined ? 0 : held.prot | PageFlag.mapped, `flags of page ${page}`)
    if (held !== undefined) assert.strictEqual(state.u8[addressOf(page)], held.byte, `contents of page ${page}`)
    assert.strictEqual(space.regions.at(addressOf(page))?.prot, held?.prot, `region of page ${page}`)
  }
  const regions = space.regions.all
  regions.forEach((region, i) => {
    const next = regions[i + 1]
    if (next === undefined) return
    assert.isTrue(region.end <= next.start, "regions are sorted and disjoint")
    assert.isFalse(mergeable(region, next), "regions are merged")
  })
}

describe("address space", () => {
  it.prop(
    "does what an array of pages does",
    [Schema.Array(Command)],
    ([commands]) => {
      space.clear()
      const model: Model = []
      for (const command of commands) {
        execute(model, command)
        compare(model)
      }
    },
    { arbitrary: { runs: 500 } }
  )
})
