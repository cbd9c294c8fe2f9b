/** Regions: what /proc/self/maps has lines of. */
import type { MappedFile } from "./MappedFile.ts"
import type { SharedSegment } from "./SharedSegment.ts"

/** A range of pages with the same protection and origin. Addresses are multiples of the page size, `end` is exclusive. */
export interface Region {
  readonly start: number
  readonly end: number
  /** `Prot` bits as the guest asked for them. */
  readonly prot: number
  readonly shared: boolean
  /** Shown in maps where there is no file, e.g. `[stack]`. */
  readonly name: string
  readonly file: MappedFile | undefined
  /** What it shares with others: of shared mappings. */
  readonly segment: SharedSegment | undefined
  /** Offset in the file or segment of the byte at `start`. */
  readonly offset: number
}

/** Whether two regions that touch are one: same protection and origin, and the file goes on where the first ends. */
export const mergeable = (a: Region, b: Region): boolean =>
  a.end === b.start &&
  a.prot === b.prot &&
  a.shared === b.shared &&
  a.name === b.name &&
  a.file === b.file &&
  a.segment === b.segment &&
  (!hasOffset(a) || a.offset + (a.end - a.start) === b.offset)

/** The part of a region in start..end, which must overlap it. */
export const clip = (region: Region, start: number, end: number): Region => {
  const from = Math.max(start, region.start)
  return {
    ...region,
    start: from,
    end: Math.min(end, region.end),
    offset: hasOffset(region) ? region.offset + (from - region.start) : 0
  }
}

const hasOffset = ({ file, segment }: Region): boolean => file !== undefined || segment !== undefined
