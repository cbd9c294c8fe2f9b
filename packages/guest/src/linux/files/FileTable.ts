/** The files of a process: descriptors, current directory, umask, and how paths are looked up. */
import type { HostFsShape } from "../../HostFs.ts"
import { Errno } from "../kernel/errno.ts"
import type { MappedFile } from "../memory/MappedFile.ts"
import type { Random } from "../kernel/Random.ts"
import { AT, O } from "./constants.ts"
import { DeviceFile } from "./open/DeviceFile.ts"
import { Fifos } from "./open/Fifo.ts"
import { FileLocks } from "./locks/FileLocks.ts"
import { HostFile } from "./open/HostFile.ts"
import { MemoryFile, Seal } from "./open/MemoryFile.ts"
import { Notifier } from "./notify/Notifier.ts"
import { notifyingFs } from "./notify/notifyingFs.ts"
import type { OpenFile } from "./open/OpenFile.ts"
import { tidy } from "./lookup/Path.ts"
import { PathLookup } from "./lookup/PathLookup.ts"
import type { GuardedFs } from "./lookup/HostGuard.ts"
import type { VirtualFs } from "./virtual/VirtualNode.ts"

interface Descriptor {
  readonly file: OpenFile
  closeOnExec: boolean
}

/** What a file table is made from. */
export interface FileTableOptions {
  readonly host: GuardedFs
  /** Host directory under which absolute guest paths are looked up first, as `-L` says (a byte string). */
  readonly sysroot?: string | undefined
  readonly random: Random
  /** What it finds in /proc, /sys and /dev of its own kernel. */
  readonly virtual: VirtualFs
  /** Most descriptors (RLIMIT_NOFILE); 1024 by default. */
  readonly limit?: number
  /** The current directory; the host's by default. */
  readonly cwd?: string
  /** What processes of a run have in common: of the one that this one is forked from. */
  readonly shared?: SharedFileState
  /** Bits that new files don't get; 0o022 by default. */
  readonly umask?: number
}

/** What the processes of a run have in common, beside open files. */
interface SharedFileState {
  readonly notifier: Notifier
  readonly fifos: Fifos
  readonly locks: FileLocks
  /** The inode number handed out last. */
  lastInode: bigint
}

/** Descriptors and paths of one process. Errors are negative errno values. */
export class FileTable {
  readonly host: GuardedFs
  readonly random: Random
  readonly paths: PathLookup
  umask: number
  /** Most descriptors: RLIMIT_NOFILE's soft limit. */
  limit: number
  readonly #options: FileTableOptions
  readonly #slots: Array<Descriptor | undefined> = []
  readonly #shared: SharedFileState

  constructor(options: FileTableOptions) {
    this.#options = options
    this.#shared = options.shared ?? {
      fifos: new Fifos(),
      locks: new FileLocks(),
      lastInode: 0n,
      notifier: new Notifier(options.host)
    }
    this.host = notifyingFs(options.host, this.#shared.notifier)
    this.random = options.random
    this.limit = options.limit ?? 1024
    this.umask = options.umask ?? 0o022
    this.paths = new PathLookup({
      host: this.host,
      sysroot: options.sysroot === undefined ? undefined : canonicalRoot(options.host, options.sysroot),
      cwd: options.cwd ?? options.host.cwd(),
      virtual: options.virtual,
      directoryOf: (fd) => this.#directoryOf(fd)
    })
  }

  /** Makes descriptors 0, 1 and 2 from those of the host that are open. */
  inheritStandard(): void {
    for (let fd = 0; fd < 3; fd++) {
      const flags = this.host.statusFlags(fd)
      if (flags >= 0) {
        this.#slots[fd] = { file: new HostFile(this.host, fd, `/dev/fd/${fd}`, flags, true).hold(), closeOnExec: false }
      }
    }
  }

  get fifos(): Fifos {
    return this.#shared.fifos
  }

  /** Who watches files. */
  get notifier(): Notifier {
    return this.#shared.notifier
  }

  get locks(): FileLocks {
    return this.#shared.locks
  }

  /** The file of a descriptor. */
  get(fd: number): OpenFile | undefined {
    return this.#slots[fd]?.file
  }

