/** A program as text, to read and to run again. */
import { makeRiscv64 } from "@emu/guest/riscv64/Riscv64"
import { assemble } from "./program/assemble.ts"
import type { Program } from "./program/Program.ts"

const frontEnd = makeRiscv64({ time: () => 0n })

/** The disassembly of a program's code with its addresses and words, then the program itself as JSON. */
export const listing = (program: Program): string => {
  const { bytes, start } = assemble(program)
  const view = new DataView(bytes.buffer)
  const lines: Array<string> = []
  for (let at = 0; at < bytes.length;) {
    const low = view.getUint16(at, true)
    const size = (low & 3) === 3 ? 4 : 2
    const raw = size === 4 ? view.getUint32(at, true) : low
    const text = frontEnd.disassemble(raw, size, BigInt(start + at))
    lines.push(
      `${(start + at).toString(16)}  ${raw
        .toString(16)
        .padStart(2 * size, "0")
        .padEnd(8)}  ${text}`
    )
    at += size
  }
  return `seed ${program.seed}\n${lines.join("\n")}\n${JSON.stringify(program)}`
}
