/** Compares what a run printed with its recording. */
import { canonical, drcovLines, linesOf, type Mode } from "./canonical.ts"
import { type Recording, sha256 } from "./corpus.ts"

const sameLine = (mode: Mode, wanted: string | undefined, got: string | undefined): boolean =>
  wanted === got || (mode === "star" && wanted?.endsWith("*") === true && got?.startsWith(wanted.slice(0, -1)) === true)

const show = (line: string | undefined): string => (line === undefined ? "end of output" : JSON.stringify(line))

/** The first difference between a recording and a run's bytes in words, or undefined where they agree. */
export const difference = (recording: Recording, got: Buffer): string | undefined => {
  const { mode, name } = recording
  // Outputs are bytes; latin1 keeps each one.
  const wanted = recording.text.toString("latin1")
  const a = mode === "drcov" ? drcovLines(recording.text, true) : canonical(mode, name, wanted)
  const b = mode === "drcov" ? drcovLines(got, false) : canonical(mode, name, got.toString("latin1"))
  const partial = mode !== "drcov" && linesOf(wanted).length < recording.lines
  const count = partial ? a.length : Math.max(a.length, b.length)
  for (let i = 0; i < count; i++) {
    if (!sameLine(mode, a[i], b[i])) return `line ${i + 1}: expected ${show(a[i])}, got ${show(b[i])}`
  }
  if (partial && recording.sha256 !== undefined && sha256(got) !== recording.sha256) {
    return `the first ${a.length} lines are the same, but of ${recording.lines} in all (got ${b.length}) some differ`
  }
  return undefined
}
