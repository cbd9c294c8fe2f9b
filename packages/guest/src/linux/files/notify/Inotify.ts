/** inotify instances: watches of files and directories, and the events that wait to be read (inotify(7)). */
import type { HostStat } from "../../../HostFs.ts"
import { Errno } from "../../kernel/errno.ts"
import { toBytes } from "../../user/byteStrings.ts"
import { O, POLL } from "../constants.ts"
import { OpenFile, syntheticStat } from "../open/OpenFile.ts"

/** Bits of events and of what is asked for. */
export const IN = {
  ACCESS: 1,
  MODIFY: 2,
  ATTRIB: 4,
  CLOSE_WRITE: 8,
  CLOSE_NOWRITE: 0x10,
  OPEN: 0x20,
  MOVED_FROM: 0x40,
  MOVED_TO: 0x80,
  CREATE: 0x100,
  DELETE: 0x200,
  DELETE_SELF: 0x400,
  MOVE_SELF: 0x800,
  ALL: 0xfff,
  Q_OVERFLOW: 0x4000,
  IGNORED: 0x8000,
  ONLYDIR: 0x100_0000,
  DONT_FOLLOW: 0x200_0000,
  EXCL_UNLINK: 0x400_0000,
  MASK_CREATE: 0x1000_0000,
  MASK_ADD: 0x2000_0000,
  ISDIR: 0x4000_0000,
  ONESHOT: 0x8000_0000
} as const

/** Most events that wait (fs.inotify.max_queued_events), and watches of a user (max_user_watches). */
const maxEvents = 16384
const maxWatches = 65536

interface Event {
  readonly watch: number
  readonly mask: number
  readonly cookie: number
  /** A byte string; "" for an event of the watched file itself. */
  readonly name: string
}

interface Watch {
  readonly number: number
  readonly identity: string
  mask: number
}

/** Where watches are entered, so that events find them. */
export interface Watchers {
  readonly add: (identity: string, instance: Inotify) => void
  readonly remove: (identity: string, instance: Inotify) => void
}

export class Inotify extends OpenFile {
  readonly #watchers: Watchers
  readonly #byNumber = new Map<number, Watch>()
  readonly #byIdentity = new Map<string, Watch>()
  #events: Array<Event> = []
  #last = 0

  constructor(watchers: Watchers, flags: number) {
    super(O.RDONLY | flags)
    this.#watchers = watchers
  }

  override name(): string {
    return "anon_inode:inotify"
  }

  override stat(): HostStat {
    return syntheticStat(0o600, 1n)
  }

  /** Watches a file, or changes for what: the watch's number, or a negative errno. */
  watch(identity: string, mask: number): number {
    const kept = mask & (IN.ALL | IN.EXCL_UNLINK | IN.ONESHOT)
    const known = this.#byIdentity.get(identity)
    if (known !== undefined) {
      if ((mask & IN.MASK_CREATE) !== 0) return -Errno.EEXIST
      known.mask = (mask & IN.MASK_ADD) === 0 ? kept : known.mask | kept
      return known.number
    }
    if (this.#byNumber.size >= maxWatches) return -Errno.ENOSPC
    const watch = { number: ++this.#last, identity, mask: kept }
    this.#byNumber.set(watch.number, watch)
    this.#byIdentity.set(identity, watch)
    this.#watchers.add(identity, this)
    return watch.number
  }

  /** Ends a watch: 0 or a negative errno. */
  unwatch(number: number): number {
    const watch = this.#byNumber.get(number)
    if (watch === undefined) return -Errno.EINVAL
    this.#end(watch)
    return 0
  }

  /** Something has happened to a file that is watched. */
  tell(identity: string, mask: number, name: string, cookie: number): void {
    const watch = this.#byIdentity.get(identity)
    if (watch === undefined || (watch.mask & mask & IN.ALL) === 0) return
    this.#queue({ watch: watch.number, mask, name, cookie })
    if ((watch.mask & IN.ONESHOT) !== 0) this.#end(watch)
  }

  /** A file that is watched is gone. */
  gone(identity: string): void {
    const watch = this.#byIdentity.get(identity)
    if (watch !== undefined) this.#end(watch)
  }

  #end(watch: Watch): void {
    this.#byNumber.delete(watch.number)
    this.#byIdentity.delete(watch.identity)
    this.#watchers.remove(watch.identity, this)
    this.#queue({ watch: watch.number, mask: IN.IGNORED, name: "", cookie: 0 })
  }

  #queue(event: Event): void {
    const last = this.#events.at(-1)
    // the same again tells nothing new
    if (last !== undefined && isSame(last, event)) return
    if (this.#events.length > maxEvents) return
    this.#events.push(this.#events.length === maxEvents ? { watch: -1, mask: IN.Q_OVERFLOW, name: "", cookie: 0 } : event)
    this.waiters.wake(POLL.IN | POLL.RDNORM)
  }

  /** As many events as there is room for: `struct inotify_event`, with names padded to 16 bytes. */
  override read(into: Uint8Array): number {
    if (this.#events.length === 0) return -Errno.EAGAIN
    let done = 0
    let taken = 0
    for (const event of this.#events) {
      const bytes = encode(event)
      if (done + bytes.length > into.length) break
      into.set(bytes, done)
      done += bytes.length
      taken++
    }
    this.#events = this.#events.slice(taken)
    return taken === 0 ? -Errno.EINVAL : done
  }

  override poll(): number {
    return this.#events.length > 0 ? POLL.IN | POLL.RDNORM : 0
  }

  override available(): number {
    return this.#events.reduce((sum, event) => sum + encode(event).length, 0)
  }

  protected override dispose(): void {
    for (const { identity } of this.#byNumber.values()) this.#watchers.remove(identity, this)
  }
}

const isSame = (one: Event, other: Event): boolean =>
  one.watch === other.watch && one.mask === other.mask && one.cookie === other.cookie && one.name === other.name

const encode = ({ cookie, mask, name, watch }: Event): Uint8Array => {
  const length = name === "" ? 0 : (name.length + 16) & ~15
  const bytes = new Uint8Array(16 + length)
  const view = new DataView(bytes.buffer)
  view.setInt32(0, watch, true)
  view.setUint32(4, mask, true)
  view.setUint32(8, cookie, true)
  view.setUint32(12, length, true)
  bytes.set(toBytes(name), 16)
  return bytes
}
