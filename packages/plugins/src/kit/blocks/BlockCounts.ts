/**
 * Counts executions of single instructions for the price of one inline addition per block.
 *
 * Entering a block counts for all of its instructions. Where an exception leaves it in the middle, those behind are taken back.
 * Which block that was, its address tells: blocks end where their code says so, so all that an instruction belongs to have the
 * same instructions behind it. Those that were cut off (after 512 instructions) say themselves when they are being executed.
 */
import { InlineOp } from "@emu/core/Instrumentation"
import type { InsnHandle, PluginApi, TbHandle } from "@emu/core/PluginApi"
import type { ScoreboardU64 } from "@emu/core/Scoreboard"

interface Block<Counter> {
  /** Counts up from 1. */
  readonly number: bigint
  readonly pcs: ReadonlyArray<bigint>
  readonly opcodes: ReadonlyArray<number>
  /** Where each instruction counts. */
  readonly counters: ReadonlyArray<Counter | undefined>
  readonly entered: ScoreboardU64
  readonly isCutOff: boolean
}

/** What the API is needed for. */
type Scoreboards = Pick<PluginApi, "scoreboardNewUnsafe" | "u64" | "u64Get" | "u64Set" | "u64Sum">

/** How instructions are counted. */
export interface BlockCounting<Counter> {
  /** Where an instruction counts, undefined: nowhere. Asked when it is first seen, in each block. */
  readonly counterOf: (insn: InsnHandle) => Counter | undefined
  /** Told of executions that count, and of some that did not happen after all. */
  readonly add: (counter: Counter, executions: number) => void
  /** Whether blocks end after an instruction, always. Where in doubt, false is right. */
  readonly endsBlock: (insn: InsnHandle) => boolean
}

/** Slots are made by the board: neighbours in memory, and few boards. */
const slotsPerBoard = 512
const pageBits = 12n

export class BlockCounts<Counter> {
  readonly #api: Scoreboards
  readonly #how: BlockCounting<Counter>
  readonly #blocks: Array<Block<Counter>> = []
  /**
   * Blocks by page, in the order of their last translation: an older one may be of code that has changed since. Code that is
   * translated again counts in the same slot as long as it is the same.
   */
  readonly #pages = new Map<bigint, Array<Block<Counter>>>()
  /** The number of the block that was cut off and is being executed, or 0. */
  readonly #current: ScoreboardU64
  #board = 0
  #slotsLeft = 0

  constructor(api: Scoreboards, how: BlockCounting<Counter>) {
    this.#api = api
    this.#how = how
    this.#current = this.#newSlot()
  }

  /** Counts the instructions of a block from now on. */
  count(tb: TbHandle): void {
    const { entered, isCutOff, number } = this.#block(tb)
    tb.inline(InlineOp.addU64, entered, 1n)
    if (!isCutOff) return
    tb.inline(InlineOp.storeU64, this.#current, number)
    tb.insns.at(-1)!.inline(InlineOp.storeU64, this.#current, 0n)
  }

  /** An instruction has raised an exception: those behind it in its block have not been executed. */
  interrupted(vcpu: number, pc: bigint): void {
    const current = this.#blocks[Number(this.#api.u64Get(this.#current, vcpu)) - 1]
    this.#api.u64Set(this.#current, vcpu, 0n)
    const holds = ({ pcs }: Block<Counter>) => pcs.includes(pc)
    const block =
      current !== undefined && holds(current)
        ? current
        : this.#pages.get(pc >> pageBits)?.findLast((it) => !it.isCutOff && holds(it))
    const at = block?.pcs.indexOf(pc) ?? -1
    if (at >= 0) for (const counter of block!.counters.slice(at + 1)) if (counter !== undefined) this.#how.add(counter, -1)
  }

  /** Adds up what was counted. */
  collect(): void {
    for (const { counters, entered } of this.#blocks) {
      const executions = Number(this.#api.u64Sum(entered))
      for (const counter of counters) if (counter !== undefined) this.#how.add(counter, executions)
    }
  }

  #block({ insns, pc }: TbHandle): Block<Counter> {
    const page = pc >> pageBits
    let there = this.#pages.get(page)
    if (there === undefined) this.#pages.set(page, (there = []))
    const opcodes = insns.map(({ opcode }) => opcode)
    const isSame = (it: Block<Counter>) =>
      it.pcs[0] === pc && it.opcodes.length === opcodes.length && it.opcodes.every((opcode, i) => opcode === opcodes[i])
    const index = there.findIndex(isSame)
    const block = index < 0 ? this.#newBlock(insns, opcodes) : there.splice(index, 1)[0]!
    there.push(block)
    return block
  }

  #newBlock(insns: ReadonlyArray<InsnHandle>, opcodes: ReadonlyArray<number>): Block<Counter> {
    const last = insns.at(-1)!
    const endsPage = (last.pc + BigInt(last.size)) % (1n << pageBits) === 0n
    const block = {
      number: BigInt(this.#blocks.length + 1),
      pcs: insns.map(({ pc }) => pc),
      opcodes,
      counters: insns.map(this.#how.counterOf),
      entered: this.#newSlot(),
      isCutOff: insns.length > 1 && !endsPage && !this.#how.endsBlock(last)
    }
    this.#blocks.push(block)
    return block
  }

  #newSlot(): ScoreboardU64 {
    if (this.#slotsLeft === 0) {
      this.#board = this.#api.scoreboardNewUnsafe(8 * slotsPerBoard)
      this.#slotsLeft = slotsPerBoard
    }
    return this.#api.u64(this.#board, 8 * --this.#slotsLeft)
  }
}
