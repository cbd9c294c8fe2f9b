/** Loops whose pointers walk up or down, to the ends of what may be read or written and over them. */
import type { Random } from "../Random.ts"
import { behindConstants, code, constants, data, firstPage, lastPage, patches, stack } from "./layout.ts"
import { accessAt, free, insn, plain } from "./operations.ts"
import type { Body, Branch, Item, Word } from "./Program.ts"

/** Puts a pointer near the end of a page: inside the data, at its end, or where pages begin that cannot be written. */
export const pointerNearEnd = (random: Random, pointer: number): Array<Word> => {
  const near = random.between(-40, 16)
  switch (random.below(4)) {
    case 0:
      return [insn("addi", { rd: pointer, rs1: 4, imm: near - 100 })]
    case 1:
      return [
        insn("lui", { rd: 7, imm: 0x1000 }),
        insn("sub", { rd: pointer, rs1: 4, rs2: 7 }),
        insn("addi", { rd: pointer, rs1: pointer, imm: near })
      ]
    case 2:
      return [
        insn("lui", { rd: 7, imm: 0x1000 }),
        insn("add", { rd: pointer, rs1: 27, rs2: 7 }),
        insn("addi", { rd: pointer, rs1: pointer, imm: near })
      ]
    default:
      return [
        insn("lui", { rd: 7, imm: 0x4000 }),
        insn("sub", { rd: pointer, rs1: 4, rs2: 7 }),
        insn("addi", { rd: pointer, rs1: pointer, imm: near + 60 })
      ]
  }
}

/** Pages that allow the same, or something in common, with others around them. */
interface Stretch {
  readonly start: number
  readonly end: number
}

const stretches: ReadonlyArray<Stretch> = [
  data,
  data,
  { start: data.start, end: data.start + 0x2000 },
  constants,
  behindConstants,
  { start: constants.start, end: behindConstants.end },
  ...patches,
  ...patches,
  firstPage,
  lastPage,
  stack,
  { start: code.end - 0x2000, end: code.end }
]

const steps = [1, 1, 2, 4, 4, 8, 8, 8, 16, 24, 40, 264, 2040, 4104]

/** A walk of one pointer: where it begins, by how much it goes, and how many rounds take it to the end and a little further. */
interface Walk {
  readonly pointer: number
  readonly start: number
  readonly step: number
  readonly trips: number
}

/** Compiled code looks ahead by so many bytes in a stretch, if that is enough rounds (see `lower/rounds.ts` of the JIT). */
const lookahead = ({ end, start }: Stretch) => Math.min((end - start) / 4, 1 << 16)

/** A walk that begins as far from the end as compiled code looks ahead, more or less. */
const walkFromLookahead = (random: Random, pointer: number, stretch: Stretch): Walk | undefined => {
  const bytes = lookahead(stretch)
  const fit = [1, 2, 4, 8, 16, 256].filter((step) => bytes / step >= 256 && bytes / step <= 1200)
  if (fit.length === 0) return undefined
  const step = random.pick(fit) * random.pick([1, -1])
  // The code may exist only some rounds later.
  const near = random.between(0, 40) + Math.abs(step) * random.pick([0, 1, 2, 19, 20, 21, 39, 40, 41])
  const start = step > 0 ? stretch.end - bytes - near : stretch.start + bytes + near
  return { pointer, start, step, trips: Math.floor(bytes / Math.abs(step)) + random.between(2, 30) }
}

const randomWalk = (random: Random, pointer: number, stretch: Stretch): Walk => {
  const step = random.pick(steps) * random.pick([1, -1])
  const trips = random.pick([3, 20, 60, 150])
  const near = random.pick([0, 0, -1, -8, random.between(-40, 40)])
  const end = step > 0 ? stretch.end : stretch.start
  return { pointer, start: end - step * random.between(0, trips) + near, step, trips }
}

const walkOf = (random: Random, pointer: number): Walk => {
  const stretch = random.pick(stretches)
  return (random.oneIn(4) ? walkFromLookahead(random, pointer, stretch) : undefined) ?? randomWalk(random, pointer, stretch)
}

