/** Scripts: files that name their interpreter in the first line (execve(2)). */
import { fromBytes } from "../user/byteStrings.ts"

/** As many bytes of a file as Linux looks at. */
export const headSize = 256

/** An interpreter, and its one argument, where there is one. Byte strings. */
export interface Shebang {
  readonly interpreter: string
  readonly argument: string | undefined
}

/**
 * Reads the `#!` line.
 *
 * @param head the beginning of the file, at most `headSize` bytes
 * @returns undefined for files that have none, or one without a name, or with a name that does not end in `head`
 */
export const parseShebang = (head: Uint8Array): Shebang | undefined => {
  const text = fromBytes(head)
  if (!text.startsWith("#!")) return undefined
  const newline = text.indexOf("\n")
  const line = newline < 0 ? text : text.slice(0, newline)
  const match = /^#![ \t]*([^ \t\0]+)(?:[ \t]+([^\0]*?))?[ \t]*(?:\0|$)/.exec(line)
  const interpreter = match?.[1]
  if (interpreter === undefined) return undefined
  if (newline < 0 && head.length >= headSize && line.length === interpreter.length + line.indexOf(interpreter))
    return undefined
  const argument = match?.[2]
  return { interpreter, argument: argument === undefined || argument === "" ? undefined : argument }
}
