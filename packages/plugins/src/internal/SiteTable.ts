/** A number for each site of a trace, made of what the site is when its first record comes. */
import type { TraceSite } from "@emu/core/Trace"

const unknown = -0x80000000

export class SiteTable {
  #numbers = new Int32Array(1024).fill(unknown)
  readonly #numberOf: (site: number) => number

  /** @param numberOf gives a site's number, any 32-bit integer but the least one */
  constructor(trace: () => { readonly site: (number: number) => TraceSite }, numberOf: (site: TraceSite) => number) {
    this.#numberOf = (site) => numberOf(trace().site(site))
  }

  /** The number of a site. */
  get(site: number): number {
    const number = this.#numbers[site]
    return number === undefined || number === unknown ? this.#learn(site) : number
  }

  #learn(site: number): number {
    if (site >= this.#numbers.length) {
      const larger = new Int32Array(2 * site).fill(unknown)
      larger.set(this.#numbers)
      this.#numbers = larger
    }
    return (this.#numbers[site] = this.#numberOf(site))
  }
}
