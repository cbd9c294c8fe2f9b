/** What the compiled tier remembers of every translated block: where it goes, and what plugins wove into it. */
import type { DynCallback, Instrumentation } from "@emu/core/Instrumentation"
import type { IrBlock } from "../../ir/Block.ts"
import { type StaticExit, staticExits } from "./Cfg.ts"

export interface KnownBlock {
  readonly pc: number
  readonly end: number
  readonly ops: number
  /** Guest addresses of its instructions. */
  readonly insnPcs: ReadonlyArray<number>
  readonly exits: ReadonlyArray<StaticExit>
  readonly instrumentation: Instrumentation | undefined
}

export class Blocks {
  private readonly byPc = new Map<number, KnownBlock>()
  private readonly preceding = new Map<number, Array<number>>()

  /** Takes note of a block. */
  add(pc: number, end: number, ir: IrBlock, instrumentation: Instrumentation | undefined): void {
    const exits = staticExits(ir, end)
    const insnPcs = ir.insns.map((insn) => Number(insn.pc))
    this.byPc.set(pc, { pc, end, ops: ir.ops.length, insnPcs, exits, instrumentation })
    for (const exit of exits) {
      const list = this.preceding.get(exit.pc)
      if (list === undefined) this.preceding.set(exit.pc, [pc])
      else if (!list.includes(pc)) list.push(pc)
    }
  }

  get(pc: number): KnownBlock | undefined {
    return this.byPc.get(pc)
  }

  /** Blocks with a static exit to a pc. */
  predecessors(pc: number): ReadonlyArray<number> {
    return this.preceding.get(pc) ?? []
  }

  remove(pc: number): void {
    this.byPc.delete(pc)
  }

  clear(): void {
    this.byPc.clear()
    this.preceding.clear()
  }
}

/**
 * Where a block can be cut because another one of the region covers the rest of it: number of instructions to keep, or
 * undefined. Blocks overlap where a jump leads into the middle of one, and without cuts nearly every loop with a condition in
 * it would have two entries. The rest must carry the same instrumentation in both.
 */
export const cutOf = (block: KnownBlock, others: ReadonlyMap<number, KnownBlock>): number | undefined => {
  for (let i = 1; i < block.insnPcs.length; i++) {
    const other = others.get(block.insnPcs[i]!)
    if (other !== undefined && other.end === block.end && sameInstrumentation(block, i, other)) return i
  }
  return undefined
}

const sameInstrumentation = (block: KnownBlock, from: number, other: KnownBlock): boolean => {
  const a = block.instrumentation?.insns ?? []
  const b = other.instrumentation?.insns ?? []
  for (let i = 0; i < other.insnPcs.length; i++) {
    if (!sameList(a[from + i]?.exec ?? [], b[i]?.exec ?? []) || !sameList(a[from + i]?.mem ?? [], b[i]?.mem ?? []))
      return false
  }
  return true
}

const sameList = (a: ReadonlyArray<DynCallback>, b: ReadonlyArray<DynCallback>): boolean =>
  a.length === b.length && a.every((callback, i) => same(callback, b[i]!))

const same = (a: DynCallback, b: DynCallback): boolean => {
  const keys = Object.keys(a) as Array<keyof DynCallback>
  return keys.every((key) => {
    if (a[key] === b[key]) return true
    return (key as string) === "entry" && sameEntry(a, b)
  })
}

const sameEntry = (a: DynCallback, b: DynCallback): boolean =>
  "entry" in a && "entry" in b && a.entry.scoreboard === b.entry.scoreboard && a.entry.offset === b.entry.offset
