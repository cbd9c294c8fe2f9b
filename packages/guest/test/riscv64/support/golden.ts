/** The recorded disassembly of the golden programs: `pc,opcode,symbol,"text"` of every instruction that was translated. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { gunzipSync } from "node:zlib"

const programs = new URL("../../../../../tests/golden/programs/", import.meta.url)

/** One recorded instruction. */
export interface RecordedInsn {
  readonly pc: number
  readonly raw: number
  readonly size: 2 | 4
  readonly text: string
}

/** Text of a file, packed or not. */
export const readText = (url: URL): string =>
  url.pathname.endsWith(".gz") ? gunzipSync(readFileSync(url)).toString("latin1") : readFileSync(url, "latin1")

const parse = (line: string): RecordedInsn | undefined => {
  const match = /^0x([0-9a-f]+),0x([0-9a-f]+),[^,]*,"(.*)"$/.exec(line)
  if (match === null) return undefined
  const raw = parseInt(match[2]!, 16)
  return { pc: parseInt(match[1]!, 16), raw, size: (raw & 3) === 3 ? 4 : 2, text: match[3]! }
}

/** Recorded instructions by program. */
export const recordedPrograms = (): ReadonlyMap<string, ReadonlyArray<RecordedInsn>> => {
  const result = new Map<string, ReadonlyArray<RecordedInsn>>()
  for (const folder of readdirSync(programs)
    .filter((name) => name.endsWith(".expected"))
    .sort()) {
    const file = ["disas.txt", "disas.txt.gz"]
      .map((name) => new URL(`${folder}/${name}`, programs))
      .find((url) => existsSync(url))
    if (file === undefined) continue
    const insns = readText(file)
      .split("\n")
      .map(parse)
      .filter((insn) => insn !== undefined)
    result.set(folder.replace(".expected", ""), insns)
  }
  return result
}
