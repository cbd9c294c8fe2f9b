/**
 * A checksum against damage, not against attackers: FNV-1a (Fowler, Noll and Vo) over words instead of bytes, in four lanes. Node's own
 * checksums are in modules that take longer to load than this takes to run.
 */

const prime = 0x01000193
const basis = 0x811c9dc5

/** Of bytes in a buffer, from an offset that is a multiple of four on. */
export const checksum = (buffer: ArrayBuffer, from = 0): number => {
  const words = new Int32Array(buffer, from, (buffer.byteLength - from) >>> 2)
  let [a, b, c, d] = [basis, basis + 1, basis + 2, basis + 3]
  let i = 0
  for (; i + 3 < words.length; i += 4) {
    a = Math.imul(a ^ words[i]!, prime)
    b = Math.imul(b ^ words[i + 1]!, prime)
    c = Math.imul(c ^ words[i + 2]!, prime)
    d = Math.imul(d ^ words[i + 3]!, prime)
  }
  for (; i < words.length; i++) a = Math.imul(a ^ words[i]!, prime)
  for (const byte of new Uint8Array(buffer, from + 4 * words.length)) b = Math.imul(b ^ byte, prime)
  for (const lane of [b, c, d]) a = Math.imul(Math.imul(a ^ (a >>> 15), prime) ^ lane, prime)
  return a >>> 0
}

/** Sixteen hexadecimal digits that tell texts apart. */
export const nameHash = (text: string): string => {
  const bytes = new TextEncoder().encode(text)
  const half = (seed: number): string => {
    let hash = seed
    for (const byte of bytes) hash = Math.imul(hash ^ byte, prime)
    hash = Math.imul(hash ^ (hash >>> 15), prime)
    return (hash >>> 0).toString(16).padStart(8, "0")
  }
  return half(basis) + half(~basis)
}
