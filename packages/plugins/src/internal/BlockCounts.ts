/**
 * Counts executions of single instructions for the price of one inline addition and one store per block.
 *
 * Entering a block counts for all of its instructions. Where an exception leaves it in the middle, those behind are taken back:
 * a slot of each vCPU says which block it is in.
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
}

/** What the API is needed for. */
type Scoreboards = Pick<PluginApi, "scoreboardNewUnsafe" | "u64" | "u64Get" | "u64Sum">

/** Slots are made by the board: neighbours in memory, and few boards. */
const slotsPerBoard = 512

export class BlockCounts<Counter> {
  readonly #api: Scoreboards
  readonly #counterOf: (insn: InsnHandle) => Counter | undefined
  readonly #add: (counter: Counter, executions: number) => void
  readonly #blocks: Array<Block<Counter>> = []
  /** Blocks by address: code that is translated again counts in the same slot as long as it is the same. */
  readonly #known = new Map<bigint, Array<Block<Counter>>>()
  readonly #current: ScoreboardU64
  #board = 0
  #slotsLeft = 0

  /**
   * @param counterOf where an instruction counts, undefined: nowhere. Asked when it is first seen, in each block
   * @param add is told of executions that count, and of some that did not happen after all
   */
  constructor(
    api: Scoreboards,
    counterOf: (insn: InsnHandle) => Counter | undefined,
    add: (counter: Counter, executions: number) => void
  ) {
    this.#api = api
    this.#counterOf = counterOf
    this.#add = add
    this.#current = this.#newSlot()
  }

  /** Counts the instructions of a block from now on. */
  count(tb: TbHandle): void {
    const { entered, number } = this.#block(tb)
    tb.inline(InlineOp.addU64, entered, 1n)
    tb.inline(InlineOp.storeU64, this.#current, number)
  }

  /** An instruction has raised an exception: those behind it have not been executed. */
  interrupted(vcpu: number, pc: bigint): void {
    const block = this.#blocks[Number(this.#api.u64Get(this.#current, vcpu)) - 1]
    const at = block?.pcs.indexOf(pc) ?? -1
    if (at >= 0) for (const counter of block!.counters.slice(at + 1)) if (counter !== undefined) this.#add(counter, -1)
  }

  /** Adds up what was counted. */
  collect(): void {
    for (const { counters, entered } of this.#blocks) {
      const executions = Number(this.#api.u64Sum(entered))
      for (const counter of counters) if (counter !== undefined) this.#add(counter, executions)
    }
  }

  #block({ insns, pc }: TbHandle): Block<Counter> {
    let known = this.#known.get(pc)
    if (known === undefined) this.#known.set(pc, (known = []))
    const opcodes = insns.map(({ opcode }) => opcode)
    const isSame = (it: Block<Counter>) =>
      it.opcodes.length === opcodes.length && it.opcodes.every((o, i) => o === opcodes[i])
    let block = known.find(isSame)
    if (block === undefined) {
      block = {
        number: BigInt(this.#blocks.length + 1),
        pcs: insns.map((insn) => insn.pc),
        opcodes,
        counters: insns.map(this.#counterOf),
        entered: this.#newSlot()
      }
      known.push(block)
      this.#blocks.push(block)
    }
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
