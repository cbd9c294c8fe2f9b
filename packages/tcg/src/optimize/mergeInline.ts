/** Merges inline additions to the same scoreboard slot, so that counting instructions costs one addition per stretch. */
import type { DynCallback } from "@emu/core/Instrumentation"
import { InlineOp } from "@emu/core/Instrumentation"
import type { BlockCallback, IrBlock, Op } from "../ir/Block.ts"
import { Opcode, OpFlag, opTable } from "../ir/Opcode.ts"

type Inline = Extract<DynCallback, { readonly kind: "inline" | "memInline" }>

const inlineOf = (op: Op, callbacks: ReadonlyArray<BlockCallback>): Inline | undefined => {
  if (op.opcode !== Opcode.plugin_inline && op.opcode !== Opcode.plugin_mem) {
    return undefined
  }
  const callback = callbacks[op.args.at(-1)!]!.callback
  return callback.kind === "inline" || callback.kind === "memInline" ? callback : undefined
}

/** Operations at which a scoreboard may be read, or the block left: sums must be right there. */
const observes = OpFlag.memory | OpFlag.globals | OpFlag.branch

/**
 * Merges, in place, each addition into an earlier one to the same slot where nothing between the two can observe the
 * difference: no access that may fault, no callback, no branch or label, no store to the slot.
 */
export const mergeInline = (block: IrBlock): void => {
  const { callbacks, ops } = block
  const open = new Map<number, Op>()
  let kept = 0
  for (const op of ops) {
    const inline = inlineOf(op, callbacks)
    if (inline === undefined) {
      if ((opTable[op.opcode]!.flags & observes) !== 0) {
        open.clear()
      }
    } else {
      const slot = inline.entry.scoreboard * 2 ** 32 + inline.entry.offset
      const first = open.get(slot)
      if (inline.op !== InlineOp.addU64) {
        open.delete(slot)
      } else if (first === undefined) {
        open.set(slot, op)
      } else {
        first.args[first.args.length - 1] = callbacks.push(sum(callbacks[first.args.at(-1)!]!, inline.imm)) - 1
        continue
      }
    }
    ops[kept++] = op
  }
  ops.length = kept
}

/** The inline addition with more to add. */
const sum = (from: BlockCallback, more: bigint): BlockCallback => {
  const callback = from.callback as Inline
  return { ...from, callback: { ...callback, imm: BigInt.asIntN(64, callback.imm + more) } }
}
