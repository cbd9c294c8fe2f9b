/** Event counters (eventfd2). */
import type { HostStat } from "../../../HostFs.ts"
import { Errno } from "../../kernel/errno.ts"
import { O, POLL } from "../constants.ts"
import { OpenFile, syntheticStat } from "./OpenFile.ts"

const largest = 0xffff_ffff_ffff_fffen

/** A 64-bit counter: writes add, reads take all (or one, with `semaphore`). */
export class EventFd extends OpenFile {
  #count: bigint
  readonly #semaphore: boolean

  constructor(initial: number, semaphore: boolean, flags: number) {
    super(O.RDWR | flags)
    this.#count = BigInt(initial)
    this.#semaphore = semaphore
  }

  override name(): string {
    return "anon_inode:[eventfd]"
  }

  override stat(): HostStat {
    return syntheticStat(0o600, 1n)
  }

  override read(into: Uint8Array): number {
    if (into.length < 8) return -Errno.EINVAL
    if (this.#count === 0n) return -Errno.EAGAIN
    const taken = this.#semaphore ? 1n : this.#count
    this.#count -= taken
    new DataView(into.buffer, into.byteOffset).setBigUint64(0, taken, true)
    this.waiters.wake(POLL.OUT | POLL.WRNORM)
    return 8
  }

  override write(from: Uint8Array): number {
    if (from.length < 8) return -Errno.EINVAL
    const added = new DataView(from.buffer, from.byteOffset).getBigUint64(0, true)
    if (added > largest) return -Errno.EINVAL
    if (this.#count + added > largest) return -Errno.EAGAIN
    this.#count += added
    if (added > 0n) this.waiters.wake(POLL.IN | POLL.RDNORM)
    return 8
  }

  override poll(): number {
    return (this.#count > 0n ? POLL.IN | POLL.RDNORM : 0) | (this.#count < largest ? POLL.OUT | POLL.WRNORM : 0)
  }
}
