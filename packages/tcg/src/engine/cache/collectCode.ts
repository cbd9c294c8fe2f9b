/** Makes the bytes of kept code from what a machine has translated, and from what was kept before. */
import * as Layout from "../../Layout.ts"
import { Code, codeShapes } from "../interpreter/code/Code.ts"
import type { CodeBlock } from "../interpreter/CodeBlock.ts"
import { headWords } from "../interpreter/code/heads.ts"
import { codeWords, firstCode, type Machine } from "../interpreter/Machine.ts"
import { comparedHalves, type StoredCode } from "./StoredCode.ts"
import { allocate, placeOf, type StoredSections } from "./StoredFormat.ts"

/** What is kept of a program at the most: half of the room that a machine has, so that new code has room beside it. */
const maxWords = codeWords / 2
const maxConstants = (Layout.constantPoolEnd - Layout.constantPoolBase) / 16

/** Where code to be kept lies: in a machine, or in bytes that were kept. */
interface Source {
  readonly code: Int32Array<ArrayBufferLike>
  /** The place of the first word there. */
  readonly origin: number
  readonly insnPcs: Uint32Array<ArrayBufferLike>
  readonly insnPlaces: Int32Array<ArrayBufferLike>
  readonly constants: Constants
  /** Guest code. */
  readonly halves: Uint16Array<ArrayBufferLike>
}

/** A block to be kept. Places are those that its code has in a machine. */
interface Kept {
  readonly source: Source
  readonly pc: number
  readonly bytes: number
  readonly entry: number
  /** Behind its last word. */
  readonly codeEnd: number
  readonly firstInsn: number
  readonly insns: number
  /** Where its guest code begins. */
  readonly firstHalf: number
  /** It ran in this run. */
  readonly isUsed: boolean
}

/**
 * Blocks that were translated since the last flush and can be kept: those that are still there, without instrumentation, in pages that are as
 * in their files.
 *
 * @param isFromFile whether a guest page is so: what the guest has made itself is not kept
 */
export const newBlocks = (machine: Machine, isFromFile: (page: number) => boolean): Array<CodeBlock> => {
  const pages = new Map<number, boolean>()
  const isKept = (page: number): boolean => {
    let known = pages.get(page)
    if (known === undefined) {
      known = isFromFile(page)
      pages.set(page, known)
    }
    return known
  }
  return machine.byEntry.filter((block) => {
    const { bytes, firstPage, isPlain, lastPage, pc } = block
    if (!isPlain || bytes !== undefined || machine.blocks.get(pc) !== block) return false
    return !machine.blocks.isWritable(firstPage, lastPage) && isKept(firstPage) && isKept(lastPage)
  })
}

const translated = (machine: Machine, blocks: ReadonlyArray<CodeBlock>, all: AllConstants): Array<Kept> => {
  const { byEntry, code, codeEnd, insns, state } = machine
  const pool = Layout.constantPoolBase / 8
  const source: Source = {
    code,
    origin: 0,
    insnPcs: insns.pcs,
    insnPlaces: insns.places,
    constants: new Constants(all, state.i64.subarray(pool, pool + machine.constants.size)),
    halves: state.u16
  }
  const ends = new Map(byEntry.map((block, index) => [block, byEntry[index + 1]?.entry ?? codeEnd]))
  return blocks.map((block) => {
    const { end, entry, firstInsn, pc } = block
    const place = { entry, codeEnd: ends.get(block)!, firstInsn, firstHalf: pc >>> 1 }
    return { source, pc, bytes: end - pc, insns: block.insns, isUsed: true, ...place }
  })
}

const stored = (sections: StoredSections, all: AllConstants, isUsed: (number: number) => boolean): Array<Kept> => {
  const { code, constants, entries, extents, firstHalves, firstInsns, halves, insnPcs, insnPlaces, pcs } = sections
  const source: Source = {
    code,
    origin: firstCode,
    insnPcs,
    insnPlaces,
    constants: new Constants(all, constants),
    halves
  }
  return Array.from(pcs, (pc, number) => ({
    source,
    pc,
    bytes: extents[number]! & 0xffff,
    entry: firstCode + entries[number]!,
    codeEnd: firstCode + (entries[number + 1] ?? code.length),
    firstInsn: firstInsns[number]!,
    insns: extents[number]! >>> 16,
    firstHalf: firstHalves[number]!,
    isUsed: isUsed(number)
  }))
}

/** Those of further blocks that are not among some already. */
const without = (known: ReadonlyArray<Kept>, further: ReadonlyArray<Kept>): ReadonlyArray<Kept> => {
  const byPc = new Map<number, Array<Kept>>()
  for (const one of known) {
    const list = byPc.get(one.pc)
    if (list === undefined) byPc.set(one.pc, [one])
    else list.push(one)
  }
  return further.filter((one) => byPc.get(one.pc)?.some((other) => haveSameCode(one, other)) !== true)
}

const haveSameCode = (a: Kept, b: Kept): boolean => {
  if (a.bytes !== b.bytes) return false
  for (let i = comparedHalves(a.pc, a.bytes) - 1; i >= 0; i--) {
    if (a.source.halves[a.firstHalf + i] !== b.source.halves[b.firstHalf + i]) return false
  }
  return true
}

