/**
 * Interest lists (epoll). As in Linux, a list of those that may be ready is kept as files change, so that a wait costs what is ready
 * and not what is watched. Files that cannot tell of their changes (terminals, timers) are asked each time.
 */
import * as Effect from "effect/Effect"
import type { HostStat } from "../../../HostFs.ts"
import { Errno } from "../../kernel/errno.ts"
import { O, POLL } from "../constants.ts"
import { OpenFile, syntheticStat } from "./OpenFile.ts"

/** Flags of an interest beside the POLL bits. */
export const EPOLL = { ONESHOT: 0x4000_0000, ET: 0x8000_0000, EXCLUSIVE: 0x1000_0000, WAKEUP: 0x2000_0000 } as const

/** As many instances may hold each other in a chain, beside the first (Linux's EP_MAX_NESTS). */
const maxNesting = 4

const eventMask = 0x0fff_ffff
const always = POLL.ERR | POLL.HUP

interface Interest {
  readonly fd: number
  readonly file: OpenFile
  events: number
  data: bigint
  /** Bits that an edge-triggered interest in a file that is asked was told of last. */
  told: number
  /** Ends listening to the file; undefined for one that is asked. */
  readonly stop: (() => void) | undefined
}

/** A ready event: POLL bits and the caller's data. */
export interface ReadyEvent {
  readonly events: number
  readonly data: bigint
}

/** An epoll instance. Interests belong to a descriptor number together with its file, as in Linux. */
export class Epoll extends OpenFile {
  readonly #interests = new Map<OpenFile, Map<number, Interest>>()
  /** Those whose file has changed since it was last seen without anything to tell; next ones to be told first. */
  readonly #ready = new Set<Interest>()
  /** Those whose files are asked. */
  readonly #asked = new Set<Interest>()
  /** Instances that have had this one in their list. */
  readonly #holders = new Set<Epoll>()

  constructor() {
    super(O.RDWR)
  }

  override name(): string {
    return "anon_inode:[eventpoll]"
  }

  override stat(): HostStat {
    return syntheticStat(0o600, 1n)
  }

