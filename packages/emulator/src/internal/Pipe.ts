/** The standard streams of a guest, with code of the host at the other end. */
import { Errno } from "@emu/guest/linux/kernel/errno"
import * as Effect from "effect/Effect"

/** Wakes whoever waits for a pipe. */
class Waiters {
  readonly #waiters = new Set<() => void>()

  wake(): void {
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    for (const wake of waiters) wake()
  }

  /** Waits for the next `wake` unless a condition holds. */
  until(holds: () => boolean): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      if (holds()) return resume(Effect.void)
      const wake = () => resume(Effect.void)
      this.#waiters.add(wake)
      return Effect.sync(() => void this.#waiters.delete(wake))
    })
  }
}

/** What the guest reads. */
export class InputPipe {
  #bytes: Uint8Array
  #isEnded = false
  readonly #filled = new Waiters()
  readonly #emptied = new Waiters()

  /** @param bytes what is there to begin with */
  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.#bytes = bytes
  }

  get available(): number {
    return this.#bytes.length
  }

  /** Whether a read gives bytes, or the end. */
  get isReady(): boolean {
    return this.#bytes.length > 0 || this.#isEnded
  }

  get isAtEnd(): boolean {
    return this.#bytes.length === 0 && this.#isEnded
  }

  /** For the guest: bytes moved, 0 at the end, -EAGAIN where it has to wait. */
  read(into: Uint8Array): number {
    if (this.#bytes.length === 0) return this.#isEnded || into.length === 0 ? 0 : -Errno.EAGAIN
    const part = this.#bytes.subarray(0, into.length)
    into.set(part)
    this.#bytes = this.#bytes.subarray(part.length)
    if (this.#bytes.length === 0) this.#emptied.wake()
    return part.length
  }

  /** Waits until a read gives something. */
  readonly wait: Effect.Effect<void> = Effect.suspend(() => this.#filled.until(() => this.isReady))

  /** For the host: gives bytes to the guest, and waits until it has read them. */
  put(bytes: Uint8Array): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#bytes = bytes
      if (bytes.length === 0) return Effect.void
      this.#filled.wake()
      return this.#emptied.until(() => this.#bytes.length === 0)
    })
  }

  /** There is no more. */
  end(): void {
    this.#isEnded = true
    this.#filled.wake()
  }
}

/** A function that gets what the guest writes, call by call. */
export class OutputFunction {
  readonly isFull = false
  readonly wait: Effect.Effect<void> = Effect.void
  readonly #take: (bytes: Uint8Array<ArrayBuffer>) => void

  constructor(take: (bytes: Uint8Array<ArrayBuffer>) => void) {
    this.#take = take
  }

  write(bytes: Uint8Array): number {
    this.#take(bytes.slice())
    return bytes.length
  }
}

/** A guest waits when so many bytes are unread, and somebody reads. */
const capacity = 1 << 20

/** What the guest writes. Waits in memory until somebody reads it; from then on the guest waits for a reader that is slow. */
export class OutputPipe {
  #chunks: Array<Uint8Array<ArrayBuffer>> = []
  #length = 0
  #isEnded = false
  #isRead = false
  readonly #filled = new Waiters()
  readonly #emptied = new Waiters()

  get isFull(): boolean {
    return this.#isRead && this.#length >= capacity
  }

  /** For the guest: takes all bytes, or -EAGAIN where it has to wait. */
  write(bytes: Uint8Array): number {
    if (this.isFull) return -Errno.EAGAIN
    // a copy: the guest's memory goes on changing, and may be shared
    this.#chunks.push(bytes.slice())
    this.#length += bytes.length
    this.#filled.wake()
    return bytes.length
  }

  /** Waits until a write takes bytes. */
  readonly wait: Effect.Effect<void> = Effect.suspend(() => this.#emptied.until(() => !this.isFull))

  /** The guest writes no more. */
  end(): void {
    this.#isEnded = true
    this.#filled.wake()
  }

  /** For the host: the chunks that have come, waiting for some; none at the end. */
  readonly take: Effect.Effect<ReadonlyArray<Uint8Array<ArrayBuffer>>> = Effect.suspend(() => {
    this.#isRead = true
    return Effect.map(
      this.#filled.until(() => this.#chunks.length > 0 || this.#isEnded),
      () => this.takeAll()
    )
  })

  /** What is there now. */
  takeAll(): ReadonlyArray<Uint8Array<ArrayBuffer>> {
    const chunks = this.#chunks
    this.#chunks = []
    this.#length = 0
    this.#emptied.wake()
    return chunks
  }
}
