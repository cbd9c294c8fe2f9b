/** Values of options: texts to numbers and variables. Every function throws a UsageError that says what is expected. */
import { UsageError } from "../UsageError.ts"

const units: Readonly<Record<string, number>> = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 }

/** A size in bytes: decimal or 0x hexadecimal, with suffix K, M or G (powers of 1024, either case). */
export const parseSize = (option: string, text: string): number => {
  const match = /^(0x[0-9a-f]+|\d+)([kmg]?)$/i.exec(text)
  const size = match === null ? Number.NaN : Number(match[1]) * units[match[2]!.toUpperCase()]!
  if (!Number.isSafeInteger(size) || size === 0) {
    throw new UsageError(
      `option ${option}: ${JSON.stringify(text)} is no size; write a number of bytes, or one with K, M or G, such as 8M`
    )
  }
  return size
}

/** A number of 64 bits: decimal or 0x hexadecimal. */
export const parseU64 = (option: string, text: string): bigint => {
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? BigInt(text) : -1n
  if (value < 0n || value >= 1n << 64n) {
    throw new UsageError(`option ${option}: ${JSON.stringify(text)} is no number from 0 to 2^64-1`)
  }
  return value
}

/** One word of several. */
export const parseWord = <W extends string>(option: string, text: string, words: ReadonlyArray<W>): W => {
  const word = words.find((candidate) => candidate === text)
  if (word === undefined)
    throw new UsageError(`option ${option}: there is no ${JSON.stringify(text)}; use ${words.join(" or ")}`)
  return word
}

/** The pieces of a list at commas. As in QEMU a comma cannot be written in a piece. */
export const parseList = (text: string): Array<string> => text.split(",").filter((piece) => piece !== "")

/** `VAR=VALUE[,...]` as pairs. */
export const parseAssignments = (option: string, text: string): Array<readonly [name: string, value: string]> =>
  parseList(text).map((piece) => {
    const equals = piece.indexOf("=")
    if (equals < 1) throw new UsageError(`option ${option}: ${JSON.stringify(piece)} sets no variable; write VAR=VALUE`)
    return [piece.slice(0, equals), piece.slice(equals + 1)] as const
  })
