/** How far a run is, on the terminal: a line that comes after two seconds and is gone at the end. */
import * as Fs from "node:fs"
import { isForeground } from "./platform/terminal/isForeground.ts"
import { isTerminal } from "./platform/terminal/isTerminal.ts"
import { type StatusLine, statusLine } from "./platform/terminal/StatusLine.ts"
import { readsInFlight } from "@emu/node/NodeHostFs"

/** Milliseconds until the line is shown, and between two changes of it. */
const patience = 2000
const period = 500

/**
 * The line's text.
 *
 * @param insns instructions executed so far
 * @param milliseconds since the start
 * @param rate instructions per millisecond lately
 */
export const progressText = (insns: number, milliseconds: number, rate: number): string => {
  const millions = Math.floor(insns / 1e6)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",")
  return `emu: ${Math.floor(milliseconds / 1000)} s, ${millions} million instructions, ${(rate / 1000).toFixed(0)} MIPS`
}

/** What progress is made of; a test has its own. */
export interface ProgressSource {
  /** Instructions executed so far. */
  readonly insns: () => number
  /** Milliseconds, from any start. */
  readonly now: () => number
  /** Whether nothing is to be shown now: the user types something for the guest, or does something else. */
  readonly isHidden: () => boolean
}

/**
 * Makes what has to be called now and then: shows the line, or erases it where it must not be seen.
 *
 * @returns the function, to be called every `period` milliseconds
 */
export const makeTick = (line: StatusLine, { insns, isHidden, now }: ProgressSource): (() => void) => {
  const start = now()
  let last = { at: start, insns: insns() }
  return () => {
    const at = now()
    const current = { at, insns: insns() }
    const rate = (current.insns - last.insns) / Math.max(at - last.at, 1)
    last = current
    if (isHidden()) line.erase()
    else if (at - start >= patience) line.show(progressText(current.insns, at - start, rate))
  }
}

/** Whether stdout is a pipe: its reader may write to the terminal as well, at any time. */
const isPiped = (): boolean => {
  try {
    const status = Fs.fstatSync(1)
    return status.isFIFO() || status.isSocket()
  } catch {
    return false
  }
}

/** Whether progress can be shown without spoiling what others write: on a terminal that only this process writes to. */
export const canShowProgress = (env: Readonly<Record<string, string | undefined>>): boolean =>
  env["TERM"] !== "dumb" && isTerminal(2) && !isPiped()

/**
 * Begins to show progress.
 *
 * @param insns gives the instructions executed so far
 * @returns a function that ends it
 */
export const startProgress = (insns: () => number): (() => void) => {
  const isHidden = () => readsInFlight() > 0 || !isForeground()
  const timer = setInterval(makeTick(statusLine, { insns, now: () => performance.now(), isHidden }), period)
  return () => {
    clearInterval(timer)
    statusLine.erase()
  }
}
