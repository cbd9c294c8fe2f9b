/** IP addresses: text as programs and Node write it, bytes as they are in structures. */

/** The text of an IPv4 address of 4 bytes. */
export const textOf4 = (bytes: ArrayLike<number>): string => `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`

/** The bytes of an IPv4 address; undefined for other text. */
export const bytesOf4 = (text: string): Uint8Array | undefined => {
  const parts = text.split(".")
  if (parts.length !== 4) return undefined
  const numbers = parts.map((part) => (/^(0|[1-9]\d{0,2})$/.test(part) ? Number(part) : 256))
  return numbers.every((part) => part < 256) ? Uint8Array.from(numbers) : undefined
}

/** The text of an IPv6 address of 16 bytes, as RFC 5952 has it. */
export const textOf6 = (bytes: Uint8Array): string => {
  const words = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!)
  const mapped = mappedOf(bytes)
  if (mapped !== undefined) return `::ffff:${mapped}`
  const zeros = longestZeros(words)
  const hex = (part: ReadonlyArray<number>): string => part.map((word) => word.toString(16)).join(":")
  if (zeros === undefined) return hex(words)
  return `${hex(words.slice(0, zeros.start))}::${hex(words.slice(zeros.end))}`
}

const longestZeros = (words: ReadonlyArray<number>): { readonly start: number; readonly end: number } | undefined => {
  let best: { readonly start: number; readonly end: number } | undefined
  for (let start = 0; start < 8; start++) {
    let end = start
    while (end < 8 && words[end] === 0) end++
    if (end - start > Math.max(1, best === undefined ? 0 : best.end - best.start)) best = { start, end }
    start = Math.max(start, end - 1)
  }
  return best
}

/** The bytes of an IPv6 address, with or without a zone; undefined for other text. */
export const bytesOf6 = (text: string): Uint8Array | undefined => {
  const halves = text.split("%")[0]!.split("::")
  if (halves.length > 2) return undefined
  const sides = halves.map((half) => (half === "" ? [] : half.split(":").flatMap(wordsOf)))
  const count = sides.reduce((sum, side) => sum + side.length, 0)
  if (sides.flat().some((word) => Number.isNaN(word))) return undefined
  if (halves.length === 2 ? count > 7 : count !== 8) return undefined
  const words = [...sides[0]!, ...new Array<number>(8 - count).fill(0), ...(sides[1] ?? [])]
  return Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff]))
}

/** The one or two words of a part between colons; NaN for what is none. */
const wordsOf = (part: string): ReadonlyArray<number> => {
  const four = bytesOf4(part)
  if (four !== undefined) return [(four[0]! << 8) | four[1]!, (four[2]! << 8) | four[3]!]
  return [/^[0-9a-f]{1,4}$/i.test(part) ? Number.parseInt(part, 16) : Number.NaN]
}

/** The IPv4 address that an IPv6 address of 16 bytes stands for (`::ffff:a.b.c.d`). */
export const mappedOf = (bytes: Uint8Array): string | undefined =>
  bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff
    ? textOf4(bytes.subarray(12))
    : undefined

/** Whether text is an IPv4 address, given that it is an address. */
export const isFour = (ip: string): boolean => !ip.includes(":")

/** Whether an address is the machine's own: 127.0.0.0/8 or ::1. */
export const isLoopback = (ip: string): boolean => ip === "::1" || (isFour(ip) && ip.startsWith("127."))

/** Whether an address means every address of the machine. */
export const isWildcard = (ip: string): boolean => ip === "0.0.0.0" || ip === "::"

/** Whether an address is one of many receivers. */
export const isMulticast = (ip: string): boolean => {
  if (!isFour(ip)) return ip.toLowerCase().startsWith("ff")
  const first = Number(ip.split(".")[0])
  return first >= 224 && first < 240
}
