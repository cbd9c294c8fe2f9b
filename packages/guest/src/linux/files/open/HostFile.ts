/** Files of the host: regular files, directories, terminals, pipes and devices that were opened by path or inherited. */
import type * as Effect from "effect/Effect"
import type { HostDirent, HostFsShape, HostStat } from "../../../HostFs.ts"
import { Errno } from "../../kernel/errno.ts"
import type { MappedFile } from "../../memory/MappedFile.ts"
import { O, openOnly, S } from "../constants.ts"
import { OpenFile } from "./OpenFile.ts"

/** An open file of the host. Its position, like the file itself, is the host's. */
export class HostFile extends OpenFile {
  readonly #host: HostFsShape
  readonly #fd: number
  readonly #path: string
  readonly #type: number
  readonly #identity: string | undefined
  readonly #inherited: boolean
  #isTerminal: boolean | undefined
  #entries: ReadonlyArray<HostDirent> | undefined
  #entry = 0

  /**
   * @param fd the host's descriptor, closed with the file unless it was `inherited`
   * @param path where it was opened
   */
  constructor(host: HostFsShape, fd: number, path: string, flags: number, inherited = false) {
    super(flags)
    this.#host = host
    this.#fd = fd
    this.#path = path
    this.#inherited = inherited
    const stat = host.fstat(fd)
    this.#type = typeof stat === "number" ? 0 : stat.mode & S.IFMT
    this.#identity = typeof stat !== "number" && this.#type === S.IFREG ? `${stat.dev}:${stat.ino}` : undefined
  }

  override get hostFd(): number {
    return this.#fd
  }

  override get identity(): string | undefined {
    return this.#identity
  }

  /** Whether it is a terminal. */
  get isTerminal(): boolean {
    return (this.#isTerminal ??= this.#type === S.IFCHR && this.#host.isatty(this.#fd))
  }

  get isDirectory(): boolean {
    return this.#type === S.IFDIR
  }

  override name(): string {
    const path = this.#host.fdPath(this.#fd)
    return typeof path === "number" ? this.#path : path
  }

  override stat(): HostStat | number {
    return this.#host.fstat(this.#fd)
  }

  override read(into: Uint8Array): number {
    return this.#host.read(this.#fd, into)
  }

  override write(from: Uint8Array): number {
    if (this.#type === S.IFREG && (this.flags & O.APPEND) !== 0) this.#host.lseek(this.#fd, 0, 2)
    return this.#host.write(this.#fd, from)
  }

  override pread(into: Uint8Array, offset: number): number {
    return this.#host.pread(this.#fd, into, offset)
  }

  override pwrite(from: Uint8Array, offset: number): number {
    return this.#host.pwrite(this.#fd, from, offset)
  }

  override seek(offset: number, whence: number): number {
    if (this.#type === S.IFDIR) return this.#seekEntry(offset, whence)
    return this.#host.lseek(this.#fd, offset, whence)
  }

  override truncate(length: number): number {
    return this.#host.ftruncate(this.#fd, length)
  }

  /**
   * Opens the file anew. Of pipes and terminals it is the same open file as before, where that will do: input may have been read ahead
   * for it.
   */
  override reopen(flags: number): OpenFile | number {
    const isInput = this.#type === S.IFIFO || this.#type === S.IFSOCK || this.#type === S.IFCHR
    const access = flags & O.ACCMODE
    if (isInput && (access === (this.flags & O.ACCMODE) || (this.flags & O.ACCMODE) === O.RDWR)) return this
    const fd = this.#host.reopen(this.#fd, flags)
    return fd < 0 ? fd : new HostFile(this.#host, fd, this.#path, flags & ~openOnly)
  }

  override sync(): number {
    return this.#host.fsync(this.#fd)
  }

  override get stream(): boolean {
    return this.#type !== S.IFREG
  }

  override poll(): number {
    return this.#host.poll(this.#fd)
  }

  override wait(events: number, length: number): Effect.Effect<void> {
    return this.#host.pollWait(this.#fd, events, length)
  }

  override available(): number {
    return this.#host.available(this.#fd)
  }

  override mapped(): MappedFile | number {
    const stat = this.stat()
    if (typeof stat === "number") return stat
    if (this.#identity === undefined) return -Errno.ENODEV
    return {
      path: this.name(),
      writable: this.writable,
      identity: this.#identity,
      device: stat.dev,
      inode: stat.ino,
      read: (offset, into) => this.#host.pread(this.#fd, into, offset),
      write: (offset, from) => this.#host.pwrite(this.#fd, from, offset),
      size: () => {
        const now = this.#host.fstat(this.#fd)
        return typeof now === "number" ? 0 : now.size
      },
      hold: () => void this.hold(),
      close: () => this.release()
    }
  }

  /** The next entry of a directory, not yet passed; undefined at the end, or a negative errno. */
  peekEntry(): HostDirent | number | undefined {
    if (this.#type !== S.IFDIR) return -Errno.ENOTDIR
    if (this.#entries === undefined) {
      const entries = this.#host.readdir(this.#fd)
      if (typeof entries === "number") return entries
      this.#entries = entries
    }
    return this.#entries[this.#entry]
  }

  /** Passes the entry that `peekEntry` gave; the position behind it. */
  nextEntry(): number {
    return ++this.#entry
  }

  #seekEntry(offset: number, whence: number): number {
    const target = whence === 0 ? offset : whence === 1 ? this.#entry + offset : -1
    if (target < 0) return -Errno.EINVAL
    if (target === 0) this.#entries = undefined
    this.#entry = target
    return target
  }

  protected override dispose(): void {
    if (!this.#inherited) this.#host.close(this.#fd)
  }
}
