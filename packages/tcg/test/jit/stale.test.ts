/** Regions that do not hold for what the guest does: left where they are entered, they have to make way for others. */
import { assert, beforeEach, describe, it } from "@effect/vitest"
import { make } from "@emu/tcg/engine/tiered/TieredEngine"
import { CpuSlot, FpFlag, pageSize } from "@emu/tcg/Layout"
import { codeBase, dataBase, Guest } from "../support/Guest.ts"

const hotThreshold = 20
/** Runs after which a block asks once more. */
const rearmed = 10 * hotThreshold

/** Modules that the host compiles now, by what finishes them. */
const held: Array<() => void> = []

beforeEach(() => {
  const { compile } = WebAssembly
  held.length = 0
  WebAssembly.compile = (bytes) => new Promise((resolve) => held.push(() => resolve(new WebAssembly.Module(bytes))))
  return () => {
    WebAssembly.compile = compile
  }
})

/** Lets the engine begin what it has planned, and take what the host has compiled. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

/** Finishes a module. */
const finish = async (number: number): Promise<void> => {
  held[number]!()
  await settle()
}

const finishAll = async (): Promise<void> => {
  await settle()
  for (; held.length > 0; await settle()) held.pop()!()
}

const [start, outer, inner] = [codeBase, codeBase + 0x40, codeBase + 0x80]
const hex = (pc: number): string => pc.toString(16)

/** Goes on at a pc, by a jump that no region follows. */
const leaveTo = (pc: number): string => `mov r9,$0x${hex(pc)}\ngoto_ptr r9,return`

/** At `inner` a loop that keeps r1 in 32 bits. It goes round again only if r7 is set. r3 counts its rounds. */
const loop = ` ---- ${hex(inner)} 4
add_i32 r1,r1,$0x1
add r3,r3,$0x1
brcond r7,$0x0,ne,L0
${leaveTo(start)}
set_label L0
goto_tb $0x${hex(inner)},1,jump`

/** What leads to it. */
const around = ` ---- ${hex(outer)} 4\nadd r4,r4,$0x1\ngoto_tb $0x${hex(inner)},0,jump`

/** A value that needs more. */
const wide = 1n << 40n

/** Runs some instructions. Gives how many of them ran in regions. */
const run = (guest: Guest, instructions: number): number => {
  const before = guest.engine.stats().compiled!.insns
  guest.engine.run(instructions)
  return guest.engine.stats().compiled!.insns - before
}

/** r6 goes to r1, then the loop. */
const guestOf = (code: Record<number, string> = {}) =>
  new Guest({
    code: { [start]: ` ---- ${hex(start)} 4\nmov r1,r6\n${leaveTo(inner)}`, [inner]: loop, ...code },
    make: (options) => make({ ...options, jit: { hotThreshold } })
  })

describe("a region that takes a register to be sign-extended from 32 bits", () => {
  it("is replaced where it was written before the first wide value, and has come after that", async () => {
    const guest = guestOf()
    run(guest, 3 * hotThreshold)
    await settle()
    assert.lengthOf(held, 1)
    guest.setReg(6, wide)
    // The block asks once more, and the wide value is seen: it will be no news.
    run(guest, 3 * rearmed)
    assert.lengthOf(held, 1)
    await finish(0)
    run(guest, 10)
    await settle()
    assert.lengthOf(held, 2)
    await finish(1)
    assert.isAtLeast(run(guest, 1000), 990)
    assert.lengthOf(held, 2)
    assert.strictEqual(guest.reg(1), guest.pc === BigInt(start) ? 1n : wide)
  })

  it("is not put in the place of one that was written later", async () => {
    const guest = guestOf({ [start]: ` ---- ${hex(start)} 4\nmov r1,r6\n${leaveTo(outer)}`, [outer]: around })
    // The inner loop goes round until it is hot.
    guest.setReg(7, 1n)
    run(guest, 3 * hotThreshold)
    await settle()
    assert.lengthOf(held, 1)
    guest.setReg(7, 0n)
    guest.setReg(6, wide)
    // The block in front of it is hot now, too, with a wide value: the same region, entered there as well.
    run(guest, 6 * hotThreshold)
    await settle()
    assert.lengthOf(held, 2)
    await finish(1)
    assert.isAtLeast(run(guest, 1000), 990)
    await finish(0)
    assert.isAtLeast(run(guest, 1000), 990)
    await settle()
    assert.lengthOf(held, 2)
  })
})

describe("a region that is left wherever it is entered", () => {
  const entries = [
    {
      what: "as a register needs more than 32 bits",
      code: loop,
      fit: () => {},
      spoil: (guest: Guest) => guest.setReg(6, wide)
    },
    {
      what: "as the floating-point status is not the usual one",
      code: ` ---- ${hex(inner)} 4\nfadd_f64 r2,r4,r4,rne\n${leaveTo(start)}`,
      fit: ({ state }: Guest) => void (state.i64[CpuSlot.fpFlags] = BigInt(FpFlag.inexact)),
      spoil: ({ state }: Guest) => void (state.i64[CpuSlot.fpFlags] = 0n)
    },
    {
      what: "as what a loop may access is not all there",
      // r7 is 0: always the first of 256 words.
      code: ` ---- ${hex(inner)} 4
and r4,r7,$0x7f8
add r4,r4,r8
guest_ld r2,r4,0,uq
brcond r7,$0x0,ne,L0
${leaveTo(start)}
set_label L0
goto_tb $0x${hex(inner)},1,jump`,
      fit: (guest: Guest) => guest.setReg(8, BigInt(dataBase)),
      spoil: (guest: Guest) => guest.setReg(8, BigInt(dataBase + 4 * pageSize - 8))
    }
  ]
  it.each(entries)("makes way within a run, $what", async ({ code, fit, spoil }) => {
    const guest = guestOf({ [inner]: code })
    fit(guest)
    run(guest, 3 * hotThreshold)
    await settle()
    await finish(0)
    assert.isAtLeast(run(guest, 1000), 990)
    spoil(guest)
    run(guest, 1000)
    await settle()
    assert.lengthOf(held, 2)
    // The host cannot hand over what it has compiled before this ends.
    assert.isAtLeast(run(guest, 50_000), 40_000)
    await finish(1)
    assert.isAtLeast(run(guest, 1000), 990)
    await settle()
    assert.lengthOf(held, 2)
  })
})