const sum = (kept: ReadonlyArray<Kept>, of: (one: Kept) => number): number =>
  kept.reduce((before, one) => before + of(one), 0)

const wordsOf = ({ codeEnd, entry }: Kept): number => codeEnd - entry

/**
 * Makes the bytes.
 *
 * @param before what had been kept when the program began
 * @param added blocks of `newBlocks`
 * @param others what somebody else has kept meanwhile
 * @returns undefined where they cannot be kept
 */
export const collectCode = (
  machine: Machine,
  before: StoredCode | undefined,
  added: ReadonlyArray<CodeBlock>,
  others: StoredSections | undefined
): Uint8Array<ArrayBuffer> | undefined => {
  const constants: AllConstants = { values: [] }
  const own = [
    ...(before === undefined ? [] : stored(before.sections, constants, (number) => before.blocks[number] !== undefined)),
    ...translated(machine, added, constants)
  ]
  const all =
    others === undefined
      ? own
      : [
          ...own,
          ...without(
            own,
            stored(others, constants, () => false)
          )
        ]
  // Where there is too much, what this run did without goes.
  const kept = sum(all, wordsOf) > maxWords ? own.filter(({ isUsed }) => isUsed) : all
  const words = sum(kept, wordsOf)
  if (kept.length === 0 || words > maxWords) return undefined
  const code = new Int32Array(words)
  let length = 0
  for (const one of kept) {
    const end = copyBlock(one, machine.tier !== undefined, code, length)
    if (end === undefined) return undefined
    length = end
  }
  if (constants.values.length > maxConstants) return undefined
  const { bytes, sections } = allocate({
    blocks: kept.length,
    insns: sum(kept, ({ insns }) => insns),
    words,
    constants: constants.values.length,
    halves: sum(kept, ({ bytes: size, pc }) => comparedHalves(pc, size)),
    places: 2 ** Math.ceil(Math.log2(2 * kept.length))
  })
  sections.code.set(code)
  sections.constants.set(constants.values)
  fillBlocks(kept, sections)
  return bytes
}

const fillBlocks = (kept: ReadonlyArray<Kept>, sections: StoredSections): void => {
  const { entries, extents, firstHalves, firstInsns, halves, insnPcs, insnPlaces, pcs, table } = sections
  let entry = 0
  let insn = 0
  let half = 0
  kept.forEach((one, number) => {
    const { source } = one
    pcs[number] = one.pc
    entries[number] = entry
    extents[number] = one.bytes | (one.insns << 16)
    firstInsns[number] = insn
    firstHalves[number] = half
    const delta = firstCode + entry - one.entry
    for (let i = one.firstInsn; i < one.firstInsn + one.insns; i++) {
      insnPcs[insn] = source.insnPcs[i]!
      insnPlaces[insn++] = source.insnPlaces[i]! + delta
    }
    const count = comparedHalves(one.pc, one.bytes)
    for (let i = 0; i < count; i++) halves[half++] = source.halves[one.firstHalf + i]!
    entry += wordsOf(one)
    let place = placeOf(one.pc, table.length)
    while (table[place] !== 0) place = (place + 1) & (table.length - 1)
    table[place] = number + 1
  })
}

/** The constants that kept code names, in the order in which they are met. */
interface AllConstants {
  readonly values: Array<bigint>
}

/** The constants of one source, and where they will be. */
class Constants {
  private readonly all: AllConstants
  private readonly own: BigInt64Array<ArrayBufferLike>
  private readonly numbers: Int32Array

  constructor(all: AllConstants, own: BigInt64Array<ArrayBufferLike>) {
    this.all = all
    this.own = own
    this.numbers = new Int32Array(own.length).fill(-1)
  }

  /** The address that a constant will have, by the one that it has. */
  move(address: number): number {
    const number = (address - Layout.constantPoolBase) / 8
    let moved = this.numbers[number]!
    if (moved < 0) {
      moved = this.all.values.push(this.own[number]!) - 1
      this.numbers[number] = moved
    }
    return Layout.constantPoolBase + 8 * moved
  }
}

/** `codeShapes` as character codes. */
const kinds = { value: 0x76, link: 0x6c, target: 0x74, seen: 0x73 }

/**
 * Copies the words of a block: as if it had never run, for another place.
 *
 * @returns the place behind it; undefined where the code is not what it should be
 */
const copyBlock = (
  { codeEnd, entry, source: { code, constants, origin } }: Kept,
  hasHead: boolean,
  into: Int32Array,
  from: number
): number | undefined => {
  const delta = firstCode + from - entry
  const end = codeEnd - origin
  let to = from
  let at = entry - origin
  if (hasHead) {
    into[to] = Code.hot
    to += headWords
    at += headWords
  }
  while (at < end) {
    const operation = code[at]!
    const shape = codeShapes[operation & 0xff]
    if (shape === undefined) return undefined
    into[to++] = operation
    at++
    for (let i = 0; i < shape.length; i++, at++) {
      const word = code[at]!
      const kind = shape.charCodeAt(i)
      if (kind === kinds.value) into[to++] = word >>> 0 >= Layout.constantPoolBase ? constants.move(word >>> 0) : word
      else if (kind === kinds.link) into[to++] = -1
      else if (kind === kinds.target) into[to++] = word + delta
      else into[to++] = kind === kinds.seen ? 0 : word
    }
  }
  return at === end ? to : undefined
}
