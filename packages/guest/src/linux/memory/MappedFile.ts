/** What the address space needs of a file that is mapped. The file table makes these. */

/**
 * A regular file behind a mapping, which outlives the descriptor it came from. `read` and `write` give the number of bytes
 * done (less at the end of the file) or a negative errno, and never throw.
 */
export interface MappedFile {
  /** Absolute guest path, as /proc/self/maps shows it. */
  readonly path: string
  /** Tells files apart: equal for two descriptors of the same file. */
  readonly identity: string
  /** As `fstat` shows them. */
  readonly device: bigint
  readonly inode: bigint
  /** The descriptor was open for writing, so shared mappings may be writable. */
  readonly writable: boolean
  readonly read: (offset: number, into: Uint8Array) => number
  readonly write: (offset: number, from: Uint8Array) => number
  /** Size in bytes now. */
  readonly size: () => number
  /** Another address space maps it, too: `close` will be called once more. */
  readonly hold: () => void
  /** Called once for each time that the file table handed it out, and for each `hold`. */
  readonly close: () => void
}