describe("a region that leaves the rest of each block to the interpreter", () => {
  it("makes way within a run", async () => {
    // r7 is 0: always the first of 256 words.
    const guest = guestOf({
      [inner]: ` ---- ${hex(inner)} 4\nand r4,r7,$0x7f8\nadd r4,r4,r8\nguest_ld r2,r4,0,uq\n${leaveTo(start)}`
    })
    guest.setReg(8, BigInt(dataBase))
    // The engine drops all code once when it has run for a while.
    run(guest, 110_000)
    await finishAll()
    run(guest, 3 * rearmed)
    await finishAll()
    assert.isAtLeast(run(guest, 1000), 990)
    guest.setReg(8, BigInt(dataBase + 4 * pageSize - 8))
    run(guest, 300_000)
    assert.isAtLeast(run(guest, 1000), 990)
  })
})

describe("a block in the middle of a loop", () => {
  it("becomes an entry, although a computed jump is near that could lead to it", async () => {
    const [front, middle, far] = [outer, inner, codeBase + 0xc0]
    const guest = new Guest({
      code: {
        // The loop is reached from outside at its head, once, ...
        [start]: ` ---- ${hex(start)} 4\nmov r9,$0x${hex(far)}\ngoto_ptr r9,jump`,
        [front]: ` ---- ${hex(front)} 4\nadd r2,r2,$0x1\ngoto_tb $0x${hex(middle)},0,jump`,
        [middle]: ` ---- ${hex(middle)} 4
add r3,r3,$0x1
brcond r7,$0x0,ne,L0
${leaveTo(middle)}
set_label L0
goto_tb $0x${hex(front)},1,jump`,
        [far]: ` ---- ${hex(far)} 4\ngoto_tb $0x${hex(front)},0,jump`
      },
      make: (options) => make({ ...options, jit: { hotThreshold, synchronous: true } })
    })
    // ... and from then on in its middle.
    run(guest, 20 * rearmed)
    assert.isAtMost(guest.engine.stats().compiled!.regions, 2)
    assert.isAtLeast(run(guest, 1000), 990)
  })
})

describe("a block behind a write of the floating-point status", () => {
  it("gets a region, although none that leads to it goes on there", () => {
    const front = outer
    const guest = new Guest({
      code: {
        [start]: ` ---- ${hex(start)} 4\n${leaveTo(front)}`,
        [front]: ` ---- ${hex(front)} 4\nmov fpRound,$0x0\ngoto_tb $0x${hex(inner)},0,jump`,
        [inner]: ` ---- ${hex(inner)} 4
fadd_f64 r2,r4,r4,rne
${leaveTo(inner)}`
      },
      make: (options) => make({ ...options, jit: { hotThreshold, synchronous: true } })
    })
    guest.state.i64[CpuSlot.fpFlags] = BigInt(FpFlag.inexact)
    run(guest, 20 * rearmed)
    assert.isAtMost(guest.engine.stats().compiled!.regions, 2)
    assert.isAtLeast(run(guest, 1000), 990)
  })
})

describe("a region that another one calls", () => {
  it("is compiled again where it often leaves blocks to the interpreter", () => {
    const guest = new Guest({
      code: {
        [start]: ` ---- ${hex(start)} 4\nadd r3,r3,$0x1\ngoto_tb $0x${hex(inner)},0,call`,
        [start + 4]: ` ---- ${hex(start + 4)} 4\ngoto_tb $0x${hex(start)},0,jump`,
        // r7 is 0: always the first of 256 words.
        [inner]: ` ---- ${hex(inner)} 4
and r4,r7,$0x7f8
add r4,r4,r8
guest_ld r2,r4,0,uq
${leaveTo(start + 4)}`
      },
      make: (options) => make({ ...options, jit: { hotThreshold, synchronous: true } })
    })
    guest.setReg(8, BigInt(dataBase + 4 * pageSize - 8))
    run(guest, 10_000)
    assert.isAtLeast(run(guest, 1000), 990)
  })
})

describe("modules that do not fit together", () => {
  it("are not all installed, and do not end compilation", async () => {
    const at = (i: number) => codeBase + 0x40 * i
    // Blocks that stay among themselves, by pairs.
    const code = Object.fromEntries(
      [0, 1, 2, 3].map((i) => [at(i), ` ---- ${hex(at(i))} 4\nadd r1,r1,$0x1\n${leaveTo(at(i ^ 1))}`])
    )
    const guest = new Guest({ code, make: (options) => make({ ...options, jit: { hotThreshold, slots: 3 } }) })
    for (const pair of [0, 1]) {
      guest.pc = BigInt(at(2 * pair))
      run(guest, 3 * hotThreshold)
      await settle()
      assert.lengthOf(held, pair + 1)
    }
    await finish(0)
    await finish(1)
    run(guest, 30 * hotThreshold)
    await settle()
    assert.lengthOf(held, 3)
    await finish(2)
    assert.isAtLeast(run(guest, 1000), 990)
  })
})
