/** The one batch of a trace: views of its buffer, and arrays that are made of the sites' tables when a plugin asks. */
import { TraceWithoutValuesError } from "../PluginError.ts"
import type { TraceBatch } from "../Trace.ts"
import type { TraceSites } from "./TraceSites.ts"

type Words = Uint32Array<ArrayBufferLike>
type Values = BigUint64Array<ArrayBufferLike>

/** The arrays that code writes, with room for as many records as there can be. */
export interface Columns {
  readonly sites: Words
  readonly addresses: Words
  readonly values: Values | undefined
}

export class Batch implements TraceBatch {
  vcpu = 0
  length = 0
  private readonly table: TraceSites
  private columns: Columns
  // Room for the arrays made of tables, and this batch's views of everything.
  private readonly room: { pcs?: Words; sizes?: Uint16Array; kinds?: Uint8Array } = {}
  private addressView: Words | undefined
  private siteView: Words | undefined
  private valueView: Values | undefined
  private pcView: Words | undefined
  private sizeView: Uint16Array | undefined
  private kindView: Uint8Array | undefined

  constructor(table: TraceSites, columns: Columns) {
    this.table = table
    this.columns = columns
  }

  /** The arrays are elsewhere from the next batch on, as long as before. */
  moveTo(columns: Columns): void {
    this.columns = columns
  }

  /** Makes it the batch of the first `length` records. */
  begin(vcpu: number, length: number): void {
    this.vcpu = vcpu
    this.length = length
    this.addressView = undefined
    this.siteView = undefined
    this.valueView = undefined
    this.pcView = undefined
    this.sizeView = undefined
    this.kindView = undefined
  }

  get addresses(): Words {
    return (this.addressView ??= this.columns.addresses.subarray(0, this.length))
  }

  get sites(): Words {
    return (this.siteView ??= this.columns.sites.subarray(0, this.length))
  }

  get values(): Values {
    const { values } = this.columns
    if (values === undefined) throw new TraceWithoutValuesError()
    return (this.valueView ??= values.subarray(0, this.length))
  }

  // Three loops that look alike: each sees one kind of array, which is what makes it fast.

  get pcs(): Words {
    if (this.pcView === undefined) {
      const { length, sites } = this
      const room = (this.room.pcs ??= new Uint32Array(this.columns.sites.length))
      const { pcs } = this.table
      for (let i = 0; i < length; i++) room[i] = pcs[sites[i]!]!
      this.pcView = room.subarray(0, length)
    }
    return this.pcView
  }

  get sizes(): Uint16Array {
    if (this.sizeView === undefined) {
      const { length, sites } = this
      const room = (this.room.sizes ??= new Uint16Array(this.columns.sites.length))
      const { sizes } = this.table
      for (let i = 0; i < length; i++) room[i] = sizes[sites[i]!]!
      this.sizeView = room.subarray(0, length)
    }
    return this.sizeView
  }

  get kinds(): Uint8Array {
    if (this.kindView === undefined) {
      const { length, sites } = this
      const room = (this.room.kinds ??= new Uint8Array(this.columns.sites.length))
      const { kinds } = this.table
      for (let i = 0; i < length; i++) room[i] = kinds[sites[i]!]!
      this.kindView = room.subarray(0, length)
    }
    return this.kindView
  }
}
