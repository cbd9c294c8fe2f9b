/** Memories of processes: their number, their use again, and what they share. */
import { assert, beforeEach, describe, it } from "@effect/vitest"
import type { Engine } from "@emu/tcg/Engine"
import type { CpuState } from "@emu/tcg/CpuState"
import { Prot } from "@emu/guest/linux/memory/Prot"
import { GuestMemories } from "@emu/guest/linux/memory/GuestMemories"
import type { GuestMemory } from "@emu/guest/linux/memory/GuestMemory"
import { readable, writable } from "@emu/guest/linux/user/UserMemory"
import { fileOf, makeState } from "../support/kernel.ts"

const engine = { flushPages: () => {}, protect: () => {}, programEnded: () => {} } as unknown as Engine["Service"]
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

  /** Stores a byte as the kernel does, and as a guest's store. */
  const store = (to: GuestMemory, address: number, value: number): void => {
    writable(to.state, address, 1)![0] = value
  }
  const load = (from: GuestMemory, address: number): number => readable(from.state, address, 1)![0]!

  it("has what was stored last, page by page", () => {
    parent.addressSpace.map(start, end, { prot: Prot.read | Prot.write, shared: true })
    store(parent, start, 1)
    child.addressSpace.copyFrom(parent.addressSpace)
    store(parent, start, 2)
    assert.strictEqual(load(child, start), 2)
    store(child, start + 4096, 3)
    assert.deepStrictEqual([load(parent, start), load(parent, start + 4096)], [2, 3])
  })

  it("outlives the one who stored it", () => {
    parent.addressSpace.map(start, end, { prot: Prot.read | Prot.write, shared: true })
    child.addressSpace.copyFrom(parent.addressSpace)
    store(child, start + 8192, 4)
    child.addressSpace.clear()
    assert.strictEqual(load(parent, start + 8192), 4)
  })

  it("is the same through mappings of one file at different places", () => {
    const file = fileOf(new Uint8Array(3 * 4096))
    const mapping = { prot: Prot.read | Prot.write, shared: true, file }
    parent.addressSpace.map(start, end, mapping)
    child.addressSpace.map(0x50000, 0x51000, { ...mapping, offset: 4096 })
    store(parent, start + 4096, 5)
    assert.strictEqual(load(child, 0x50000), 5)
    parent.addressSpace.flushShared()
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
    store(parent, start, 1)
    child.addressSpace.copyFrom(parent.addressSpace)
    store(parent, start, 2)
    assert.strictEqual(load(child, start), 1)
  })
})
