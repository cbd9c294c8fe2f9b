/** A small seeded generator of random numbers: the same seed gives the same program everywhere. */

/** A stream of random numbers (sfc32, by Chris Doty-Humphrey). */
export class Random {
  private a: number
  private b: number
  private c: number
  private counter = 1

  constructor(seed: number) {
    this.a = seed | 0
    this.b = (seed * 0x9e3779b1) | 0
    this.c = 0x2545f491
    for (let i = 0; i < 12; i++) this.word()
  }

  /** 32 random bits, unsigned. */
  word(): number {
    const sum = (((this.a + this.b) | 0) + this.counter) | 0
    this.counter = (this.counter + 1) | 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) | 0
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** An integer from 0 to n - 1. */
  below(n: number): number {
    return this.word() % n
  }

  /** An integer from low to high, inclusive. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  /** True once in n times. */
  oneIn(n: number): boolean {
    return this.below(n) === 0
  }

  pick<A>(list: ReadonlyArray<A>): A {
    return list[this.below(list.length)]!
  }

  /** 64 random bits, signed. */
  word64(): bigint {
    return BigInt.asIntN(64, (BigInt(this.word()) << 32n) | BigInt(this.word()))
  }
}

/** A number that depends on both and looks random: for choices that must not depend on the order in which they are made. */
export const mix = (a: number, b: number): number => {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 0x165667b1, 0xc2b2ae35)
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d)
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39)
  return (h ^ (h >>> 15)) >>> 0
}
