/**
 * Loops with a pointer that walks, in compiled code, against arithmetic: they must fault at the first access that is not allowed,
 * not before it, and must end soon when their instructions are used up.
 */
import { assert, describe, it } from "@effect/vitest"
import { ExitKind } from "@emu/tcg/Engine"
import { make } from "@emu/tcg/engine/tiered/TieredEngine"
import { guestEnd, PageFlag, pageSize } from "@emu/tcg/Layout"
import * as Arbitrary from "effect/Arbitrary"
import { codeBase, dataBase, Guest } from "../support/Guest.ts"
import { word } from "../support/values.ts"

const { read, write } = PageFlag

/** Pages beside those of `Guest`: first page, how many, flags. */
const mapped: ReadonlyArray<readonly [address: number, pages: number, flags: number]> = [
  [0x1000, 1, read | write],
  [0x30000, 1, read],
  [0x31000, 2, read | write],
  [0x33000, 1, write],
  [0x34000, 1, 0],
  [0x35000, 1, read | write],
  [guestEnd - pageSize, 1, read | write]
]

/** Addresses around which permissions change. */
const edges = [dataBase, dataBase + 4 * pageSize, guestEnd - pageSize, guestEnd, 0x1000, 0x2000].concat(
  Array.from({ length: 7 }, (_, i) => 0x30000 + i * pageSize)
)

/** The first byte of an access that is not allowed; undefined where all are. */
const firstRefused = (guest: Guest, address: number, size: number, flag: number): number | undefined => {
  const behind = address + size
  const atPage = behind - (((behind % pageSize) + pageSize) % pageSize)
  return [address, ...(atPage > address && atPage < behind ? [atPage] : [])].find(
    (at) => at < 0 || (guest.state.pageTable[Math.floor(at / pageSize)]! & flag) === 0
  )
}

interface Walk {
  readonly step: number
  /** Where it begins, and the offset of its access from there. */
  readonly start: number
  readonly offset: number
  readonly isStore: boolean
  /** log2 of the access's size. */
  readonly size: number
}

const sizes = ["ub", "uw", "ul", "uq"]

/** Instructions of a round. */
const perRound = 4

/** The loop: r1 and r2 walk until r3 has counted to r4. */
const codeOf = (walks: ReadonlyArray<Walk>): Record<number, string> => {
  const at = (i: number) => ` ---- ${(codeBase + 4 * i).toString(16)} 4`
  const constant = (value: number) => `$0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`
  const accesses = walks.map(
    ({ isStore, offset, size }, i) => `${at(i)}\n${isStore ? "guest_st" : "guest_ld"} r9,r${i + 1},${offset},${sizes[size]}`
  )
  const steps = walks.map(({ step }, i) => `add r${i + 1},r${i + 1},${constant(step)}`)
  return {
    [codeBase]: [
      ...accesses,
      at(2),
      ...steps,
      at(3),
      "add r3,r3,$0x1",
      "brcond r3,r4,ltu,L0",
      `goto_tb $0x${(codeBase + 0x40).toString(16)},0,jump`,
      "set_label L0",
      `goto_tb $0x${codeBase.toString(16)},1,jump`
    ].join("\n"),
    [codeBase + 0x40]: ` ---- ${(codeBase + 0x40).toString(16)} 4\nexit_tb $0x${(codeBase + 0x44).toString(16)},syscall`
  }
}

/** Runs the loop with so many instructions at a time. */
const assertWalks = (walks: readonly [Walk, Walk], trips: number, budget: number): void => {
  const guest = new Guest({
    code: codeOf(walks),
    make: (options) => make({ ...options, jit: { hotThreshold: 2, synchronous: true } })
  })
  for (const [address, pages, flags] of mapped) guest.map(address, pages, flags)
  walks.forEach(({ start }, i) => guest.setReg(i + 1, BigInt(start)))
  guest.setReg(4, BigInt(trips))
  const refused = (round: number) =>
    walks.map(({ isStore, offset, size, start, step }) =>
      firstRefused(guest, start + offset + step * round, 1 << size, isStore ? write : read)
    )
  const isRefused = (address: number | undefined) => address !== undefined
  let rounds = 0
  while (rounds < trips && !refused(rounds).some(isRefused)) rounds++
  for (;;) {
    const before = guest.instructions
    const { address, kind } = guest.engine.run(budget)
    assert.isAtMost(guest.instructions - before, budget + perRound, "the loop goes on without instructions")
    if (kind === ExitKind.budget) continue
    assert.strictEqual(Number(guest.reg(3)), rounds)
    if (rounds === trips) return assert.strictEqual(kind, ExitKind.syscall)
    const addresses = refused(rounds)
    const fault = addresses.findIndex(isRefused)
    assert.strictEqual(kind, ExitKind.memoryFault)
    assert.strictEqual(Number(guest.pc), codeBase + 4 * fault)
    return assert.strictEqual(Number(BigInt.asIntN(64, address)), addresses[fault])
  }
}

