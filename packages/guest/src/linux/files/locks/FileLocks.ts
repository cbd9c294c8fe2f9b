/** Who has locked which files, among the processes of a run: record locks, locks of open files, flock. */
import * as Effect from "effect/Effect"
import { Errno } from "../../kernel/errno.ts"
import type { OpenFile } from "../open/OpenFile.ts"
import { WaitQueue } from "../open/WaitQueue.ts"
import { added, cleared, conflict, type Owner, type RangeLock } from "./Range.ts"

/** A waiter and who it waits for. */
interface Wait {
  readonly owner: Owner
  readonly holder: Owner
}

export class FileLocks {
  /** Range locks by file, and locks of whole files (flock) by file and open file. */
  readonly #ranges = new Map<string, ReadonlyArray<RangeLock>>()
  readonly #whole = new Map<string, Map<OpenFile, boolean>>()
  /** Woken when a lock goes. */
  readonly #released = new WaitQueue()
  readonly #waits = new Set<Wait>()
  /** Open files that have been locked, whose locks go with them. */
  readonly #watched = new WeakSet<OpenFile>()

  /** The lock that keeps another from being set. */
  conflict(file: OpenFile, wanted: RangeLock): RangeLock | undefined {
    return conflict(this.#ranges.get(keyOf(file)) ?? [], wanted)
  }

  /** Sets a lock: 0, or -EAGAIN where somebody else's is in the way. */
  set(file: OpenFile, lock: RangeLock): number {
    if (this.conflict(file, lock) !== undefined) return -Errno.EAGAIN
    const key = keyOf(file)
    const before = this.#ranges.get(key) ?? []
    this.#ranges.set(key, added(before, lock))
    this.#watch(file)
    // an exclusive lock may have become a shared one
    if (!lock.isExclusive) this.#released.wake()
    return 0
  }

  /** Takes an owner's locks out of a range. */
  clear(file: OpenFile, range: Pick<RangeLock, "owner" | "start" | "end">): void {
    this.#replace(keyOf(file), (locks) => cleared(locks, range))
  }

  /**
   * Sets a lock as soon as nothing is in the way. A record lock that its holder would wait for, directly or by others, fails with
   * -EDEADLK.
   */
  setLater(file: OpenFile, lock: RangeLock, findsDeadlocks: boolean): number | Effect.Effect<number> {
    const first = this.set(file, lock)
    if (first !== -Errno.EAGAIN) return first
    const again = (): Effect.Effect<number> =>
      Effect.suspend(() => {
        const holder = this.conflict(file, lock)?.owner
        if (holder === undefined) return Effect.succeed(this.set(file, lock))
        if (findsDeadlocks && this.#waitsFor(holder, lock.owner)) return Effect.succeed(-Errno.EDEADLK)
        return this.#wait({ owner: lock.owner, holder }, again)
      })
    return again()
  }

  /** flock: sets, changes or (undefined) takes away the lock of an open file: 0 or -EAGAIN. */
  setWhole(file: OpenFile, isExclusive: boolean | undefined): number {
    const key = keyOf(file)
    const holders = this.#whole.get(key) ?? new Map<OpenFile, boolean>()
    if (isExclusive !== undefined) {
      for (const [other, excludes] of holders) if (other !== file && (excludes || isExclusive)) return -Errno.EAGAIN
      holders.set(file, isExclusive)
      this.#whole.set(key, holders)
      this.#watch(file)
      if (!isExclusive) this.#released.wake()
      return 0
    }
    if (holders.delete(file)) this.#released.wake()
    if (holders.size === 0) this.#whole.delete(key)
    return 0
  }

  /** flock that waits. What the open file had is given up first, as on Linux. */
  setWholeLater(file: OpenFile, isExclusive: boolean): number | Effect.Effect<number> {
    const first = this.setWhole(file, isExclusive)
    if (first !== -Errno.EAGAIN) return first
    this.setWhole(file, undefined)
    const again = (): Effect.Effect<number> =>
      Effect.suspend(() => {
        const result = this.setWhole(file, isExclusive)
        return result === -Errno.EAGAIN ? this.#wait({ owner: file, holder: file }, again) : Effect.succeed(result)
      })
    return again()
  }

  /** A descriptor is closed: a process's record locks go with any descriptor of the file. */
  closed(owner: Owner, file: OpenFile): void {
    if (this.#ranges.size > 0) this.#replace(keyOf(file), (locks) => locks.filter((lock) => lock.owner !== owner))
  }

  #replace(key: string, change: (locks: ReadonlyArray<RangeLock>) => ReadonlyArray<RangeLock>): void {
    const before = this.#ranges.get(key)
    if (before === undefined) return
    const after = change(before)
    if (after.length === 0) this.#ranges.delete(key)
    else this.#ranges.set(key, after)
    this.#released.wake()
  }

  /** Lets the locks of an open file go with it. */
  #watch(file: OpenFile): void {
    if (this.#watched.has(file)) return
    this.#watched.add(file)
    const key = keyOf(file)
    file.atClose(() => {
      this.#replace(key, (locks) => locks.filter(({ owner }) => owner !== file))
      const holders = this.#whole.get(key)
      if (holders?.delete(file) === true) this.#released.wake()
      if (holders?.size === 0) this.#whole.delete(key)
    })
  }

  #wait(wait: Wait, next: () => Effect.Effect<number>): Effect.Effect<number> {
    const change = Effect.callback<void>((resume) => {
      this.#waits.add(wait)
      const remove = this.#released.add(() => {
        this.#waits.delete(wait)
        resume(Effect.void)
      })
      return Effect.sync(() => {
        this.#waits.delete(wait)
        remove()
      })
    })
    return Effect.flatMap(change, next)
  }

  /** Whether one waits for another, directly or by those that it waits for. */
  #waitsFor(one: Owner, other: Owner, seen = new Set<Owner>()): boolean {
    if (one === other) return true
    if (seen.has(one)) return false
    seen.add(one)
    return [...this.#waits].some((wait) => wait.owner === one && this.#waitsFor(wait.holder, other, seen))
  }
}

/** What tells files apart: two open files of one file have the same. */
const keyOf = (file: OpenFile): string => {
  if (file.identity !== undefined) return file.identity
  const stat = file.stat()
  return typeof stat === "number" ? file.name() : `${stat.dev}:${stat.ino}`
}
