/** What the user is told when a signal ends the guest. */
import { guestEnd } from "@emu/tcg/Layout"
import { Sig, signalName, signalText } from "../signals/constants.ts"
import type { SignalInfo } from "../signals/SignalInfo.ts"
import type { ProcessView } from "../pluginView/ProcessView.ts"
import type { Death } from "./ProcessOptions.ts"

/** Signals after which shells say nothing either: the user or the reader of a pipe wanted it so. */
const quiet = new Set<number>([Sig.INT, Sig.PIPE])

/** Whether a signal says that a program did something wrong. */
export const isFault = (signal: number): boolean => signalText(signal) !== signalName(signal)

/** Where a signal has ended a process. */
export const deathOf = ({ address }: SignalInfo, pc: bigint, { symbols }: ProcessView): Death => ({
  pc,
  symbol: pc < BigInt(guestEnd) ? symbols.find(Number(pc)) : undefined,
  address: address === undefined ? undefined : BigInt.asUintN(64, address)
})

/** One line: signal, pc with its symbol, faulting address if there is one. Undefined where silence is usual. */
export const describeDeath = (path: string, signal: number, death: Death): string | undefined => {
  if (quiet.has(signal)) return undefined
  const name = signalName(signal)
  const text = signalText(signal)
  const where = `at pc 0x${death.pc.toString(16)}${death.symbol === undefined ? "" : ` (${death.symbol})`}`
  const address = death.address === undefined ? "" : `, address 0x${death.address.toString(16)}`
  return `${path} was ended by ${name}${text === name ? "" : ` (${text})`} ${where}${address}`
}