  /** EPOLL_CTL_ADD. */
  add(fd: number, file: OpenFile, events: number, data: bigint): number {
    if (this.#find(fd, file) !== undefined) return -Errno.EEXIST
    if (file === this) return -Errno.EINVAL
    if (file.identity !== undefined) return -Errno.EPERM
    if (file instanceof Epoll) {
      // one that is about itself is refused here as well: no depth is small enough for it
      if (file.#reaches(this, maxNesting) || file.#depth() + 1 + this.#height() > maxNesting) return -Errno.ELOOP
      file.#holders.add(this)
    }
    const interest: Interest = {
      fd,
      file,
      events,
      data,
      told: 0,
      stop: file.tellsChanges ? file.waiters.listen((happened) => this.#changed(interest, happened)) : undefined
    }
    const ofFile = this.#interests.get(file) ?? new Map<number, Interest>()
    this.#interests.set(file, ofFile.set(fd, interest))
    if (interest.stop === undefined) this.#asked.add(interest)
    this.#arm(interest)
    return 0
  }

  /** EPOLL_CTL_MOD. */
  modify(fd: number, file: OpenFile, events: number, data: bigint): number {
    const interest = this.#find(fd, file)
    if (interest === undefined) return -Errno.ENOENT
    interest.events = events
    interest.data = data
    interest.told = 0
    this.#arm(interest)
    return 0
  }

  /** EPOLL_CTL_DEL. */
  remove(fd: number, file: OpenFile): number {
    const interest = this.#find(fd, file)
    if (interest === undefined) return -Errno.ENOENT
    this.#drop(interest)
    return 0
  }

  /** Takes up to `limit` events that are ready now; later ones get their turn first the next time. */
  take(limit: number): Array<ReadyEvent> {
    const ready: Array<ReadyEvent> = []
    // those told go to the end of the list, so this goes over the list as it is now
    for (const interest of [...this.#ready, ...this.#asked]) {
      if (ready.length === limit) break
      const events = this.#fresh(interest)
      this.#ready.delete(interest)
      interest.told = events | (interest.told & interest.file.poll())
      if (events === 0) continue
      ready.push({ events, data: interest.data })
      if ((interest.events & EPOLL.ONESHOT) !== 0) interest.events &= ~eventMask
      else if (interest.stop === undefined) this.#askLast(interest)
      else if ((interest.events & EPOLL.ET) === 0) this.#ready.add(interest)
    }
    return ready
  }

  override poll(): number {
    for (const interest of this.#ready) {
      if (this.#fresh(interest) !== 0) return POLL.IN | POLL.RDNORM
      this.#ready.delete(interest)
    }
    for (const interest of this.#asked) if (this.#fresh(interest) !== 0) return POLL.IN | POLL.RDNORM
    return 0
  }

  override wait(events: number, length: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.poll() !== 0) return Effect.void
      const changes: Array<Effect.Effect<void>> = [this.waiters.wait(() => Effect.void)]
      for (const { events: wanted, file } of this.#asked) {
        if ((wanted & eventMask) === 0) continue
        const told = (wanted & EPOLL.ET) !== 0 && (file.poll() & wanted & eventMask) !== 0
        changes.push(told ? file.waiters.wait(() => Effect.void) : file.wait(wanted & eventMask, 65536))
      }
      const changed = changes.length === 1 ? changes[0]! : Effect.raceAllFirst(changes)
      return Effect.flatMap(changed, () => this.wait(events, length))
    })
  }

  protected override dispose(): void {
    for (const ofFile of this.#interests.values()) for (const { stop } of ofFile.values()) stop?.()
    this.#interests.clear()
    this.#ready.clear()
    this.#asked.clear()
  }

  /** A file tells of a change. */
  #changed(interest: Interest, happened: number): void {
    if (interest.file.closed) return this.#drop(interest)
    if ((interest.events & eventMask) === 0 || (happened & (interest.events | always)) === 0) return
    this.#ready.add(interest)
    this.waiters.wake(POLL.IN | POLL.RDNORM)
  }

  /** What is ready when an interest begins is told, whether on edges or not. */
  #arm(interest: Interest): void {
    if (interest.stop !== undefined) {
      if (this.#fresh(interest) === 0) return
      this.#ready.add(interest)
    }
    this.waiters.wake(POLL.IN | POLL.RDNORM)
  }

  #askLast(interest: Interest): void {
    this.#asked.delete(interest)
    this.#asked.add(interest)
  }

  /** Events to tell. Of a file that is asked, those of an edge-triggered interest that came up since the last time. */
  #fresh(interest: Interest): number {
    const wanted = interest.events & eventMask
    if (interest.file.closed) {
      this.#drop(interest)
      return 0
    }
    if (wanted === 0) return 0
    const ready = interest.file.poll() & (wanted | always)
    const isEdge = interest.stop === undefined && (interest.events & EPOLL.ET) !== 0
    return isEdge ? ready & ~interest.told : ready
  }

  #find(fd: number, file: OpenFile): Interest | undefined {
    return this.#interests.get(file)?.get(fd)
  }

  #drop(interest: Interest): void {
    interest.stop?.()
    this.#ready.delete(interest)
    this.#asked.delete(interest)
    const ofFile = this.#interests.get(interest.file)
    ofFile?.delete(interest.fd)
    if (ofFile?.size === 0) this.#interests.delete(interest.file)
  }

  /** Whether another instance is below this one, at most `depth` levels. */
  #reaches(target: Epoll, depth: number): boolean {
    return depth > 0 && this.#nested().some((file) => file === target || file.#reaches(target, depth - 1))
  }

  /** Levels of instances below this one. */
  #depth(): number {
    return Math.max(0, ...this.#nested().map((file) => file.#depth() + 1))
  }

  /** Levels of instances above this one. */
  #height(): number {
    const holders = [...this.#holders].filter((holder) => !holder.closed && holder.#nested().includes(this))
    return Math.max(0, ...holders.map((holder) => holder.#height() + 1))
  }

  #nested(): ReadonlyArray<Epoll> {
    return [...this.#interests.keys()].flatMap((file) => (file instanceof Epoll && !file.closed ? file : []))
  }
}
