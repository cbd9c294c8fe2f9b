/** Interest lists (epoll). */
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

interface Interest {
  readonly file: OpenFile
  events: number
  data: bigint
  /** Bits already told, and changes seen by then: for edge-triggered interests. */
  told: number
  seen: number
}

/** A ready event: POLL bits and the caller's data. */
export interface ReadyEvent {
  readonly events: number
  readonly data: bigint
}

/** An epoll instance. Interests belong to a descriptor number together with its file, as in Linux. */
export class Epoll extends OpenFile {
  readonly #interests = new Map<number, Interest>()
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
    this.#interests.set(fd, { file, events, data, told: 0, seen: 0 })
    this.waiters.wake()
    return 0
  }

  /** EPOLL_CTL_MOD. */
  modify(fd: number, file: OpenFile, events: number, data: bigint): number {
    const interest = this.#find(fd, file)
    if (interest === undefined) return -Errno.ENOENT
    interest.events = events
    interest.data = data
    interest.told = 0
    this.waiters.wake()
    return 0
  }

  /** EPOLL_CTL_DEL. */
  remove(fd: number, file: OpenFile): number {
    if (this.#find(fd, file) === undefined) return -Errno.ENOENT
    this.#interests.delete(fd)
    return 0
  }

  /** Takes up to `limit` events that are ready now; later ones get their turn first the next time. */
  take(limit: number): Array<ReadyEvent> {
    const ready: Array<ReadyEvent> = []
    // those told go to the end of the list, so this goes over the list as it is now
    const interests = Array.from(this.#interests)
    for (const [fd, interest] of interests) {
      if (ready.length === limit) break
      const events = this.#fresh(interest)
      interest.told = interest.file.closed ? 0 : interest.file.poll()
      interest.seen = interest.file.waiters.changes
      if (events === 0) continue
      ready.push({ events, data: interest.data })
      if ((interest.events & EPOLL.ONESHOT) !== 0) interest.events &= ~eventMask
      this.#interests.delete(fd)
      this.#interests.set(fd, interest)
    }
    return ready
  }

  override poll(): number {
    this.#dropClosed()
    for (const interest of this.#interests.values()) if (this.#fresh(interest) !== 0) return POLL.IN | POLL.RDNORM
    return 0
  }

  override wait(events: number, length: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.poll() !== 0) return Effect.void
      const changes: Array<Effect.Effect<void>> = [this.waiters.wait(() => Effect.void)]
      for (const interest of this.#interests.values()) {
        if ((interest.events & eventMask) === 0) continue
        const edge = (interest.events & EPOLL.ET) !== 0 && (interest.file.poll() & interest.events & eventMask) !== 0
        changes.push(
          edge ? interest.file.waiters.wait(() => Effect.void) : interest.file.wait(interest.events & eventMask, 65536)
        )
      }
      return Effect.flatMap(Effect.raceAllFirst(changes), () => this.wait(events, length))
    })
  }

  /** Events to tell: for an edge-triggered interest only those that came up since the last time. */
  #fresh(interest: Interest): number {
    const wanted = interest.events & eventMask
    if (wanted === 0 || interest.file.closed) return 0
    const now = interest.file.poll()
    const ready = now & (wanted | POLL.ERR | POLL.HUP)
    const edge = (ready & ~interest.told) !== 0 || interest.file.waiters.changes !== interest.seen
    return (interest.events & EPOLL.ET) !== 0 && !edge ? 0 : ready
  }

  #find(fd: number, file: OpenFile): Interest | undefined {
    this.#dropClosed()
    const interest = this.#interests.get(fd)
    return interest?.file === file ? interest : undefined
  }

  #dropClosed(): void {
    for (const [fd, interest] of this.#interests) if (interest.file.closed) this.#interests.delete(fd)
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
    this.#dropClosed()
    return [...this.#interests.values()].flatMap(({ file }) => (file instanceof Epoll ? file : []))
  }
}
