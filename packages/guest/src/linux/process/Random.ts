/** Random bytes for the guest: reproducible under a seed. */

/** A source of random bytes. */
export interface Random {
  /** Fills the bytes. */
  readonly fill: (bytes: Uint8Array) => void
  /** New bytes. */
  readonly bytes: (length: number) => Uint8Array
}

const randomOf = (fill: Random["fill"]): Random => ({
  fill,
  bytes: (length) => {
    const bytes = new Uint8Array(length)
    fill(bytes)
    return bytes
  }
})

const mask = 0xffff_ffff_ffff_ffffn

/**
 * Makes a source of random bytes.
 *
 * @param seed any 64-bit value: the same seed gives the same bytes for ever (splitmix64); undefined: the host's entropy
 */
export const makeRandom = (seed: bigint | undefined): Random => {
  if (seed === undefined) return randomOf(fillFromHost)
  let state = seed & mask
  const next = (): bigint => {
    state = (state + 0x9e37_79b9_7f4a_7c15n) & mask
    let z = state
    z = ((z ^ (z >> 30n)) * 0xbf58_476d_1ce4_e5b9n) & mask
    z = ((z ^ (z >> 27n)) * 0x94d0_49bb_1331_11ebn) & mask
    return z ^ (z >> 31n)
  }
  return randomOf((bytes) => {
    for (let i = 0; i < bytes.length; i += 8) {
      let word = next()
      for (let j = i; j < i + 8 && j < bytes.length; j++, word >>= 8n) bytes[j] = Number(word & 0xffn)
    }
  })
}

/** Web Crypto refuses shared memory and more than 64 KiB at once, so a copy in between. */
const fillFromHost = (bytes: Uint8Array): void => {
  for (let at = 0; at < bytes.length; at += 65536) {
    bytes.set(crypto.getRandomValues(new Uint8Array(Math.min(65536, bytes.length - at))), at)
  }
}
