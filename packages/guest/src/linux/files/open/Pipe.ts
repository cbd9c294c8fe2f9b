/** Pipes between threads and processes of the guest. */
import type { HostStat } from "../../../HostFs.ts"
import { Errno } from "../../kernel/errno.ts"
import { O, openOnly, S } from "../constants.ts"
import { OpenFile, syntheticStat } from "./OpenFile.ts"
import { PipeBuffer } from "./PipeBuffer.ts"
import { WaitQueue } from "./WaitQueue.ts"

const pageSize = 4096
/** What the kernel can hold at most, and what it lets users ask for (/proc/sys/fs/pipe-max-size). */
const largestPipe = 2 ** 31 - 1
const largestUnprivileged = 2 ** 20

/** One end of a pipe. */
export class PipeEnd extends OpenFile {
  readonly #buffer: PipeBuffer
  readonly #ino: bigint

  constructor(buffer: PipeBuffer, ino: bigint, flags: number) {
    super(flags, buffer.waiters)
    this.#buffer = buffer
    this.#ino = ino
    if (this.readable) buffer.readers++
    if (this.writable) buffer.writers++
  }

  override reopen(flags: number): PipeEnd {
    const end = new PipeEnd(this.#buffer, this.#ino, flags & ~openOnly)
    this.#buffer.waiters.wake()
    return end
  }

  /** Bytes that the pipe holds at most (F_GETPIPE_SZ). */
  get capacity(): number {
    return this.#buffer.capacity
  }

  /** Bytes for which there is room. */
  get room(): number {
    return this.#buffer.capacity - this.#buffer.size
  }

  /** Whether nobody is left who could read. */
  get isBroken(): boolean {
    return this.#buffer.readers === 0
  }

  isSamePipe(other: PipeEnd): boolean {
    return this.#buffer === other.#buffer
  }

  /** As `read`, but the bytes stay there. */
  peek(into: Uint8Array): number {
    return this.#buffer.read(into, true)
  }

  /**
   * Makes room for at least so many bytes, a power of two of pages (F_SETPIPE_SZ).
   *
   * @returns the new capacity, or -EPERM, -EINVAL, or -EBUSY where it holds more than that
   */
  resize(bytes: number, isPrivileged: boolean): number {
    if (bytes < 0 || bytes > largestPipe) return -Errno.EINVAL
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(bytes, pageSize)))
    if (capacity > this.capacity && capacity > largestUnprivileged && !isPrivileged) return -Errno.EPERM
    if (capacity < this.#buffer.size) return -Errno.EBUSY
    this.#buffer.capacity = capacity
    this.waiters.wake()
    return capacity
  }

  override get stream(): boolean {
    return true
  }

  override name(): string {
    return `pipe:[${this.#ino}]`
  }

  override stat(): HostStat {
    return syntheticStat(S.IFIFO | 0o600, this.#ino)
  }

  override read(into: Uint8Array): number {
    return this.#buffer.read(into)
  }

  override write(from: Uint8Array): number {
    return this.#buffer.write(from)
  }

  override poll(): number {
    return (this.readable ? this.#buffer.pollRead() : 0) | (this.writable ? this.#buffer.pollWrite() : 0)
  }

  override available(): number {
    return this.#buffer.size
  }

  protected override dispose(): void {
    if (this.readable) this.#buffer.readers--
    if (this.writable) this.#buffer.writers--
    this.#buffer.waiters.wake()
  }
}

/** Makes both ends of a pipe: `[read, write]`. `flags`: O_NONBLOCK, O_DIRECT (each write is a packet). */
export const makePipe = (flags: number, ino: bigint): readonly [PipeEnd, PipeEnd] => {
  const buffer = new PipeBuffer(new WaitQueue(), (flags & O.DIRECT) !== 0)
  return [new PipeEnd(buffer, ino, O.RDONLY | flags), new PipeEnd(buffer, ino, O.WRONLY | flags)]
}
