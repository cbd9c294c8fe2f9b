/** The buffered trace as plugins see it: records of accesses and executed code, in batches of typed arrays. */

/** What a record of a trace tells of. An atomic operation is a load, then a store. */
export const TraceKind = { load: 0, store: 1, exec: 2, block: 3 } as const
export type TraceKind = (typeof TraceKind)[keyof typeof TraceKind]

/** A place in the guest's code that writes records of one kind: the same for all of them. */
export interface TraceSite {
  /** Address of the instruction, or of the block's first one. */
  readonly pc: number
  /** Bytes accessed, or the length of the instruction or block. */
  readonly size: number
  readonly kind: TraceKind
}

/**
 * Records in program order, all of one vCPU. Every array has `length` elements, one per record. Object and arrays are used
 * again: they are valid only while `onBatch` runs. `pcs`, `sizes` and `kinds` are filled when they are first asked for.
 */
export interface TraceBatch {
  readonly vcpu: number
  readonly length: number
  /** Address accessed, or that of the code for `exec` and `block`. */
  readonly addresses: Uint32Array<ArrayBufferLike>
  /** Numbers of the records' sites, which count up from 0: good as indices into a plugin's own tables. */
  readonly sites: Uint32Array<ArrayBufferLike>
  readonly pcs: Uint32Array<ArrayBufferLike>
  readonly sizes: Uint16Array<ArrayBufferLike>
  /** Values of `TraceKind`. */
  readonly kinds: Uint8Array<ArrayBufferLike>
  /**
   * What was loaded or stored, zero-extended; 0 for `exec` and `block`.
   *
   * @throws TraceWithoutValuesError for a trace that was not made with `values: true`
   */
  readonly values: BigUint64Array<ArrayBufferLike>
}

/** How a trace is made. */
export interface TraceOptions {
  /** Records that a batch can hold; the default is 8192. */
  readonly records?: number
  /** Record what was loaded and stored. The default is not to. */
  readonly values?: boolean
  /** Gets each batch. A plain, synchronous function: it may run inside the engine. */
  readonly onBatch: (batch: TraceBatch) => void
}

/** A trace that code records into, once `InsnHandle.traceMem`, `InsnHandle.traceExec` or `TbHandle.traceExec` asked for it. */
export interface Trace {
  /** Records that a batch can hold. */
  readonly records: number
  /** Gives what was recorded so far to `onBatch`, now. */
  readonly drain: () => void
  /** How many sites there are so far. A batch has records of these only. */
  readonly siteCount: number
  /**
   * What the number of a site in a batch stands for.
   *
   * @throws TraceSiteError where there is no such site
   */
  readonly site: (number: number) => TraceSite
}
