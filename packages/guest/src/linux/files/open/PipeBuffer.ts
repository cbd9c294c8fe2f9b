/** Bytes on their way from writers to readers, within the emulator: pipes and socket pairs. */
import { Errno } from "../../kernel/errno.ts"
import { POLL } from "../constants.ts"
import { WaitQueue } from "./WaitQueue.ts"

/** Writes of up to so many bytes go in whole or not at all. */
export const PIPE_BUF = 4096

/** A bounded queue of bytes with counted ends. With `packets`, each write stays one message, of which a read takes at most one. */
export class PipeBuffer {
  /** Bytes that it holds at most. */
  capacity: number
  readonly #packets: boolean
  #chunks: Array<Uint8Array> = []
  #size = 0
  readers = 0
  writers = 0
  /** Woken at every change, for both ends. */
  readonly waiters: WaitQueue

  constructor(waiters: WaitQueue, packets = false, capacity = 65536) {
    this.waiters = waiters
    this.#packets = packets
    this.capacity = capacity
  }

  /** Bytes that wait to be read. */
  get size(): number {
    return this.#size
  }

  /** Moves bytes out: how many, 0 at the end (no writers), or `-EAGAIN`. `peek` leaves them in. */
  read(into: Uint8Array, peek = false): number {
    if (this.#chunks.length === 0) return this.writers === 0 || (into.length === 0 && !this.#packets) ? 0 : -Errno.EAGAIN
    let done = 0
    let index = 0
    while (index < this.#chunks.length && (done < into.length || this.#packets)) {
      const chunk = this.#chunks[index]!
      const part = Math.min(chunk.length, into.length - done)
      into.set(chunk.subarray(0, part), done)
      done += part
      if (this.#packets || part === chunk.length) {
        index++
        if (!peek) this.#size -= chunk.length
      } else if (!peek) {
        this.#chunks[index] = chunk.subarray(part)
        this.#size -= part
      }
      if (this.#packets || part < chunk.length) break
    }
    if (!peek) {
      this.#chunks.splice(0, index)
      this.waiters.wake(POLL.OUT | POLL.WRNORM)
    }
    return done
  }

  /** Moves bytes in: how many (part of them if more than `PIPE_BUF`), `-EAGAIN` if full, `-EPIPE` without readers. */
  write(from: Uint8Array): number {
    if (this.readers === 0) return -Errno.EPIPE
    if (from.length === 0 && !this.#packets) return 0
    const room = this.capacity - this.#size
    const whole = this.#packets || from.length <= PIPE_BUF
    if (this.#packets && from.length > this.capacity) return -Errno.EMSGSIZE
    if (room === 0 || (whole && room < from.length)) return -Errno.EAGAIN
    const part = from.slice(0, room)
    this.#chunks.push(part)
    this.#size += part.length
    this.waiters.wake(POLL.IN | POLL.RDNORM)
    return part.length
  }

  /** POLL bits of the reading end. */
  pollRead(): number {
    const ready = this.#chunks.length > 0 ? POLL.IN | POLL.RDNORM : 0
    return this.writers === 0 ? ready | POLL.HUP : ready
  }

  /** POLL bits of the writing end. */
  pollWrite(): number {
    const ready = this.capacity - this.#size >= PIPE_BUF ? POLL.OUT | POLL.WRNORM : 0
    return this.readers === 0 ? ready | POLL.ERR : ready
  }
}
