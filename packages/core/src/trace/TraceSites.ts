/** The places in guest code that write records of a trace, numbered: what a record needs not say itself. */
import { TraceSiteError } from "../PluginError.ts"
import type { TraceKind, TraceSite } from "../Trace.ts"

const firstRoom = 1024
/** More than the bytes of a block. */
const sizes = 4096
const kinds = 4

/** Tables from site numbers. They only grow: what was translated anew has its old numbers. */
export class TraceSites {
  pcs = new Uint32Array(firstRoom)
  sizes = new Uint16Array(firstRoom)
  kinds = new Uint8Array(firstRoom)
  private readonly numbers = new Map<number, number>()

  get count(): number {
    return this.numbers.size
  }

  /** The number of a site, a new one where it has none yet. */
  number(pc: number, size: number, kind: TraceKind): number {
    const key = (pc * kinds + kind) * sizes + size
    const known = this.numbers.get(key)
    if (known !== undefined) return known
    const number = this.numbers.size
    if (number === this.pcs.length) this.grow()
    this.pcs[number] = pc
    this.sizes[number] = size
    this.kinds[number] = kind
    this.numbers.set(key, number)
    return number
  }

  /** The site with a number. */
  get(number: number): TraceSite {
    const { count } = this
    if (!(Number.isInteger(number) && number >= 0 && number < count))
      throw new TraceSiteError({ site: number, sites: count })
    return { pc: this.pcs[number]!, size: this.sizes[number]!, kind: this.kinds[number] as TraceKind }
  }

  private grow(): void {
    const room = 2 * this.pcs.length
    const { kinds: oldKinds, pcs, sizes: oldSizes } = this
    this.pcs = new Uint32Array(room)
    this.pcs.set(pcs)
    this.sizes = new Uint16Array(room)
    this.sizes.set(oldSizes)
    this.kinds = new Uint8Array(room)
    this.kinds.set(oldKinds)
  }
}
