/** Regions that are being compiled while the guest runs, and what they were compiled from goes meanwhile. */
import { assert, beforeEach, describe, it } from "@effect/vitest"
import { make } from "@emu/tcg/engine/tiered/TieredEngine"
import * as Layout from "@emu/tcg/Layout"
import { codeBase, Guest } from "../support/Guest.ts"

/** A loop of one block: r1 goes up by a step. */
const loop = (step: number): string => {
  const hex = codeBase.toString(16)
  return ` ---- ${hex} 4 0\nadd r1,r1,$0x${step.toString(16)}\ngoto_tb $0x${hex},0,jump`
}

const hotThreshold = 20
const page = codeBase >>> Layout.pageShift

/** Modules that the host compiles now. */
const coming: Array<Promise<unknown>> = []
const compile = WebAssembly.compile
/** What it was handed. */
const handed: Array<Uint8Array> = []
const delayed: typeof WebAssembly.compile = (bytes, ...options) => {
  handed.push(
    new Uint8Array(
      ArrayBuffer.isView(bytes) ? bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) : bytes
    )
  )
  const module = compile(bytes, ...options)
  coming.push(module)
  return module
}

/** Lets the host finish what it compiles, and the engine take it. */
const arrive = async (): Promise<void> => {
  while (coming.length > 0) await coming.shift()
  await new Promise((resolve) => setTimeout(resolve, 0))
}

const start = () => {
  const guest = new Guest({
    code: { [codeBase]: loop(1) },
    make: (options) => make({ ...options, jit: { hotThreshold } })
  })
  const regions = () => guest.engine.stats().compiled!.regions
  /** Runs until the loop's region is being compiled. */
  const makeHot = async () => {
    guest.engine.run(3 * hotThreshold)
    for (let i = 0; coming.length === 0 && i < 100; i++) await Promise.resolve()
    assert.lengthOf(coming, 1)
    assert.strictEqual(regions(), 0)
  }
  return { guest, regions, makeHot }
}

beforeEach(() => {
  coming.length = 0
  handed.length = 0
  WebAssembly.compile = delayed
  return () => {
    WebAssembly.compile = compile
  }
})

describe("a region that is being compiled", () => {
  it("is entered once it has arrived, while the guest went on in the interpreter", async () => {
    const { guest, makeHot, regions } = start()
    await makeHot()
    guest.engine.run(1000)
    assert.strictEqual(guest.engine.stats().compiled!.insns, 0)
    await arrive()
    assert.strictEqual(regions(), 1)
    guest.engine.run(1000)
    assert.isAtLeast(guest.engine.stats().compiled!.insns, 999)
    assert.strictEqual(guest.reg(1), BigInt(guest.instructions))
  })

  it.each([
    { what: "a flush", drop: ({ engine }: Guest) => engine.flush() },
    {
      what: "a flush of its page, as munmap and mprotect ask for",
      drop: ({ engine }: Guest) => engine.flushPages(page, page)
    },
    {
      what: "fence.i, after a store into it",
      drop: (guest: Guest) => {
        guest.map(codeBase, 1, Layout.PageFlag.read | Layout.PageFlag.write | Layout.PageFlag.exec)
        guest.state.u8[codeBase]! ^= 1
        guest.engine.flushWritable()
      }
    },
    {
      what: "a plugin's change of what is woven in",
      drop: ({ codeCache }: Guest) => codeCache.flush()
    }
  ])("is not installed after $what", async ({ drop }) => {
    const { guest, makeHot, regions } = start()
    await makeHot()
    const before = guest.reg(1)
    drop(guest)
    guest.code[codeBase] = loop(100)
    await arrive()
    assert.strictEqual(regions(), 0)
    guest.engine.run(10)
    assert.strictEqual(guest.reg(1), before + 1000n)
    // The new code becomes hot by itself, and is compiled as it is now.
    guest.engine.run(20 * hotThreshold)
    await Promise.resolve()
    await arrive()
    guest.engine.run(20 * hotThreshold)
    await arrive()
    const [count, value] = [guest.instructions, guest.reg(1)]
    guest.engine.run(1000)
    assert.strictEqual(regions(), 1)
    assert.strictEqual(guest.reg(1), value + 100n * BigInt(guest.instructions - count))
  })

  it("is not made of code that the guest has overwritten, its fence.i yet to come", async () => {
    const { guest, regions } = start()
    guest.map(codeBase, 1, Layout.PageFlag.read | Layout.PageFlag.write | Layout.PageFlag.exec)
    guest.engine.run(hotThreshold - 5)
    guest.state.u8[codeBase]! ^= 1
    guest.engine.run(5 * hotThreshold)
    await Promise.resolve()
    await arrive()
    assert.strictEqual(regions(), 0)
  })

  it("stays when code goes that it does not contain, and what is on its way arrives", async () => {
    const { guest, makeHot, regions } = start()
    const other = codeBase + Layout.pageSize
    guest.map(other, 1, Layout.PageFlag.read | Layout.PageFlag.exec)
    guest.code[other] = ` ---- ${other.toString(16)} 4 0\nadd r2,r2,$0x1\ngoto_tb $0x${other.toString(16)},0,jump`
    const runOther = () => {
      guest.state.i64[Layout.CpuSlot.pc] = BigInt(other)
      guest.engine.run(hotThreshold - 10)
      guest.engine.flushPages(page + 1, page + 1)
      guest.state.i64[Layout.CpuSlot.pc] = BigInt(codeBase)
    }
    await makeHot()
    runOther()
    await arrive()
    assert.strictEqual(regions(), 1)
    runOther()
    const before = guest.engine.stats().compiled!
    guest.engine.run(1000)
    const { flushes, insns } = guest.engine.stats().compiled!
    assert.isAtLeast(insns - before.insns, 999)
    assert.strictEqual(flushes, 0)
    assert.strictEqual(guest.reg(2), 2n * BigInt(hotThreshold - 10))
  })

  it("is dropped with the others when the table is full, and comes again", () => {
    const blocks = 8
    const at = (i: number) => codeBase + 0x40 * (i % blocks)
    const code = Object.fromEntries(
      Array.from({ length: blocks }, (_, i) => [
        at(i),
        // A computed jump: each block is a region of its own.
        ` ---- ${at(i).toString(16)} 4 0\nadd r1,r1,$0x1\nmov r2,$0x${at(i + 1).toString(16)}\ngoto_ptr r2,return`
      ])
    )
    const guest = new Guest({
      code,
      make: (options) => make({ ...options, jit: { hotThreshold, synchronous: true, slots: 3 } })
    })
    for (let i = 0; i < 30; i++) guest.engine.run(300)
    const { flushes, slots, slotsUsed } = guest.engine.stats().compiled!
    assert.strictEqual(slots, 3)
    assert.strictEqual(slotsUsed, 3)
    assert.isAbove(flushes, 10)
    assert.strictEqual(guest.reg(1), BigInt(guest.instructions))
  })
})

describe("engines that become hot in the same code at the same time", () => {
  it("have modules of which no two are equal: V8 would wait for itself", async () => {
    const guests = Array.from({ length: 6 }, () => start())
    for (const { guest } of guests) guest.engine.run(3 * hotThreshold)
    for (let i = 0; coming.length < guests.length && i < 1000; i++) await Promise.resolve()
    assert.lengthOf(coming, guests.length)
    assert.strictEqual(new Set(handed.map((bytes) => bytes.join())).size, guests.length)
    await arrive()
    for (const { regions } of guests) assert.strictEqual(regions(), 1)
  })
})
