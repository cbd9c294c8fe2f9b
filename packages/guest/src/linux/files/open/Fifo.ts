/**
 * Named pipes (fifo(7)). The bytes are in the host's pipe, which guests share with programs outside, and which is only ever asked without
 * waiting. Guests wake each other; what others do is looked for again and again, as a host has no other way to tell that blocks nobody.
 */
import * as Effect from "effect/Effect"
import type { HostFsShape, HostStat } from "../../../HostFs.ts"
import { Errno } from "../../kernel/errno.ts"
import { O, openOnly, POLL } from "../constants.ts"
import { OpenFile } from "./OpenFile.ts"
import { WaitQueue } from "./WaitQueue.ts"

/** Milliseconds between two looks at the host's pipe: at first, and at most. */
const soonest = 1
const latest = 16

/** Bytes that are taken from the host's pipe to see whether there are any. */
const lookAhead = 4096

/** What all who have one pipe open have in common. */
export class FifoNode {
  readonly waiters = new WaitQueue()
  /** Guests that have it open for reading and writing, and how often it was opened for writing. */
  readers = 0
  writers = 0
  writersSeen = 0
  /** Read ahead, to see whether there is anything. */
  ahead: Uint8Array = new Uint8Array(0)
}

/** Named pipes that guests of a run have open, by `dev:ino`. */
export class Fifos {
  readonly #nodes = new Map<string, FifoNode>()

  of(stat: HostStat): FifoNode {
    const key = `${stat.dev}:${stat.ino}`
    const known = this.#nodes.get(key)
    if (known !== undefined) return known
    const node = new FifoNode()
    this.#nodes.set(key, node)
    return node
  }
}

export class Fifo extends OpenFile {
  readonly #host: HostFsShape
  readonly #node: FifoNode
  readonly #fd: number
  readonly #path: string
  /** Somebody has, or had, it open for writing since this was opened: its end means something. */
  #hadWriter: boolean
  #isFull = false

  /** @param fd the host's descriptor, which does not block */
  constructor(host: HostFsShape, node: FifoNode, fd: number, path: string, flags: number) {
    super(flags, node.waiters)
    this.#host = host
    this.#node = node
    this.#fd = fd
    this.#path = path
    this.#hadWriter = node.writers > 0 || this.writable
    if (this.readable) node.readers++
    if (this.writable) {
      node.writers++
      node.writersSeen++
    }
    node.waiters.wake()
  }

  override get hostFd(): number {
    return this.#fd
  }

  override get stream(): boolean {
    return true
  }

  /** Programs outside tell nobody. */
  override get tellsChanges(): boolean {
    return false
  }

  override name(): string {
    const path = this.#host.fdPath(this.#fd)
    return typeof path === "number" ? this.#path : path
  }

  override stat(): HostStat | number {
    return this.#host.fstat(this.#fd)
  }

  override reopen(flags: number): Fifo | number {
    const fd = this.#host.reopen(this.#fd, flags | O.NONBLOCK)
    return fd < 0 ? fd : new Fifo(this.#host, this.#node, fd, this.#path, flags & ~openOnly)
  }

  /** Whether there is somebody to read from, now or since it was opened. */
  meetsWriter(): boolean {
    const before = this.#node.ahead.length
    return this.#look() > 0 || this.#hadWriter || before > 0
  }

  override read(into: Uint8Array): number {
    const node = this.#node
    if (into.length === 0) return 0
    if (node.ahead.length > 0) {
      const part = node.ahead.subarray(0, into.length)
      into.set(part)
      node.ahead = node.ahead.subarray(part.length)
      node.waiters.wake(POLL.OUT | POLL.WRNORM)
      return part.length
    }
    const count = this.#host.read(this.#fd, into)
    if (count > 0) node.waiters.wake(POLL.OUT | POLL.WRNORM)
    if (count !== 0) this.#hadWriter = true
    return count
  }

  override write(from: Uint8Array): number {
    const count = this.#host.write(this.#fd, from)
    this.#isFull = count === -Errno.EAGAIN
    if (count > 0) this.#node.waiters.wake(POLL.IN | POLL.RDNORM)
    return count
  }

  override poll(): number {
    return (this.readable ? this.#pollRead() : 0) | (this.writable && !this.#isFull ? POLL.OUT | POLL.WRNORM : 0)
  }

  override wait(events: number): Effect.Effect<void> {
    return this.lookAgain(() => (this.poll() & (events | POLL.ERR | POLL.HUP)) !== 0)
  }

  /** Waits until something holds: looked at whenever a guest does something with the pipe, and from time to time. */
  lookAgain(holds: () => boolean, pause = soonest): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (holds()) return Effect.void
      const passed = Effect.map(Effect.sleep(pause), () => void (this.#isFull = false))
      const changed = this.waiters.wait(() => Effect.sync(() => void (this.#isFull = false)))
      return Effect.flatMap(Effect.raceFirst(changed, passed), () => this.lookAgain(holds, Math.min(pause * 2, latest)))
    })
  }

  override available(): number {
    this.#look()
    return this.#node.ahead.length
  }

  #pollRead(): number {
    if (this.#look() > 0 && this.#node.ahead.length > 0) return POLL.IN | POLL.RDNORM
    return this.#hadWriter && this.#isAtEnd ? POLL.HUP : 0
  }

  #isAtEnd = false

  /** Looks whether there are bytes (more than 0), or a writer (-EAGAIN, which is told as 1), or nobody (0). */
  #look(): number {
    const node = this.#node
    if (node.ahead.length > 0) return node.ahead.length
    const bytes = new Uint8Array(lookAhead)
    const count = this.#host.read(this.#fd, bytes)
    this.#isAtEnd = count === 0
    if (count > 0) node.ahead = bytes.subarray(0, count)
    if (count !== 0) this.#hadWriter = true
    return count === -Errno.EAGAIN ? 1 : Math.max(0, count)
  }

  protected override dispose(): void {
    if (this.readable) this.#node.readers--
    if (this.writable) this.#node.writers--
    // who reads next begins anew
    if (this.#node.readers === 0) this.#node.ahead = new Uint8Array(0)
    this.#host.close(this.#fd)
    this.#node.waiters.wake()
  }
}
