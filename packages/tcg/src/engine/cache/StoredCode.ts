/**
 * Kept code in a machine: it lies in the machine's code as it was kept, and its blocks come into being when their addresses are first asked
 * for, if the guest has the same code there. Nothing is decoded or translated for them.
 */
import * as Layout from "../../Layout.ts"
import { Code } from "../interpreter/code/Code.ts"
import type { KeptCode } from "../interpreter/CodeKeeper.ts"
import type { CodeBlock } from "../interpreter/CodeBlock.ts"
import { firstCode, type Machine } from "../interpreter/Machine.ts"
import { placeOf, type StoredSections } from "./StoredFormat.ts"

/** What the guest code of a block is compared with: 16-bit pieces, with one behind the block where that has decided on its end. */
export const comparedHalves = (pc: number, bytes: number): number =>
  (bytes >>> 1) + (((pc + bytes) & (Layout.pageSize - 1)) === Layout.pageSize - 2 ? 1 : 0)

/** The kept code of one program, in a machine that runs it. */
export class StoredCode implements KeptCode {
  readonly sections: StoredSections
  /** Behind the last word of the code in the machine. */
  readonly end: number
  /** Blocks that have been asked for, by number. */
  readonly blocks: Array<CodeBlock | undefined>
  private readonly machine: Machine

  /**
   * Puts kept code into a machine without code.
   *
   * @returns undefined where it does not fit
   */
  static install(machine: Machine, sections: StoredSections): StoredCode | undefined {
    const { code, constants, insnPcs, insnPlaces } = sections
    if (!machine.constants.restore(constants)) return undefined
    machine.code.set(code, firstCode)
    machine.codeEnd = firstCode + code.length
    machine.insns.restore(insnPcs, insnPlaces)
    return new StoredCode(machine, sections)
  }

  private constructor(machine: Machine, sections: StoredSections) {
    this.machine = machine
    this.sections = sections
    this.end = machine.codeEnd
    this.blocks = new Array<CodeBlock | undefined>(sections.pcs.length).fill(undefined)
  }

  /** See `KeptCode`. */
  take(pc: number): CodeBlock | undefined {
    const { pcs, table } = this.sections
    let place = placeOf(pc, table.length)
    for (let left = table.length; left > 0; left--) {
      const number = table[place]! - 1
      if (number < 0) return undefined
      if (pcs[number] === pc && this.agrees(number)) return this.activate(number)
      place = (place + 1) & (table.length - 1)
    }
    return undefined
  }

  /** See `KeptCode`. */
  blockAt(at: number): CodeBlock {
    const { entries } = this.sections
    const place = at - firstCode
    let low = 0
    let high = entries.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (entries[middle]! <= place) low = middle
      else high = middle - 1
    }
    return this.blocks[low]!
  }

  /** Whether the guest has the code of a block, in pages that it may execute and not change. */
  private agrees(number: number): boolean {
    const { extents, firstHalves, firstInsns, entries, code, halves, insnPcs, pcs } = this.sections
    const { pageTable, u16 } = this.machine.state
    const pc = pcs[number]!
    const extent = extents[number]!
    const bytes = extent & 0xffff
    const first = pageTable[pc >>> Layout.pageShift]!
    const last = pageTable[(pc + bytes - 1) >>> Layout.pageShift]!
    if (((first | last) & forbidden) !== 0 || (first & last & Layout.PageFlag.exec) === 0) return false
    const count = comparedHalves(pc, bytes)
    const from = firstHalves[number]!
    const isInside =
      from + count <= halves.length &&
      firstInsns[number]! + (extent >>> 16) <= insnPcs.length &&
      entries[number]! < code.length
    if (!isInside) return false
    const to = pc >>> 1
    for (let i = 0; i < count; i++) if (u16[to + i] !== halves[from + i]) return false
    return true
  }

  private activate(number: number): CodeBlock {
    const { entries, extents, firstInsns, pcs } = this.sections
    const { machine } = this
    const pc = pcs[number]!
    const extent = extents[number]!
    const end = pc + (extent & 0xffff)
    const entry = firstCode + entries[number]!
    if (machine.tier !== undefined) {
      machine.code[entry] = Code.hot
      machine.code[entry + 1] = machine.hotThreshold
    }
    const block: CodeBlock = {
      pc,
      entry,
      end,
      armed: machine.hotThreshold,
      firstPage: pc >>> Layout.pageShift,
      lastPage: (end - 1) >>> Layout.pageShift,
      bytes: undefined,
      incoming: [],
      rests: undefined,
      runs: 0,
      firstInsn: firstInsns[number]!,
      insns: extent >>> 16,
      isPlain: true
    }
    this.blocks[number] = block
    return block
  }
}

/** Pages whose code may change are for the translator. */
const forbidden = Layout.PageFlag.write | Layout.PageFlag.volatile
