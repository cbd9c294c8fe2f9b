/** Locks on ranges of a file: which conflict, and what setting one does to those that its owner has. Pure functions over lists. */

/** Who holds a lock: a process's descriptors for record locks, an open file for those of open files. Compared by identity. */
export type Owner = object

export interface RangeLock {
  readonly owner: Owner
  /** The process that set it; -1 for a lock of an open file. */
  readonly pid: number
  readonly isExclusive: boolean
  /** First and last byte. */
  readonly start: bigint
  readonly end: bigint
}

/** A lock to the end of the file, however long it gets, ends here. */
export const endOfFile = 0x7fff_ffff_ffff_ffffn

type Locks = ReadonlyArray<RangeLock>

const overlaps = (a: Pick<RangeLock, "start" | "end">, b: Pick<RangeLock, "start" | "end">): boolean =>
  a.start <= b.end && b.start <= a.end

/** The first lock of somebody else that keeps this one from being set. */
export const conflict = (locks: Locks, wanted: RangeLock): RangeLock | undefined =>
  locks.find((lock) => lock.owner !== wanted.owner && (lock.isExclusive || wanted.isExclusive) && overlaps(lock, wanted))

/** Without what an owner has in a range: locks that reach out of it are cut, or split. */
export const cleared = (locks: Locks, range: Pick<RangeLock, "owner" | "start" | "end">): Locks =>
  locks.flatMap((lock) => {
    if (lock.owner !== range.owner || !overlaps(lock, range)) return lock
    return [
      ...(lock.start < range.start ? [{ ...lock, end: range.start - 1n }] : []),
      ...(lock.end > range.end ? [{ ...lock, start: range.end + 1n }] : [])
    ]
  })

/** With a lock, which takes the place of what its owner had there, and becomes one with its like beside it. By first byte. */
export const added = (locks: Locks, lock: RangeLock): Locks => {
  let { end, start } = lock
  const others = cleared(locks, lock).filter((other) => {
    const isLike = other.owner === lock.owner && other.isExclusive === lock.isExclusive
    const touches = other.end + 1n === lock.start || lock.end + 1n === other.start
    if (!isLike || !touches) return true
    start = other.start < start ? other.start : start
    end = other.end > end ? other.end : end
    return false
  })
  return [...others, { ...lock, start, end }].toSorted((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0))
}
