/** Where in a plugin's own files an error comes from: emu's frames are of no use to its author. */
import * as fs from "node:fs"
import * as path from "node:path"
import * as url from "node:url"

/** A place in a file. */
interface Frame {
  /** As it stands in the stack. */
  readonly line: string
  /** Relative to the current directory where it is below that, line and column behind it. */
  readonly place: string
}

/** The folder of emu's own code: where the program lies that Node was started with. */
const home = (): string => {
  const program = process.argv[1]
  if (program === undefined) return ""
  const directory = path.dirname(fs.realpathSync(program))
  // run from its sources, emu is all packages
  return program.endsWith(".ts") ? path.resolve(directory, "../..") : directory
}

const isEffects = (file: string): boolean => /[\\/]node_modules[\\/](.*[\\/])?effect[\\/]/.test(file)

/** The frames of an error that are in files of plugins, innermost first. */
const framesOf = (error: unknown): ReadonlyArray<Frame> => {
  if (!(error instanceof Error) || error.stack === undefined) return []
  const own = `${home()}${path.sep}`
  return error.stack.split("\n").flatMap((line) => {
    const found = /^\s+at .*?(file:\/\/[^?)]+?)(?:\?[^:)]*)?:(\d+):(\d+)\)?$/.exec(line)
    if (found === null) return []
    const file = url.fileURLToPath(found[1]!)
    if (file.startsWith(own) || isEffects(file)) return []
    const relative = path.relative(process.cwd(), file)
    const shown = relative.startsWith("..") ? file : relative
    return [{ line, place: `${shown}:${found[2]}:${found[3]}` }]
  })
}

/** Where an error comes from, ` (calls.ts:12:7)`; empty where that is not known. */
export const placeOf = (error: unknown): string => {
  const [frame] = framesOf(error)
  return frame === undefined ? "" : ` (${frame.place})`
}

/** The calls in plugins' files that led to an error, a line each; undefined where there are none. */
export const pluginStack = (error: unknown): string | undefined => {
  const frames = framesOf(error)
  return frames.length === 0 ? undefined : `${frames.map(({ line }) => line).join("\n")}\n`
}
