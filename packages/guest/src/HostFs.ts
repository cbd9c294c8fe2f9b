/** The host's file system as the kernel sees it: plain synchronous functions, errors as negative Linux errno values. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

/** What `stat` tells. Times are nanoseconds since the epoch; `mode` has Linux's type and permission bits. */
export interface HostStat {
  readonly dev: bigint
  readonly ino: bigint
  readonly mode: number
  readonly nlink: number
  readonly uid: number
  readonly gid: number
  readonly rdev: bigint
  readonly size: number
  readonly blksize: number
  readonly blocks: number
  readonly atimeNs: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly birthtimeNs: bigint
}

/** What `peek` tells: `mode` as in `HostStat`, and the device of the file system. */
export interface HostPeek {
  readonly mode: number
  readonly dev: number | bigint
}

/** What `statfs` tells, in blocks of `bsize` bytes. */
export interface HostStatFs {
  readonly type: bigint
  readonly bsize: number
  readonly blocks: bigint
  readonly bfree: bigint
  readonly bavail: bigint
  readonly files: bigint
  readonly ffree: bigint
}

/** An entry of a directory; `type` is one of Linux's DT_ values. */
export interface HostDirent {
  readonly name: string
  readonly type: number
  readonly ino: bigint
}

/** A terminal's size in characters. */
export interface WindowSize {
  readonly rows: number
  readonly columns: number
}

/** A terminal's settings: the fields of Linux's `struct termios` (`cc` has 19 entries). */
export interface Termios {
  readonly iflag: number
  readonly oflag: number
  readonly cflag: number
  readonly lflag: number
  readonly cc: ReadonlyArray<number>
}

/**
 * Files of the host.
 *
 * Paths are absolute *byte strings*: one character per byte, so that names that aren't UTF-8 survive (`Path.fromText` makes
 * one from ordinary text). Flags and modes are Linux's asm-generic values. Every function that returns a number returns a
 * negative errno (`-ENOENT`, ...) on failure, and none throws.
 */
export interface HostFsShape {
  /** Opens a file with O_ flags; a descriptor of the host. Creates with exactly `mode`: the caller has applied its umask. */
  readonly open: (path: string, flags: number, mode: number) => number
  /** Opens anew what a descriptor refers to, a deleted file too: another descriptor, with flags and a position of its own. */
  readonly reopen: (fd: number, flags: number) => number
  readonly close: (fd: number) => number
  /** Reads at the file position. Terminals, pipes and sockets give `-EAGAIN` where they would block: see `pollWait`. */
  readonly read: (fd: number, buffer: Uint8Array) => number
  /** Writes at the file position, or at the end if opened with O_APPEND. `-EAGAIN` where a full pipe would block. */
  readonly write: (fd: number, buffer: Uint8Array) => number
  readonly pread: (fd: number, buffer: Uint8Array, offset: number) => number
  readonly pwrite: (fd: number, buffer: Uint8Array, offset: number) => number
  /** `whence`: 0 from the start, 1 from the position, 2 from the end, 3 next data, 4 next hole. */
  readonly lseek: (fd: number, offset: number, whence: number) => number
  readonly stat: (path: string) => HostStat | number
  readonly lstat: (path: string) => HostStat | number
  readonly fstat: (fd: number) => HostStat | number
  /** What is at a path, a link itself; undefined if nothing is, without the cost of an error. */
  readonly peek: (path: string) => HostPeek | undefined | number
  /** Whether `stat` would find something, without the cost of an error. */
  readonly exists: (path: string) => boolean
  readonly statfs: (path: string) => HostStatFs | number
  readonly fstatfs: (fd: number) => HostStatFs | number
  /** All entries of an open directory, `.` and `..` first. */
  readonly readdir: (fd: number) => ReadonlyArray<HostDirent> | number
  readonly readlink: (path: string) => string | number
  readonly realpath: (path: string) => string | number
  /** The present path of an open file. */
  readonly fdPath: (fd: number) => string | number
  readonly mkdir: (path: string, mode: number) => number
  /** Makes a named pipe (`mode` has S_IFIFO), a file that stands for a socket (S_IFSOCK) or an empty regular file; `-EPERM` for devices. */
  readonly mknod: (path: string, mode: number) => number
  readonly unlink: (path: string) => number
  readonly rmdir: (path: string) => number
  readonly rename: (from: string, to: string) => number
  readonly link: (existing: string, path: string) => number
  readonly symlink: (target: string, path: string) => number
  readonly chmod: (path: string, mode: number) => number
  readonly fchmod: (fd: number, mode: number) => number
  /** Changes owners; an id of -1 stays. `follow` false: of a symbolic link itself. */
  readonly chown: (path: string, uid: number, gid: number, follow: boolean) => number
  readonly fchown: (fd: number, uid: number, gid: number) => number
  /** Sets times in nanoseconds. `follow` false: of a symbolic link itself. */
  readonly utimens: (path: string, atimeNs: bigint, mtimeNs: bigint, follow: boolean) => number
  readonly futimens: (fd: number, atimeNs: bigint, mtimeNs: bigint) => number
  readonly truncate: (path: string, length: number) => number
  readonly ftruncate: (fd: number, length: number) => number
  readonly fsync: (fd: number) => number
  /** `mode`: R_OK 4, W_OK 2, X_OK 1 or 0 for existence. */
  readonly access: (path: string, mode: number) => number
  readonly cwd: () => string
  /** Access mode and status flags of an open descriptor, as O_ flags. */
  readonly statusFlags: (fd: number) => number
  readonly isatty: (fd: number) => boolean
  readonly windowSize: (fd: number) => WindowSize | number
  readonly getTermios: (fd: number) => Termios | number
  readonly setTermios: (fd: number, termios: Termios) => number
  /** Which POLL bits hold now. A terminal or pipe with nothing at hand starts to read ahead, so that a later call can tell. */
  readonly poll: (fd: number) => number
  /** Bytes that `read` would give at once (FIONREAD). */
  readonly available: (fd: number) => number
  /** Waits until `poll` has one of the bits. A read ahead for it takes at most `length` bytes. */
  readonly pollWait: (fd: number, events: number, length: number) => Effect.Effect<void>
}

export class HostFs extends Context.Service<HostFs, HostFsShape>()("@emu/guest/HostFs") {}
