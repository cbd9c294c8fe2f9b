/** Memories of processes: their number, their use again, and what they share. */
import { assert, beforeEach, describe, it } from "@effect/vitest"
import type { Engine } from "@emu/tcg/Engine"
import type { CpuState } from "@emu/tcg/CpuState"
import { Prot } from "@emu/guest/linux/memory/Region"
import { type Place, Places } from "@emu/guest/linux/memory/GuestMemory"
import { fileOf, makeState } from "../support/kernel.ts"

const engine = { flushPages: () => {}, protect: () => {} } as unknown as Engine["Service"]
const { memory } = makeState()
const first: CpuState = makeState()
const start = 0x20000
const end = 0x23000

describe("places", () => {
  it("are used again, empty and with zeroed registers", () => {
    const places = new Places({ engine, state: first }, { make: () => engine, reset: () => {} }, () => memory)
    const place = places.take()!
    place.memory.map(start, end, { prot: Prot.read | Prot.write })
    place.state.u8[start] = 1
    place.slots[5] = 6n
    places.leave(place)
    const again = places.take()!
    assert.strictEqual(again, place)
    assert.deepStrictEqual([...again.memory.regions.all], [])
    assert.strictEqual(again.slots[5], 0n)
    again.memory.map(start, end, { prot: Prot.read })
    assert.strictEqual(again.state.u8[start], 0)
  })

  it("stay with the one who is left of two who share it", () => {
    const places = new Places({ engine, state: first }, { make: () => engine, reset: () => {} }, () => memory)
    const place = places.take()!
    place.users++
    place.memory.map(start, end, { prot: Prot.read })
    places.leave(place)
    assert.lengthOf(place.memory.regions.all, 1)
  })

  it.each([
    ["the host has no memory", () => engine],
    ["there can be one engine only", () => undefined]
  ])("there is none where %s", (_, make) => {
    const full = () => {
      throw new RangeError("WebAssembly.Memory(): could not allocate memory")
    }
    const places = new Places({ engine, state: first }, { make, reset: () => {} }, full)
    assert.isUndefined(places.take())
  })
})

describe("shared memory", () => {
  let parent: Place
  let child: Place

  beforeEach(() => {
    const memories = [memory]
    const places = new Places(
      { engine, state: first },
      { make: () => engine, reset: () => {} },
      () => memories.pop() ?? makeState().memory
    )
    parent = places.first
    parent.memory.clear()
    child = places.take()!
  })

  /** Gives the turn from one to the other. */
  const turn = (from: Place, to: Place): void => {
    from.memory.flushShared()
    to.memory.catchUp()
  }

  it("has what the one stored who had the turn last, page by page", () => {
    parent.memory.map(start, end, { prot: Prot.read | Prot.write, shared: true })
    parent.state.u8[start] = 1
    child.memory.copyFrom(parent.memory)
    parent.state.u8[start] = 2
    turn(parent, child)
    assert.strictEqual(child.state.u8[start], 2)
    child.state.u8[start + 4096] = 3
    turn(child, parent)
    assert.deepStrictEqual([parent.state.u8[start], parent.state.u8[start + 4096]], [2, 3])
  })

  it("outlives the one who stored it", () => {
    parent.memory.map(start, end, { prot: Prot.read | Prot.write, shared: true })
    child.memory.copyFrom(parent.memory)
    turn(parent, child)
    child.state.u8[start + 8192] = 4
    child.memory.clear()
    turn(child, parent)
    assert.strictEqual(parent.state.u8[start + 8192], 4)
  })

  it("is the same through mappings of one file at different places", () => {
    const file = fileOf(new Uint8Array(3 * 4096))
    const mapping = { prot: Prot.read | Prot.write, shared: true, file }
    parent.memory.map(start, end, mapping)
    child.memory.map(0x50000, 0x51000, { ...mapping, offset: 4096 })
    parent.state.u8[start + 4096] = 5
    turn(parent, child)
    assert.strictEqual(child.state.u8[0x50000], 5)
    assert.strictEqual(file.contents[4096], 5)
  })

  it("has futexes that both find, unless they are private", () => {
    parent.memory.map(start, end, { prot: Prot.read | Prot.write, shared: true })
    child.memory.copyFrom(parent.memory)
    assert.deepStrictEqual(parent.waitersAt(start + 8, false), child.waitersAt(start + 8, false))
    assert.notStrictEqual(parent.waitersAt(start + 8, true).queue, child.waitersAt(start + 8, true).queue)
  })

  it("is not what private mappings are", () => {
    parent.memory.map(start, end, { prot: Prot.read | Prot.write })
    parent.state.u8[start] = 1
    child.memory.copyFrom(parent.memory)
    parent.state.u8[start] = 2
    turn(parent, child)
    assert.strictEqual(child.state.u8[start], 1)
  })
})
