/** What the two engines must agree on whenever both have executed the same number of instructions. */
import * as Layout from "@emu/tcg/Layout"
import { board, boardBytes } from "./instrument.ts"
import { behindConstants, data, stack } from "./program/layout.ts"
import type { Side } from "./Side.ts"

const slots: ReadonlyArray<readonly [name: string, slot: number]> = [
  ...Array.from({ length: 32 }, (_, i) => [`x${i}`, i] as const),
  ...Array.from({ length: 32 }, (_, i) => [`f${i}`, 32 + i] as const),
  ["pc", Layout.CpuSlot.pc],
  ["fflags", Layout.CpuSlot.fpFlags],
  ["frm", Layout.CpuSlot.fpRound],
  ["instructions", Layout.CpuSlot.instructions],
  ["reservation", Layout.CpuSlot.reserveAddress],
  ["reserved value", Layout.CpuSlot.reserveValue]
]

const bytes = ({ state }: Side, start: number, end: number) => Buffer.from(state.buffer, start, end - start)

const memoryDifference = (a: Side, b: Side, start: number, end: number): string | undefined => {
  const [x, y] = [bytes(a, start, end), bytes(b, start, end)]
  if (x.compare(y) === 0) return undefined
  const at = x.findIndex((byte, i) => byte !== y[i])
  const word = (at + start) >>> 3
  return `memory at 0x${(8 * word).toString(16)}: ${a.state.u64[word]!.toString(16)} and ${b.state.u64[word]!.toString(16)}`
}

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
  const different = slots.find(([, slot]) => a.state.i64[slot] !== b.state.i64[slot])
  if (different !== undefined) {
    const [name, slot] = different
    return `${name}: 0x${a.state.u64[slot]!.toString(16)} and 0x${b.state.u64[slot]!.toString(16)}`
  }
  return (
    memoryDifference(a, b, data.start, data.end) ??
    memoryDifference(a, b, behindConstants.start, behindConstants.end) ??
    memoryDifference(a, b, board.byteOffset, board.byteOffset + boardBytes) ??
    (whole ? memoryDifference(a, b, stack.start, stack.end) : undefined) ??
    listDifference("callback's number", a.log, b.log) ??
    listDifference("record's number", a.traces.takeLog(), b.traces.takeLog())
  )
}
