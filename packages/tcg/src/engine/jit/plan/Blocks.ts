/** What the compiled tier remembers of every translated block: where it goes, and what plugins wove into it. */
import type { DynCallback, Instrumentation } from "@emu/core/Instrumentation"
import { constantOf, type IrBlock } from "../../../ir/Block.ts"
import { JumpHint, Opcode } from "../../../ir/Opcode.ts"
import { canBeUndone, type StaticExit, staticExits } from "../analysis/Cfg.ts"

export interface KnownBlock {
  readonly pc: number
  readonly end: number
  readonly ops: number
  /** Guest addresses of its instructions. */
  readonly insnPcs: Uint32Array
  readonly exits: ReadonlyArray<StaticExit>
  /** It ends with a computed jump that is neither a call nor a return. */
  readonly jumps: boolean
  readonly instrumentation: Instrumentation | undefined
}

/** A translated block, with its IR as `Blocks.add` wants it. */
export interface DescribedBlock extends Pick<KnownBlock, "end" | "insnPcs" | "instrumentation"> {
  readonly ir: IrBlock
}

export class Blocks {
  private readonly byPc = new Map<number, KnownBlock>()
  private readonly preceding = new Map<number, Array<number>>()
  /** Targets of direct calls: functions, not targets of computed jumps. */
  private readonly called = new Set<number>()
  /** Blocks that end with a computed jump. */
  private readonly jumping = new Neighbours()
  /** Blocks to which nothing is known to lead: likely targets of computed jumps. */
  private readonly unexplained = new Neighbours()
  /** Blocks that are entered by computed jumps although other ways lead to them as well. */
  private readonly jumpedTo = new Neighbours()

  /**
   * Describes a translated block that was not added: most blocks never become warm, and what is known of them would be a fifth of
   * the time and a third of the memory that translating them takes.
   */
  private readonly describe: ((pc: number) => DescribedBlock | undefined) | undefined
  /** The IR of blocks that were described, until it is taken. */
  private readonly described = new Map<number, IrBlock>()

  constructor(describe?: (pc: number) => DescribedBlock | undefined) {
    this.describe = describe
  }

  /** Takes note of a block. */
  add(
    { end, insnPcs, pc }: Pick<KnownBlock, "pc" | "end" | "insnPcs">,
    ir: IrBlock,
    instrumentation: Instrumentation | undefined
  ): void {
    const exits = staticExits(ir, end)
    const jumps = ir.ops.some((op) => op.opcode === Opcode.goto_ptr && op.args[1] === JumpHint.jump)
    this.byPc.set(pc, { pc, end, ops: ir.ops.length, insnPcs, exits, jumps, instrumentation })
    if (jumps) this.jumping.add(pc)
    if (!this.preceding.has(pc) && !this.called.has(pc)) this.unexplained.add(pc)
    const callee = calledBy(ir)
    if (callee !== undefined) {
      this.called.add(callee)
      this.unexplained.delete(callee)
    }
    for (const exit of exits) {
      const list = this.preceding.get(exit.pc)
      if (list === undefined) {
        this.preceding.set(exit.pc, [pc])
        this.unexplained.delete(exit.pc)
      } else if (!list.includes(pc)) list.push(pc)
    }
  }

  get(pc: number): KnownBlock | undefined {
    const known = this.byPc.get(pc)
    if (known !== undefined) return known
    const found = this.describe?.(pc)
    if (found === undefined) return undefined
    this.add({ pc, end: found.end, insnPcs: found.insnPcs }, found.ir, found.instrumentation)
    this.described.set(pc, found.ir)
    return this.byPc.get(pc)
  }

  /** The IR of a block that was described since this was last called, with its instrumentation. */
  takeIr(pc: number): IrBlock | undefined {
    const ir = this.described.get(pc)
    this.described.delete(pc)
    return ir
  }

  /** Blocks with a static exit to a pc; for a likely target of computed jumps, the blocks near it that end with one. */
  predecessors(pc: number): ReadonlyArray<number> {
    const known = this.preceding.get(pc)
    if (known !== undefined || !this.isJumpTarget(pc)) return known ?? []
    const jumping = this.jumping.near(pc)
    return jumping.length > maxJumps ? [] : jumping
  }