  /** Gives a file the lowest free descriptor from `from` on: the descriptor or -EMFILE. */
  install(file: OpenFile, closeOnExec: boolean, from = 0): number {
    let fd = from
    while (this.#slots[fd] !== undefined) fd++
    if (fd >= this.limit) {
      if (file.closed) file.hold().release()
      return -Errno.EMFILE
    }
    this.#slots[fd] = { file: file.hold(), closeOnExec }
    return fd
  }

  /** Whether no descriptor is free. */
  get isFull(): boolean {
    for (let fd = 0; fd < this.limit; fd++) if (this.#slots[fd] === undefined) return false
    return true
  }

  /** Makes `fd` refer to a file, closing what was there. */
  replace(fd: number, file: OpenFile, closeOnExec: boolean): void {
    const before = this.#slots[fd]
    this.#slots[fd] = { file: file.hold(), closeOnExec }
    if (before !== undefined) this.#letGo(before.file)
  }

  /** Closes a descriptor: 0 or -EBADF. */
  close(fd: number): number {
    const slot = this.#slots[fd]
    if (slot === undefined) return -Errno.EBADF
    this.#slots[fd] = undefined
    this.#letGo(slot.file)
    return 0
  }

  #letGo(file: OpenFile): void {
    this.locks.closed(this, file)
    file.release()
  }

  /** FD_CLOEXEC of a descriptor; undefined if it isn't open. */
  closeOnExec(fd: number): boolean | undefined {
    return this.#slots[fd]?.closeOnExec
  }

  setCloseOnExec(fd: number, value: boolean): void {
    const slot = this.#slots[fd]
    if (slot !== undefined) slot.closeOnExec = value
  }

  /** Open descriptors and their files, lowest first. */
  descriptors(): Map<number, OpenFile> {
    const open = new Map<number, OpenFile>()
    this.#slots.forEach((slot, fd) => {
      if (slot !== undefined) open.set(fd, slot.file)
    })
    return open
  }

  /** Closes everything, at the end of the process. */
  closeAll(): void {
    for (const fd of this.descriptors().keys()) this.close(fd)
  }

  /** Closes what has FD_CLOEXEC, at an exec. */
  closeForExec(): void {
    for (const fd of this.descriptors().keys()) if (this.closeOnExec(fd) === true) this.close(fd)
  }

  /** A copy for a forked process: its own descriptors and current directory, the same open files. */
  fork(virtual: VirtualFs): FileTable {
    const child = new FileTable({
      ...this.#options,
      shared: this.#shared,
      virtual,
      cwd: this.paths.cwd,
      umask: this.umask,
      limit: this.limit
    })
    this.#slots.forEach((slot, fd) => {
      if (slot !== undefined) child.#slots[fd] = { file: slot.file.hold(), closeOnExec: slot.closeOnExec }
    })
    return child
  }

  /**
   * The file behind a mapping (mmap), or a negative errno: EBADF, EACCES if the descriptor's mode forbids it, ENODEV if it
   * can't be mapped. `"anonymous"` for /dev/zero. The mapping keeps the file open until its `close`.
   */
  mappedFile(fd: number, access: { readonly read: boolean; readonly write: boolean }): MappedFile | "anonymous" | number {
    const file = this.get(fd)
    if (file === undefined || (file.flags & O.PATH) === O.PATH) return -Errno.EBADF
    if (!file.readable || (access.write && !file.writable)) return -Errno.EACCES
    if (file instanceof DeviceFile && file.device === "zero") return "anonymous"
    if (access.write && file instanceof MemoryFile && (file.seals & (Seal.WRITE | Seal.FUTURE_WRITE)) !== 0) {
      return -Errno.EPERM
    }
    const mapped = file.mapped()
    if (typeof mapped !== "number") file.hold()
    return mapped
  }

  /** An inode number for a pipe, socket or file in memory. */
  newInode(): bigint {
    return ++this.#shared.lastInode
  }

  #directoryOf(fd: number): string | number {
    if (fd === AT.FDCWD) return this.paths.cwd
    const file = this.get(fd)
    if (file === undefined) return -Errno.EBADF
    const stat = file.stat()
    if (typeof stat === "number") return stat
    return (stat.mode & 0o170000) === 0o040000 ? file.name() : -Errno.ENOTDIR
  }
}

/** A sysroot as paths are compared with it: without links, and without a slash at the end. */
const canonicalRoot = (host: HostFsShape, path: string): string => {
  const real = host.realpath(path)
  return (typeof real === "string" ? real : tidy(path)).replace(/\/$/, "")
}
