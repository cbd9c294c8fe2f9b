/** Bytes and messages on their way to a socket. */
import type { SocketAddress } from "../address/SocketAddress.ts"
import { type Ancillary, discard } from "./Ancillary.ts"

/** A message as it is sent. The queue owns its bytes, and holds its files. */
export interface Message {
  readonly bytes: Uint8Array
  readonly from?: SocketAddress | undefined
  readonly ancillary?: Ancillary | undefined
}

/** What has been received. */
export interface Received {
  /** Bytes stored. */
  readonly count: number
  /** Bytes that the message had: more, where it was cut. */
  readonly length: number
  readonly from?: SocketAddress | undefined
  /** What came along; its files are the receiver's now, and are only lent after a peek. */
  readonly ancillary?: Ancillary | undefined
}

interface Entry {
  bytes: Uint8Array
  readonly from: SocketAddress | undefined
  ancillary: Ancillary | undefined
}

const nothing = new Uint8Array()

/** As many messages wait at most in a queue of messages, however small (a share of `net.core.rmem_default`). */
const maxMessages = 1024

export class MessageQueue {
  /** Whether bytes run together, rather than each message being one. */
  readonly isStream: boolean
  /** Bytes that may wait. */
  capacity: number
  readonly #entries: Array<Entry> = []
  /** Entries in front of this one are done with. */
  #head = 0
  #size = 0

  constructor(isStream: boolean, capacity: number) {
    this.isStream = isStream
    this.capacity = capacity
  }

  /** Bytes that wait. */
  get size(): number {
    return this.#size
  }

  get isEmpty(): boolean {
    return this.#head === this.#entries.length
  }

  /** Bytes of the first message. */
  get firstLength(): number {
    return this.#entries[this.#head]?.bytes.length ?? 0
  }

  /** Bytes for which there is room: for a message all or nothing. */
  get room(): number {
    if (!this.isStream && this.#entries.length - this.#head >= maxMessages) return 0
    return Math.max(0, this.capacity - this.#size)
  }

  /** Whether another message has room: one that is bigger than all of it gets its chance in an empty queue. */
  takes(length: number): boolean {
    return this.isEmpty || (this.room >= length && this.room > 0)
  }

  push({ ancillary, bytes, from }: Message): void {
    this.#entries.push({ bytes, from, ancillary })
    this.#size += bytes.length
  }

  /** Moves bytes out, with `peek` a copy; undefined where nothing waits. A stream's bytes end where files or other senders' begin. */
  read(into: Uint8Array, peek: boolean): Received | undefined {
    const first = this.#entries[this.#head]
    if (first === undefined) return undefined
    const { ancillary, from } = first
    if (!this.isStream) {
      const { length } = first.bytes
      const count = Math.min(length, into.length)
      into.set(first.bytes.subarray(0, count))
      if (!peek) this.#drop(first)
      return { count, length, from, ancillary }
    }
    let count = 0
    let at = this.#head
    while (at < this.#entries.length && count < into.length) {
      const entry = this.#entries[at]!
      if (entry !== first && !runsOn(first, entry, ancillary)) break
      const part = Math.min(entry.bytes.length, into.length - count)
      into.set(part === entry.bytes.length ? entry.bytes : entry.bytes.subarray(0, part), count)
      count += part
      if (peek) at++
      else if (part === entry.bytes.length) {
        this.#drop(entry)
        at = this.#head
      } else {
        this.#size -= part
        entry.bytes = entry.bytes.subarray(part)
        // files go with the first byte
        if (entry.ancillary !== undefined) entry.ancillary = { ...entry.ancillary, files: [] }
      }
    }
    return { count, length: count, from, ancillary }
  }

  /** Throws everything away. */
  clear(): void {
    for (const { ancillary } of this.#entries.splice(0).slice(this.#head)) discard(ancillary)
    this.#head = 0
    this.#size = 0
  }

  #drop(entry: Entry): void {
    this.#size -= entry.bytes.length
    // what is done with must not be kept alive
    entry.bytes = nothing
    this.#head++
    if (this.#head === this.#entries.length) {
      this.#entries.length = 0
      this.#head = 0
    }
    if (this.#head < 64 || this.#head * 2 < this.#entries.length) return
    this.#entries.splice(0, this.#head)
    this.#head = 0
  }
}

/** Whether a stream's bytes of one message may be received together with those of the first. */
const runsOn = (first: Entry, next: Entry, received: Ancillary | undefined): boolean => {
  if ((received?.files.length ?? 0) > 0 || (next.ancillary?.files.length ?? 0) > 0) return false
  const [one, other] = [first.ancillary?.credentials, next.ancillary?.credentials]
  return one?.pid === other?.pid && one?.uid === other?.uid && one?.gid === other?.gid
}
