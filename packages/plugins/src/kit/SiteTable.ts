/** Numbers by site of a trace, for loops over batches: what a plugin must know of a record's site, in one load. */
import type { Trace, TraceSite } from "@emu/core/Trace"

export class SiteTable {
  #numbers = new Int32Array(1024)
  #known = 0
  readonly #numberOf: (site: TraceSite) => number

  /** @param numberOf gives a site's number: any 32-bit integer. Asked once for each site */
  constructor(numberOf: (site: TraceSite) => number) {
    this.#numberOf = numberOf
  }

  /** The numbers of all sites that records can have now. */
  numbers({ site, siteCount }: Trace): Int32Array {
    if (siteCount > this.#numbers.length) {
      const larger = new Int32Array(2 * siteCount)
      larger.set(this.#numbers)
      this.#numbers = larger
    }
    while (this.#known < siteCount) this.#numbers[this.#known] = this.#numberOf(site(this.#known++))
    return this.#numbers
  }
}
