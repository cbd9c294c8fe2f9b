/** Open file descriptions: what descriptors refer to, several to one after dup and fork. */
import * as Effect from "effect/Effect"
import type { HostStat } from "../../../HostFs.ts"
import type { MappedFile } from "../../memory/MappedFile.ts"
import { Errno } from "../../kernel/errno.ts"
import { O, POLL } from "../constants.ts"
import { WaitQueue } from "./WaitQueue.ts"

/**
 * An open file. The defaults are those of a file that can't do the operation. Reads and writes never block: they give
 * `-EAGAIN`, and callers who may wait use `wait`.
 */
export abstract class OpenFile {
  /** Access mode and status flags (O_APPEND, O_NONBLOCK, ...), shared by all descriptors. */
  flags: number
  /** The file position where it is behind the end of every file (see `positions.ts`); nothing is read or written there. */
  farPosition: bigint | undefined
  /** Descriptors and running calls that hold the file; it is closed when none is left. */
  #holders = 0
  readonly #atClose: Array<() => void> = []
  /** Woken when `poll` may have changed. */
  readonly waiters: WaitQueue

  /** @param waiters shared by the ends of a pipe or socket pair */
  constructor(flags: number, waiters = new WaitQueue()) {
    this.flags = flags
    this.waiters = waiters
  }

  /** What /proc/self/fd shows: a path as byte string, or something like `pipe:[7]`. */
  abstract name(): string
  abstract stat(): HostStat | number

  /** Reads at the file position: bytes read, 0 at the end, or a negative errno. */
  read(_into: Uint8Array): number {
    return -Errno.EINVAL
  }

  /** Writes at the file position: bytes written or a negative errno. */
  write(_from: Uint8Array): number {
    return -Errno.EINVAL
  }

  pread(_into: Uint8Array, _offset: number): number {
    return -Errno.ESPIPE
  }

  pwrite(_from: Uint8Array, _offset: number): number {
    return -Errno.ESPIPE
  }

  /** Moves the file position; see `HostFs.lseek` for `whence`. */
  seek(_offset: number, _whence: number): number {
    return -Errno.ESPIPE
  }

  truncate(_length: number): number {
    return -Errno.EINVAL
  }

  sync(): number {
    return -Errno.EINVAL
  }

  /** POLL bits that hold now. */
  poll(): number {
    return POLL.IN | POLL.OUT | POLL.RDNORM | POLL.WRNORM
  }

  /** Waits until `poll` has one of the bits. `length` says how many bytes the caller would take, for files read ahead. */
  wait(events: number, length: number): Effect.Effect<void> {
    return Effect.suspend(() =>
      (this.poll() & (events | POLL.ERR | POLL.HUP)) !== 0 ? Effect.void : this.waiters.wait(() => this.wait(events, length))
    )
  }

  /** Whether `waiters` hear of every change of `poll`. Those whose waits are of another kind (timers, the host's files) have to be asked. */
  get tellsChanges(): boolean {
    return this.wait === OpenFile.prototype.wait
  }

  /** How long a call waits for one of the POLL bits, in nanoseconds (SO_RCVTIMEO, SO_SNDTIMEO); undefined for ever. */
  timeout(_events: number): bigint | undefined {
    return undefined
  }

  /** Bytes that can be read at once (FIONREAD). */
  available(): number {
    return -Errno.ENOTTY
  }

  /** Opens anew what it is about, as a path of /proc/PID/fd does: with flags and a position of its own, or a negative errno. */
  reopen(_flags: number): OpenFile | number {
    return -Errno.ENXIO
  }

  /** The host's descriptor, for what only the host can do (terminals, owners); -1 if there is none. */
  get hostFd(): number {
    return -1
  }

  /** For mmap: the file behind a mapping, or a negative errno. The caller has held the file, and `close` releases it. */
  mapped(): MappedFile | number {
    return -Errno.ENODEV
  }

  /** Tells regular files apart (see `MappedFile.identity`); undefined for what can't be mapped. */
  get identity(): string | undefined {
    return undefined
  }

  /** Has a function called when the last holder is gone. */
  atClose(run: () => void): void {
    this.#atClose.push(run)
  }

  /** Releases what the file holds, after its last holder. */
  protected dispose(): void {}

  get readable(): boolean {
    return (this.flags & O.ACCMODE) !== O.WRONLY && (this.flags & O.PATH) === 0
  }

  get writable(): boolean {
    return (this.flags & O.ACCMODE) !== O.RDONLY && (this.flags & O.PATH) === 0
  }

  /** Whether a write that may wait goes on until all is written: pipes, terminals, stream sockets. */
  get stream(): boolean {
    return false
  }

  get nonBlocking(): boolean {
    return (this.flags & O.NONBLOCK) !== 0
  }

  hold(): this {
    this.#holders++
    return this
  }

  release(): void {
    if (--this.#holders > 0) return
    for (const run of this.#atClose.splice(0)) run()
    this.dispose()
    this.waiters.wake()
  }

  /** Whether the last holder is gone. */
  get closed(): boolean {
    return this.#holders <= 0
  }
}

/** Status of a file that has no inode on the host. */
export const syntheticStat = (mode: number, ino: bigint, fields: Partial<HostStat> = {}): HostStat => ({
  dev: 0xdn,
  ino,
  mode,
  nlink: 1,
  uid: 0,
  gid: 0,
  rdev: 0n,
  size: 0,
  blksize: 4096,
  blocks: 0,
  atimeNs: 0n,
  mtimeNs: 0n,
  ctimeNs: 0n,
  birthtimeNs: 0n,
  ...fields
})
