/** Times of a program in each way to run it, in turn. */
import type { Program } from "./programs.ts"
import { type Outcome, runOnce, withLoad } from "./guestRun.ts"

/** A way to run a program. */
export interface Way {
  readonly name: string
  /** What runs a file of the sysroot with arguments. */
  readonly argv: (argv: Program["argv"], round: number) => readonly [string, ...Array<string>]
  /** Whether busy loops run beside it. */
  readonly isLoaded: boolean
  /** Whether stderr belongs to the guest alone; plugins write there too. */
  readonly hasOwnStderr: boolean
}

/** What all measurements share. */
export interface Setting {
  readonly pairs: number
  readonly loops: number
  /** Milliseconds after which a run is ended. */
  readonly limit: number
  /** The programs' working directory, with their inputs. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** A directory for outputs. */
  readonly scratch: string
  /** The file that an input's name stands for. */
  readonly file: (input: string) => string
}

/** Milliseconds by the way's name and round; Infinity for a run that was ended. */
export type Times = ReadonlyMap<string, ReadonlyArray<number>>

/** A program did not do what it does under QEMU, so that its time means nothing. */
export class Difference extends Error {}

const compareOutcomes = (what: string, got: Outcome, wanted: Outcome, hasOwnStderr: boolean): void => {
  if (got.milliseconds === Infinity) return
  const stderr = got.stderr.trim()
  const said = stderr === "" ? "" : `: ${stderr}`
  if (got.status !== wanted.status)
    throw new Difference(`${what} ends with ${got.status} instead of ${wanted.status}${said}`)
  if (got.stdout !== wanted.stdout) throw new Difference(`${what} prints something else than under QEMU${said}`)
  if (hasOwnStderr && got.stderr !== wanted.stderr) {
    throw new Difference(`${what}: stderr ${JSON.stringify(stderr)} instead of ${JSON.stringify(wanted.stderr.trim())}`)
  }
}

/**
 * Runs a program in each way, and then all over again. The first way says what the program does; all others must do the same.
 * What exceeds its limit once is not run again.
 */
export const measureProgram = (program: Program, ways: ReadonlyArray<Way>, setting: Setting): Times => {
  const times = new Map<string, Array<number>>(ways.map(({ name }) => [name, []]))
  let wanted: Outcome | undefined
  const measure = (way: Way, round: number) => {
    const own = times.get(way.name)!
    if (own.includes(Infinity)) return void own.push(Infinity)
    const stdin = program.stdin === undefined ? undefined : setting.file(program.stdin)
    const outcome = runOnce({ ...setting, argv: way.argv(program.argv, round), stdin }, setting.scratch)
    own.push(outcome.milliseconds)
    wanted ??= outcome
    compareOutcomes(`${program.name} with ${way.name}`, outcome, wanted, way.hasOwnStderr)
    if (wanted.milliseconds === Infinity) throw new Difference(`${program.name} with ${way.name} takes too long`)
    if (wanted.status !== 0)
      throw new Difference(`${program.name} with ${way.name} ends with ${wanted.status}: ${wanted.stderr}`)
  }
  const [quiet, loaded] = [ways.filter((way) => !way.isLoaded), ways.filter((way) => way.isLoaded)]
  for (let round = 0; round < setting.pairs; round++) {
    for (const way of quiet) measure(way, round)
    if (loaded.length > 0) withLoad(setting.loops, () => loaded.forEach((way) => measure(way, round)))
  }
  return times
}
