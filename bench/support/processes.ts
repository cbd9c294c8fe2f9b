/** Whole processes, run in turn and timed. */
import { spawnSync } from "node:child_process"

/** A command and what it must print. */
export interface Command {
  readonly argv: readonly [string, ...Array<string>]
  readonly stdout: string
  /** Milliseconds after which it is ended. */
  readonly limit?: number
}

/** A command did something else than expected, so that its time means nothing. */
export class WrongRun extends Error {}

/**
 * Milliseconds that a command takes from its start to its end; Infinity where that is more than its limit. Throws WrongRun where it
 * fails or prints something else.
 */
const timed = ({ argv: [program, ...args], limit, stdout }: Command): number => {
  const start = process.hrtime.bigint()
  const child = spawnSync(program, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    ...(limit !== undefined && { timeout: limit, killSignal: "SIGKILL" })
  })
  const milliseconds = Number(process.hrtime.bigint() - start) / 1e6
  const what = [program, ...args].join(" ")
  if (child.error !== undefined && "code" in child.error && child.error.code === "ETIMEDOUT") return Infinity
  if (child.error !== undefined) throw new WrongRun(`${what}: ${child.error.message}`)
  if (child.status !== 0) throw new WrongRun(`${what}: ended with ${child.signal ?? child.status}: ${child.stderr.trim()}`)
  if (child.stdout !== stdout) {
    throw new WrongRun(`${what}: printed ${JSON.stringify(child.stdout)} instead of ${JSON.stringify(stdout)}`)
  }
  return milliseconds
}

/**
 * Runs commands in turn, one after the other and then all over again, so that all of them meet the same load. A command that
 * exceeds its limit is not run again.
 *
 * @returns milliseconds by command and round
 */
export const timesInTurn = (rounds: number, commands: ReadonlyArray<Command>): ReadonlyArray<ReadonlyArray<number>> => {
  const times: ReadonlyArray<Array<number>> = commands.map(() => [])
  for (let round = 0; round < rounds; round++) {
    commands.forEach((command, i) => times[i]!.push(times[i]!.includes(Infinity) ? Infinity : timed(command)))
  }
  return times
}