  /** Whether a block is likely to be the target of computed jumps: nothing else is known to lead to it, or it was noted. */
  isJumpTarget(pc: number): boolean {
    return this.unexplained.has(pc) || this.jumpedTo.has(pc)
  }

  /** Notes that a computed jump was seen to lead to a pc. */
  addJumpTarget(pc: number): void {
    this.jumpedTo.add(pc)
  }

  /** Notes that a block is entered by something that is not known: maybe a computed jump near it, if there is one. */
  noteJumpTarget(pc: number): void {
    if (this.jumping.near(pc).length > 0) this.jumpedTo.add(pc)
  }

  /**
   * Likely targets of the computed jump at the end of a block. Where there are many, as in the dispatch loop of an interpreter, none:
   * a region with all of them would be compiled again for each that turns up later, and its locals would be spilled around each.
   */
  jumpTargets(from: number): ReadonlyArray<number> {
    const targets = [...new Set([...this.unexplained.near(from), ...this.jumpedTo.near(from)])]
    return targets.length > maxJumps ? [] : targets
  }

  remove(pc: number): void {
    this.byPc.delete(pc)
    this.described.delete(pc)
    for (const set of [this.jumping, this.unexplained, this.jumpedTo]) set.delete(pc)
  }

  clear(): void {
    this.byPc.clear()
    this.described.clear()
    this.preceding.clear()
    this.called.clear()
    for (const set of [this.jumping, this.unexplained, this.jumpedTo]) set.clear()
  }
}

/** More computed jumps near each other, or targets of them, are not compiled into one region. */
const maxJumps = 24

/** Computed jumps of one function, such as the cases of a switch, go about this far at most. */
const nearby = 0x10000

/** A set of guest pcs that knows which of them are near another. */
class Neighbours {
  private readonly chunks = new Map<number, Set<number>>()

  add(pc: number): void {
    const chunk = Math.floor(pc / nearby)
    const set = this.chunks.get(chunk)
    if (set === undefined) this.chunks.set(chunk, new Set([pc]))
    else set.add(pc)
  }

  delete(pc: number): void {
    this.chunks.get(Math.floor(pc / nearby))?.delete(pc)
  }

  has(pc: number): boolean {
    return this.chunks.get(Math.floor(pc / nearby))?.has(pc) ?? false
  }

  /** Members that are near a pc. */
  near(pc: number): Array<number> {
    const found: Array<number> = []
    const chunk = Math.floor(pc / nearby)
    for (let at = chunk - 1; at <= chunk + 1; at++) {
      for (const member of this.chunks.get(at) ?? []) if (Math.abs(member - pc) < nearby) found.push(member)
    }
    return found
  }

  clear(): void {
    this.chunks.clear()
  }
}

/** The target of the direct call at a block's end. */
const calledBy = (ir: IrBlock): number | undefined => {
  const call = ir.ops.find((op) => op.opcode === Opcode.goto_tb && op.args[2] === JumpHint.call)
  const target = call && constantOf(ir, call.args[0]!)
  return target === undefined ? undefined : Number(target)
}

/**
 * Where a block can be cut because another one of the region covers the rest of it: number of instructions to keep, or
 * undefined. Blocks overlap where a jump leads into the middle of one, and without cuts nearly every loop with a condition in
 * it would have two entries. The rest must carry the same instrumentation in both.
 */
export const cutOf = (block: KnownBlock, others: ReadonlyMap<number, KnownBlock>): number | undefined => {
  for (let i = 1; i < block.insnPcs.length; i++) {
    const other = others.get(block.insnPcs[i]!)
    if (other === undefined || other.end !== block.end || !sameInstrumentation(block, i, other)) continue
    // One that goes on in the middle of a loop is led over its front, if what plugins do there can be undone.
    if (!isLoop(other) || (other.instrumentation?.tb.every(canBeUndone) ?? true)) return i
  }
  return undefined
}

/** Whether a block is a loop by itself. A block that goes on in its middle would give that loop a second entry. */
const isLoop = ({ exits, pc }: KnownBlock): boolean => exits.some((exit) => exit.pc === pc && !exit.call)

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
