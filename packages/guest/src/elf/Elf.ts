/** An ELF file as far as it has been checked, and the names of the format (System V gABI chapters 4 and 5; RISC-V ELF psABI). */

export const SegmentType = {
  load: 1,
  dynamic: 2,
  interp: 3,
  note: 4,
  phdr: 6,
  ehFrame: 0x6474e550,
  stack: 0x6474e551
} as const
export const SegmentFlag = { exec: 1, write: 2, read: 4 } as const
export const SectionType = { symtab: 2, strtab: 3, note: 7, dynsym: 11 } as const

/** A program header. All fields were read as 64 bits and are known to be below 2^53. */
export interface Segment {
  readonly type: number
  /** `SegmentFlag` bits. */
  readonly flags: number
  readonly offset: number
  readonly address: number
  readonly fileSize: number
  readonly memorySize: number
  readonly align: number
}

/** A section header, as found: symbol readers check what they use. */
export interface Section {
  readonly type: number
  readonly address: number
  readonly offset: number
  readonly size: number
  readonly link: number
  readonly entrySize: number
}

/** A checked executable, interpreter or library. */
export interface Elf {
  readonly path: string
  readonly bytes: Uint8Array<ArrayBufferLike>
  /** Position-independent (ET_DYN): may be loaded at any page. */
  readonly isRelocatable: boolean
  readonly entry: number
  readonly segmentOffset: number
  readonly segments: ReadonlyArray<Segment>
  /** The loadable segments, by address. */
  readonly loads: ReadonlyArray<Segment>
  /** The dynamic loader that the program asks for. */
  readonly interpreter: string | undefined
}
