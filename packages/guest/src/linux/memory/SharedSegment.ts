/**
 * Memory that processes share: an anonymous shared mapping and its copies after fork, or all shared mappings of a file. Each process
 * has its own copy in its own memory. As one process runs at a time, it is enough that one that gets the turn takes over what the
 * one before it has: to the guest it is the same memory.
 */
import { Futex } from "../threads/Futex.ts"
import type { Pages } from "./Pages.ts"

/** What those who share a segment ask of each other: an address space that maps some of it. */
export interface SegmentUser {
  readonly pages: Pages
  /** Where a page of a segment is mapped; undefined if it is not. */
  readonly addressOf: (segment: SharedSegment, page: number) => number | undefined
  /** A file was changed by other means: its mappings show that from now on. */
  readonly refresh: (identity: string) => void
}

export class SharedSegment {
  /** Spaces that map some of it. */
  readonly users = new Set<SegmentUser>()
  /** Whose copy of a page (by its number in the segment) is the right one: that of the last one that could write there. */
  readonly #owners = new Map<number, SegmentUser>()
  /** Who has the pages that nobody else has had yet. */
  readonly #first: SegmentUser
  /** Waiters of all processes, by offset in the segment. */
  readonly futex = new Futex()

  constructor(first: SegmentUser) {
    this.#first = first
  }

  ownerOf(page: number): SegmentUser {
    return this.#owners.get(page) ?? this.#first
  }

  setOwner(page: number, owner: SegmentUser): void {
    this.#owners.set(page, owner)
  }
}

/** The segments of files that are mapped now, by `MappedFile.identity`. All address spaces of a run have this in common. */
export type FileSegments = Map<string, SharedSegment>
