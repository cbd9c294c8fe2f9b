/** What the two engines must agree on whenever both have executed the same number of instructions. */
import { memoryDifference, slotDifferences, type StateDifference } from "@emu/tcg/engine/lockstep/compareStates"
import { board, boardBytes } from "./board.ts"
import { behindConstants, data, firstPage, lastPage, patches, stack } from "./program/layout.ts"
import type { Side } from "./Side.ts"

const globals = Array.from({ length: 64 }, (_, i) => (i < 32 ? `x${i}` : `f${i - 32}`))

const describe = (difference: StateDifference | undefined): string | undefined =>
  difference && `${difference.name}: ${difference.values.map((value) => `0x${value.toString(16)}`).join(" and ")}`

const listDifference = (what: string, a: ReadonlyArray<unknown>, b: ReadonlyArray<unknown>): string | undefined => {
  const length = Math.max(a.length, b.length)
  for (let i = 0; i < length; i++) {
    if (a[i] !== b[i]) return `${what} ${i}: ${String(a[i])} and ${String(b[i])}`
  }
  return undefined
}

/** What happened, as far as both have come. */
export const eventDifference = (a: Side, b: Side): string | undefined => {
  const common = Math.min(a.events.length, b.events.length)
  return listDifference("event", a.events.slice(-8, common), b.events.slice(-8, common)) === undefined
    ? undefined
    : listDifference("event", a.events.slice(0, common), b.events.slice(0, common))
}

/**
 * The first difference between two sides that have executed equally many instructions, as text, or undefined.
 *
 * @param whole compare the stack too
 */
export const difference = (a: Side, b: Side, whole: boolean): string | undefined => {
  const memory = (start: number, end: number) => memoryDifference(a.state, b.state, start, end)
  return (
    describe(
      slotDifferences(a.state, b.state, globals)[0] ??
        memory(data.start, data.end) ??
        memory(behindConstants.start, behindConstants.end) ??
        memory(firstPage.start, firstPage.end) ??
        memory(patches[0].start, patches.at(-1)!.end) ??
        memory(lastPage.start, lastPage.end) ??
        memory(board.byteOffset, board.byteOffset + boardBytes) ??
        (whole ? memory(stack.start, stack.end) : undefined)
    ) ??
    listDifference("callback's number", a.log, b.log) ??
    listDifference("record's number", a.traces.takeLog(), b.traces.takeLog())
  )
}
