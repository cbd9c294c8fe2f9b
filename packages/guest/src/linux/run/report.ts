/** What the user is told when a signal ends the guest. */
import { guestEnd } from "@emu/tcg/Layout"
import type { LinuxAbi } from "../kernel/Abi.ts"
import { Sig, signalName, signalText } from "../signals/constants.ts"
import type { SignalInfo } from "../signals/SignalInfo.ts"
import { framesOf } from "../pluginView/places.ts"
import type { ProcessView } from "../pluginView/ProcessView.ts"
import type { Death } from "./ProcessOptions.ts"

/** Signals after which shells say nothing either: the user or the reader of a pipe wanted it so. */
const quiet = new Set<number>([Sig.INT, Sig.PIPE])

/** How many callers are told of. */
const mostFrames = 32

/** Whether a signal says that a program did something wrong. */
export const isFault = (signal: number): boolean => signalText(signal) !== signalName(signal)

/**
 * Where a signal has ended a process.
 *
 * @param slots the registers of the thread that it came to
 */
export const deathOf = (
  { address }: SignalInfo,
  pc: bigint,
  view: ProcessView,
  abi: LinuxAbi,
  slots: BigUint64Array<ArrayBufferLike>
): Death => ({
  pc,
  symbol: pc < BigInt(guestEnd) ? view.symbols.find(Number(pc)) : undefined,
  address: address === undefined ? undefined : BigInt.asUintN(64, address),
  registers: abi.calls.integerRegisters.map((index) => {
    const { name, read } = abi.registers[index]!
    return { name, value: read(slots) }
  }),
  backtrace: framesOf(view, slots, Number(pc), mostFrames)
})

/**
 * Signal, pc with its symbol, faulting address if there is one; and where the program did something wrong, indented lines with the
 * registers and who had called whom. Undefined where silence is usual.
 */
export const describeDeath = (path: string, signal: number, death: Death): string | undefined => {
  if (quiet.has(signal)) return undefined
  const name = signalName(signal)
  const text = signalText(signal)
  const where = `at pc ${hex(death.pc)}${death.symbol === undefined ? "" : ` (${death.symbol})`}`
  const address = death.address === undefined ? "" : `, address ${hex(death.address)}`
  const line = `${path} was ended by ${name}${text === name ? "" : ` (${text})`} ${where}${address}`
  return isFault(signal) ? [line, ...registerLines(death), ...backtraceLines(death)].join("\n") : line
}

const registersOfLine = 4

const registerLines = ({ registers }: Death): ReadonlyArray<string> => {
  const texts = registers.map(({ name, value }) => `${name.padStart(3)} ${value.toString(16).padStart(16, "0")}`)
  const lines = Math.ceil(texts.length / registersOfLine)
  return Array.from(
    { length: lines },
    (_, i) => `  ${texts.slice(registersOfLine * i, registersOfLine * (i + 1)).join("  ")}`
  )
}

const backtraceLines = ({ backtrace }: Death): ReadonlyArray<string> =>
  backtrace.map(({ pc, place }, depth) => `  #${depth} ${hex(pc)}${place === "" ? "" : ` ${place}`}`)

const hex = (value: bigint): string => `0x${value.toString(16)}`