/** Puts an address of up to 32 bits into a register. */
const pointTo = (rd: number, address: number): Array<Word> => {
  const at = Math.max(0, Math.min(address, 0xffffffff))
  const low = ((at + 0x800) & 0xfff) - 0x800
  const words = [insn("lui", { rd, imm: (at - low) | 0 }), insn("addi", { rd, rs1: rd, imm: low })]
  const isSigned = at >= 0x80000000 - 0x800
  return isSigned ? [...words, insn("slli", { rd, rs1: rd, imm: 32 }), insn("srli", { rd, rs1: rd, imm: 32 })] : words
}

const add = (register: number, added: number): Array<Word> => {
  if (Math.abs(added) < 2048) return [insn("addi", { rd: register, rs1: register, imm: added })]
  return [...pointTo(7, Math.abs(added)), insn(added > 0 ? "add" : "sub", { rd: register, rs1: register, rs2: 7 })]
}

/** Mostly at the pointer or next to it. */
const offset = (random: Random) => random.pick([0, 0, 0, 8, -8, 16, random.between(-64, 64), random.between(-2048, 2047)])

const wordsOf = (words: ReadonlyArray<Word>): Item => ({ kind: "words", words })

const accesses = (random: Random, pointer: number): Item =>
  wordsOf(Array.from({ length: random.between(1, 3) }, () => accessAt(random, pointer, offset(random))))

const straight = (random: Random): Item => wordsOf(Array.from({ length: random.between(1, 6) }, () => plain(random)))

const anyBranch = (random: Random): Branch => ({
  name: random.pick(["beq", "bne", "blt", "bgeu"]),
  rs1: random.pick(free),
  rs2: random.oneIn(3) ? 0 : random.pick(free)
})

/** Two ways, of which mostly each is taken in some rounds of a loop. */
const fork = (random: Random, counter: number, taken: Body, otherwise: Body): Body => {
  if (random.oneIn(3)) return [{ kind: "if", branch: anyBranch(random), taken, otherwise }]
  const bits = wordsOf([insn("andi", { rd: 7, rs1: counter, imm: random.pick([1, 1, 2, 4]) })])
  return [bits, { kind: "if", branch: { name: random.pick(["beq", "bne"]), rs1: 7, rs2: 0 }, taken, otherwise }]
}

/** Moves a pointer: always by the same, or only on one of two ways, or on both differently. */
const move = (random: Random, { pointer, step }: Walk, counter: number): Body => {
  const moved = (by: number): Body => [wordsOf(add(pointer, by))]
  if (!random.oneIn(4)) return moved(step)
  const otherwise = random.pick([[], [], moved(2 * step), moved(-step), [straight(random)]])
  return fork(random, counter, [...moved(step), ...(random.oneIn(2) ? [straight(random)] : [])], otherwise)
}

const shuffled = <A>(random: Random, list: ReadonlyArray<A>): Array<A> =>
  list
    .map((each) => [random.word(), each] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([, each]) => each)

/**
 * A loop in which one or two pointers walk, and what puts them where they begin: sometimes at one of two places, so that what the
 * compiler guessed at the first does not fit the second.
 */
export const walkingLoop = (random: Random, counter: number): ReadonlyArray<Item> => {
  const pointers = random.oneIn(3) ? [8, 9] : [random.pick([8, 9])]
  const walks = pointers.map((pointer) => walkOf(random, pointer))
  const begin: Body = walks.map(({ pointer, start }) => wordsOf(pointTo(pointer, start)))
  const elsewhere: Body = walks.map(({ pointer }) => wordsOf(pointTo(pointer, walkOf(random, pointer).start)))
  const perhaps = (n: number, item: () => Body): ReadonlyArray<Body> => (random.oneIn(n) ? [item()] : [])
  const parts: ReadonlyArray<Body> = [
    ...pointers.map((pointer) => [accesses(random, pointer)]),
    ...walks.map((walk) => move(random, walk, counter)),
    ...perhaps(2, () => [straight(random)]),
    ...perhaps(3, () => fork(random, counter, [straight(random)], [accesses(random, pointers[0]!)])),
    ...perhaps(4, () => [{ kind: "leave", how: random.pick(["break", "continue"]), branch: anyBranch(random) }])
  ]
  const loop: Item = {
    kind: "loop",
    counter,
    trips: Math.min(2047, Math.max(...walks.map(({ trips }) => trips))),
    body: shuffled(random, parts).flat(),
    entrance: undefined,
    top: random.oneIn(3)
  }
  return [
    ...(random.oneIn(3) ? [{ kind: "if", branch: anyBranch(random), taken: begin, otherwise: elsewhere } as const] : begin),
    loop
  ]
}