const steps = [1, 2, 3, 4, 8, 8, 16, 24, 264, 2048, 5000]

const walkOf = (words: ReadonlyArray<number>, rounds: number): Walk => {
  const [a, b, c, d] = words as [number, number, number, number]
  const step = steps[a % steps.length]! * (a & 0x10000 ? 1 : -1)
  // What the code looks ahead, in a window of four pages, is one of them.
  const before = c & 0x10000 ? pageSize : Math.abs(step) * (rounds % 70)
  const start = edges[b % edges.length]! - Math.sign(step) * before + (d % 40) - 20
  return { step, start: Math.max(start, 64), offset: (c % 24) - 12, isStore: (d & 0x10000) !== 0, size: (d >>> 17) % 4 }
}

const Words = Arbitrary.array(word, { minLength: 11, maxLength: 11 })

describe("a loop whose pointers walk", () => {
  it.prop(
    "faults where the first access is not allowed, and hears soon that its instructions are used up",
    [Words],
    ([words]) => {
      const [trips, budget, rounds] = words.slice(8) as [number, number, number]
      const walks = [walkOf(words, rounds), walkOf(words.slice(4), rounds)] as const
      assertWalks(walks, 1 + (trips % 1500), [7, 100, 3000, 100_000][budget % 4]!)
    },
    { arbitrary: { runs: 150 }, timeout: 120_000 }
  )

  const usual = { offset: 0, isStore: false, size: 3 }
  const other = { ...usual, start: dataBase, step: 1 }

  it.each([1, 2, 4, 8, 16])(
    "up and down by %i to the ends of memory, from where they are looked for first",
    (step) => {
      const ends = [dataBase + 4 * pageSize, dataBase] as const
      for (let near = -2 * step - 8; near <= 2 * step + 8; near += Math.ceil(step / 4)) {
        assertWalks([{ ...usual, start: ends[0] - pageSize + near, step }, other], 4 * pageSize, 100_000)
        assertWalks([{ ...usual, start: ends[1] + pageSize + near, step: -step }, other], 4 * pageSize, 100_000)
      }
    },
    120_000
  )

  it.each([8, -8])("by %i, whichever way the rounds take", (step) => {
    const [long, last] = [codeBase + 0x100, codeBase + 0x200].map((pc) => pc.toString(16))
    const insn = (pc: number) => ` ---- ${pc.toString(16)} 4`
    const work = Array.from({ length: 20 }, (_, i) => `${insn(codeBase + 0x100 + 4 * i)}\nadd r5,r5,r6`)
    const guest = new Guest({
      code: {
        // r1 walks, r3 counts the rounds. The first 200 are long and short in turn, all others short.
        [codeBase]: `${insn(codeBase)}
guest_ld r9,r1,0,uq
and r8,r3,r7
brcond r8,$0x0,ne,L0
goto_tb $0x${last},0,jump
set_label L0
goto_tb $0x${long},1,jump`,
        [codeBase + 0x100]: `${work.join("\n")}\ngoto_tb $0x${last},0,jump`,
        [codeBase + 0x200]: `${insn(codeBase + 0x200)}
add r1,r1,$0x${BigInt.asUintN(64, BigInt(step)).toString(16)}
add r3,r3,$0x1
movcond r7,r3,r4,$0x0,r7,eq
goto_tb $0x${codeBase.toString(16)},0,jump`
      },
      make: (options) => make({ ...options, jit: { hotThreshold: 40, synchronous: true } })
    })
    guest.setReg(1, BigInt(dataBase + (step > 0 ? 0 : 4 * pageSize - 8)))
    guest.setReg(4, 200n)
    guest.setReg(7, 1n)
    assert.strictEqual(guest.engine.run(1_000_000).kind, ExitKind.memoryFault)
    assert.strictEqual(Number(guest.reg(3)), (4 * pageSize) / 8)
  })
})
