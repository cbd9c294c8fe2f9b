/** A trace's buffer, in memory that translated code can reach: how engines write to it, and how it becomes batches. */
import type { Trace, TraceBatch, TraceSite } from "../Trace.ts"
import { Batch, type Columns } from "./Batch.ts"
import { TraceSites } from "./TraceSites.ts"

/** Bytes in front of the arrays: the cursor. */
const headerBytes = 8

/** Bytes that the buffer of a trace takes; a multiple of eight. */
export const traceBytes = (records: number, values: boolean): number => headerBytes + records * (values ? 16 : 8)

/** What a buffer is made of. */
export interface TraceBufferOptions {
  readonly buffer: ArrayBufferLike
  /** Where `traceBytes` zeroed bytes are in it; a multiple of eight. */
  readonly byteOffset: number
  readonly records: number
  readonly values: boolean
  /** Receives each batch; what it throws goes through to who drained. */
  readonly deliver: (batch: TraceBatch) => void
}

/**
 * The buffer is an array per field. Engines append a record like this, all places being byte offsets in memory:
 *
 *     at = u32[cursor]                      bytes of sites and addresses so far: four per record
 *     u32[sites + at] = number of the site
 *     u32[addresses + at] = address
 *     u64[values + 2 * at] = value          where `values` is not 0
 *     u32[cursor] = at + 4
 *
 * and call `drain` beforehand where `at` leaves no room. The cursor must be right whenever anything outside of translated code
 * runs.
 */
export class TraceBuffer implements Trace {
  readonly records: number
  readonly cursor: number
  readonly sites: number
  readonly addresses: number
  /** 0 where values are not recorded. */
  readonly values: number
  /** The vCPU that ran last: the one whose records are in the buffer. */
  vcpu = 0
  /** The trace is gone: nothing may be instrumented with it any more. */
  isClosed = false
  private readonly table = new TraceSites()
  private cursorWord: Uint32Array<ArrayBufferLike>
  private readonly batch: Batch
  private readonly deliver: (batch: TraceBatch) => void

  constructor({ buffer, byteOffset, deliver, records, values }: TraceBufferOptions) {
    this.records = records
    this.cursor = byteOffset
    this.sites = byteOffset + headerBytes
    this.addresses = this.sites + 4 * records
    this.values = values ? this.addresses + 4 * records : 0
    this.cursorWord = new Uint32Array(buffer, byteOffset, 1)
    this.batch = new Batch(this.table, this.columnsIn(buffer))
    this.deliver = deliver
  }

  /** The buffer is at the same place in another memory from now on. */
  moveTo(buffer: ArrayBufferLike): void {
    this.cursorWord = new Uint32Array(buffer, this.cursor, 1)
    this.batch.moveTo(this.columnsIn(buffer))
  }

  /** The number that records of a place in the guest's code carry: as in `TraceSite`. */
  readonly siteNumber: TraceSites["number"] = (pc, size, kind) => this.table.number(pc, size, kind)

  get siteCount(): number {
    return this.table.count
  }

  readonly site = (number: number): TraceSite => this.table.get(number)

  /** Delivers what is in the buffer. It is empty before the plugin sees it: a failure loses the batch, and never repeats it. */
  readonly drain = (): void => {
    const length = this.cursorWord[0]! >>> 2
    if (length === 0) return
    this.cursorWord[0] = 0
    if (this.isClosed) return
    this.batch.begin(this.vcpu, length)
    this.deliver(this.batch)
  }

  private columnsIn(buffer: ArrayBufferLike): Columns {
    const { addresses, records, sites, values } = this
    return {
      sites: new Uint32Array(buffer, sites, records),
      addresses: new Uint32Array(buffer, addresses, records),
      values: values === 0 ? undefined : new BigUint64Array(buffer, values, records)
    }
  }
}
