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
 * @param seed any 64-bit value: the same seed gives the same bytes for ever (splitmix64)
 * @param entropy what fills bytes where there is no seed
 */
export const makeRandom = (seed: bigint | undefined, entropy: Random["fill"]): Random => {
  if (seed === undefined) return randomOf(entropy)
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
