/** Memories of processes: their number, their use again, and what they share. */
import { assert, beforeEach, describe, it } from "@effect/vitest"
import type { Engine } from "@emu/tcg/Engine"
import type { CpuState } from "@emu/tcg/CpuState"
import { Prot } from "@emu/guest/linux/memory/Prot"
import { GuestMemories } from "@emu/guest/linux/memory/GuestMemories"
import type { GuestMemory } from "@emu/guest/linux/memory/GuestMemory"
import { fileOf, makeState } from "../support/kernel.ts"

const engine = { flushPages: () => {}, protect: () => {} } as unknown as Engine["Service"]
const { memory } = makeState()
const first: CpuState = makeState()
const start = 0x20000
const end = 0x23000

describe("the memories of a run", () => {
  it("are used again, empty and with zeroed registers", () => {
    const guestMemories = new GuestMemories({ engine, state: first }, { make: () => engine, reset: () => {} }, () => memory)
    const guestMemory = guestMemories.take()!
    guestMemory.addressSpace.map(start, end, { prot: Prot.read | Prot.write })
    guestMemory.state.u8[start] = 1
    guestMemory.slots[5] = 6n
    guestMemories.leave(guestMemory)
    const again = guestMemories.take()!
    assert.strictEqual(again, guestMemory)
    assert.deepStrictEqual([...again.addressSpace.regions.all], [])
    assert.strictEqual(again.slots[5], 0n)
    again.addressSpace.map(start, end, { prot: Prot.read })
    assert.strictEqual(again.state.u8[start], 0)
  })

  it("stay with the one who is left of two who share it", () => {
    const guestMemories = new GuestMemories({ engine, state: first }, { make: () => engine, reset: () => {} }, () => memory)
    const guestMemory = guestMemories.take()!
    guestMemory.users++
    guestMemory.addressSpace.map(start, end, { prot: Prot.read })
    guestMemories.leave(guestMemory)
    assert.lengthOf(guestMemory.addressSpace.regions.all, 1)
  })

  it.each([
    ["the host has no memory", () => engine],
    ["there can be one engine only", () => undefined]
  ])("there is none where %s", (_, make) => {
    const full = () => {
      throw new RangeError("WebAssembly.Memory(): could not allocate memory")
    }
    const guestMemories = new GuestMemories({ engine, state: first }, { make, reset: () => {} }, full)
    assert.isUndefined(guestMemories.take())
  })
})

describe("shared memory", () => {
  let parent: GuestMemory
  let child: GuestMemory

  beforeEach(() => {
    const memories = [memory]
    const guestMemories = new GuestMemories(
      { engine, state: first },
      { make: () => engine, reset: () => {} },
      () => memories.pop() ?? makeState().memory
    )
    parent = guestMemories.first
    parent.addressSpace.clear()
    child = guestMemories.take()!
  })

  /** Gives the turn from one to the other. */
  const turn = (from: GuestMemory, to: GuestMemory): void => {
    from.addressSpace.flushShared()
    to.addressSpace.catchUp()
  }

  it("has what the one stored who had the turn last, page by page", () => {
    parent.addressSpace.map(start, end, { prot: Prot.read | Prot.write, shared: true })
    parent.state.u8[start] = 1
    child.addressSpace.copyFrom(parent.addressSpace)
    parent.state.u8[start] = 2
    turn(parent, child)
    assert.strictEqual(child.state.u8[start], 2)
    child.state.u8[start + 4096] = 3
    turn(child, parent)
    assert.deepStrictEqual([parent.state.u8[start], parent.state.u8[start + 4096]], [2, 3])
  })

  it("outlives the one who stored it", () => {
    parent.addressSpace.map(start, end, { prot: Prot.read | Prot.write, shared: true })
    child.addressSpace.copyFrom(parent.addressSpace)
    turn(parent, child)
    child.state.u8[start + 8192] = 4
    child.addressSpace.clear()
    turn(child, parent)
    assert.strictEqual(parent.state.u8[start + 8192], 4)
  })

  it("is the same through mappings of one file at different places", () => {
    const file = fileOf(new Uint8Array(3 * 4096))
    const mapping = { prot: Prot.read | Prot.write, shared: true, file }
    parent.addressSpace.map(start, end, mapping)
    child.addressSpace.map(0x50000, 0x51000, { ...mapping, offset: 4096 })
    parent.state.u8[start + 4096] = 5
    turn(parent, child)
    assert.strictEqual(child.state.u8[0x50000], 5)
    assert.strictEqual(file.contents[4096], 5)
  })

  it("has futexes that both find, unless they are private", () => {
    parent.addressSpace.map(start, end, { prot: Prot.read | Prot.write, shared: true })
    child.addressSpace.copyFrom(parent.addressSpace)
    assert.deepStrictEqual(parent.waitersAt(start + 8, false), child.waitersAt(start + 8, false))
    assert.notStrictEqual(parent.waitersAt(start + 8, true).queue, child.waitersAt(start + 8, true).queue)
  })

  it("is not what private mappings are", () => {
    parent.addressSpace.map(start, end, { prot: Prot.read | Prot.write })
    parent.state.u8[start] = 1
    child.addressSpace.copyFrom(parent.addressSpace)
    parent.state.u8[start] = 2
    turn(parent, child)
    assert.strictEqual(child.state.u8[start], 1)
  })
})
