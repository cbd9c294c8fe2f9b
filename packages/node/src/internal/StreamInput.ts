/** Input that may take time to come: terminals, pipes and sockets, read in the background so that the event loop goes on. */
import * as Fs from "node:fs"
import * as Effect from "effect/Effect"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { errnoOf } from "./nodeErrno.ts"

let inFlight = 0

/** How many reads the host has not finished. */
export const readsInFlight = (): number => inFlight

/** Reads one descriptor ahead, only when asked and only as much as the asker would take. */
export class StreamInput {
  readonly #fd: number
  #bytes: Uint8Array = new Uint8Array(0)
  /** A read ended with this: 0 at the end of input, or a negative errno. */
  #outcome: number | undefined
  #isReading = false
  readonly #waiters = new Set<() => void>()

  constructor(fd: number) {
    this.#fd = fd
  }

  /** Whether `read` gives something else than -EAGAIN. */
  get isReady(): boolean {
    return this.#bytes.length > 0 || this.#outcome !== undefined
  }

  /** Whether the end of input was met and not yet told. */
  get isAtEnd(): boolean {
    return this.#bytes.length === 0 && this.#outcome === 0
  }

  /** Bytes at hand. */
  get available(): number {
    return this.#bytes.length
  }

  /** Takes what is at hand: bytes moved, 0 at the end, a negative errno, or -EAGAIN. */
  read(into: Uint8Array): number {
    if (this.#bytes.length > 0) {
      const part = this.#bytes.subarray(0, into.length)
      into.set(part)
      this.#bytes = this.#bytes.subarray(part.length)
      return part.length
    }
    const outcome = this.#outcome
    // A terminal can go on after its end was typed, and a named pipe when someone opens it again: ask anew the next time.
    this.#outcome = undefined
    return outcome ?? -Errno.EAGAIN
  }

  /** Starts a read of up to `length` bytes unless something is at hand or on its way. */
  request(length: number): void {
    if (this.isReady || this.#isReading) return
    this.#isReading = true
    inFlight++
    const buffer = new Uint8Array(Math.max(1, Math.min(length, 65536)))
    Fs.read(this.#fd, buffer, 0, buffer.length, null, (error, count) => {
      this.#isReading = false
      inFlight--
      if (error !== null && errnoOf(error) === -Errno.EAGAIN) {
        setTimeout(() => this.request(length), 1)
        return
      }
      if (error === null && count > 0) this.#bytes = buffer.subarray(0, count)
      else this.#outcome = error === null ? 0 : errnoOf(error)
      const waiters = [...this.#waiters]
      this.#waiters.clear()
      for (const wake of waiters) wake()
    })
  }

  /** Waits until there is something to read. */
  wait(length: number): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      if (this.isReady) return resume(Effect.void)
      this.request(length)
      const wake = (): void => resume(Effect.void)
      this.#waiters.add(wake)
      return Effect.sync(() => {
        this.#waiters.delete(wake)
      })
    })
  }
}
