/** What the user is told when a signal ends the guest. */
import { guestEnd } from "@emu/tcg/Layout"
import { Sig, signalName, signalText } from "../signals/constants.ts"
import type { SignalInfo } from "../signals/SignalInfo.ts"
import type { ProcessView } from "../pluginView/ProcessView.ts"

/** Signals after which shells say nothing either: the user or the reader of a pipe wanted it so. */
const quiet = new Set<number>([Sig.INT, Sig.PIPE])

/** Whether a signal says that a program did something wrong. */
export const isFault = (signal: number): boolean => signalText(signal) !== signalName(signal)

/** One line: signal, pc with its symbol, faulting address if there is one. Undefined where silence is usual. */
export const describeDeath = (info: SignalInfo, pc: bigint, view: ProcessView): string | undefined => {
  if (quiet.has(info.signal)) return undefined
  const name = signalName(info.signal)
  const text = signalText(info.signal)
  const symbol = pc < BigInt(guestEnd) ? view.symbols.find(Number(pc)) : undefined
  const where = `at pc 0x${pc.toString(16)}${symbol === undefined ? "" : ` (${symbol})`}`
  const address = info.address === undefined ? "" : `, address 0x${BigInt.asUintN(64, info.address).toString(16)}`
  return `${view.program.path} was ended by ${name}${text === name ? "" : ` (${text})`} ${where}${address}`
}
