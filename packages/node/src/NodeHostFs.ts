/** The host's files through `node:fs`. */
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Tty from "node:tty"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { HostFs, type HostDirent, type HostFsShape, type HostStat, type HostStatFs } from "@emu/guest/HostFs"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { O, POLL, S } from "@emu/guest/linux/files/constants"
import { fromText, toText } from "@emu/guest/linux/user/byteStrings"
import { seekTarget } from "@emu/guest/linux/files/open/MemoryFile"
import { makeSocketFile } from "./internal/network/socketFile.ts"
import { attempt, perform } from "./internal/nodeErrno.ts"
import { StreamInput } from "./internal/StreamInput.ts"
import { getTermios, setTermios, windowSize } from "./internal/terminal.ts"

/** What is kept of an open descriptor. */
interface Open {
  readonly path: string
  readonly type: number
  /** Input that may have to be waited for. */
  readonly input: StreamInput | undefined
  /** File position; undefined where the host's own is used: streams, and files inherited from the parent process. */
  position: number | undefined
  /** Opened with O_APPEND. */
  readonly appends: boolean
  /** A write would have blocked: writable again when a moment has passed. */
  isFull: boolean
  /** Where to write instead, so that a reader that takes its time blocks nobody; undefined until something is written. */
  output: number | undefined
}

/** Flags whose values the host may have otherwise, by name. */
const hostFlags: ReadonlyArray<readonly [number, number]> = [
  [O.CREAT, Fs.constants.O_CREAT],
  [O.EXCL, Fs.constants.O_EXCL],
  [O.NOCTTY, Fs.constants.O_NOCTTY],
  [O.TRUNC, Fs.constants.O_TRUNC],
  [O.APPEND, Fs.constants.O_APPEND],
  [O.NONBLOCK, Fs.constants.O_NONBLOCK],
  [O.DSYNC, Fs.constants.O_DSYNC],
  [O.DIRECTORY, Fs.constants.O_DIRECTORY],
  [O.NOFOLLOW, Fs.constants.O_NOFOLLOW],
  [O.NOATIME, Fs.constants.O_NOATIME]
]

/** O_PATH and O_TMPFILE, which exist on Linux only. */
const linuxFlags = process.platform === "linux" ? O.PATH | (O.TMPFILE & ~O.DIRECTORY) : 0

const toHostFlags = (flags: number): number =>
  hostFlags.reduce(
    (all, [guest, host]) => ((flags & guest) === guest ? all | (host ?? 0) : all),
    flags & (O.ACCMODE | linuxFlags)
  )

/** A byte string as Node takes it. */
const hostPath = (path: string): string | Buffer => {
  for (let i = 0; i < path.length; i++) if (path.charCodeAt(i) > 127) return Buffer.from(path, "latin1")
  return path
}

const toStat = (stat: Fs.BigIntStats): HostStat => ({
  dev: stat.dev,
  ino: stat.ino,
  mode: Number(stat.mode),
  nlink: Number(stat.nlink),
  uid: Number(stat.uid),
  gid: Number(stat.gid),
  rdev: stat.rdev,
  size: Number(stat.size),
  blksize: Number(stat.blksize),
  blocks: Number(stat.blocks),
  atimeNs: stat.atimeNs,
  mtimeNs: stat.mtimeNs,
  ctimeNs: stat.ctimeNs,
  birthtimeNs: stat.birthtimeNs
})

const bigint = { bigint: true } as const
const stat = (path: string): HostStat | number => attempt(() => toStat(Fs.statSync(hostPath(path), bigint)))
const lstat = (path: string): HostStat | number => attempt(() => toStat(Fs.lstatSync(hostPath(path), bigint)))
const fstat = (fd: number): HostStat | number => attempt(() => toStat(Fs.fstatSync(fd, bigint)))

const statfs = (path: string | Buffer): HostStatFs | number =>
  attempt<HostStatFs>(() => ({ ...Fs.statfsSync(path, bigint), bsize: Fs.statfsSync(path).bsize }))

/** Creates with exactly the mode given: the guest's umask was applied already. */
const withoutUmask = <A>(run: () => A): A => {
  const before = process.umask(0)
  try {
    return run()
  } finally {
    process.umask(before)
  }
}

const direntType = (entry: Fs.Dirent): number => {
  if (entry.isFile()) return 8
  if (entry.isDirectory()) return 4
  if (entry.isSymbolicLink()) return 10
  if (entry.isFIFO()) return 1
  if (entry.isSocket()) return 12
  if (entry.isCharacterDevice()) return 2
  return entry.isBlockDevice() ? 6 : 0
}

/** A field of /proc/self/fdinfo, which Linux has: `pos` (decimal) or `flags` (octal). */
const fdInfo = (fd: number, field: string, radix: number): number | undefined => {
  const text = attempt(() => Fs.readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"))
  const value = typeof text === "string" ? new RegExp(`^${field}:\\s*(\\d+)`, "m").exec(text)?.[1] : undefined
  return value === undefined ? undefined : Number.parseInt(value, radix)
}

/** /dev/null and its like, major 1 on Linux: no terminals, which is known without the cost of loading node:tty. */
const isMemoryDevice = (status: HostStat | number): boolean =>
  process.platform === "linux" && typeof status !== "number" && status.rdev >> 8n === 1n

/** Whether Node can write there: beyond, it would take the position for none and write at the file's own. */
const isExact = (position: number, length: number): boolean => position + length <= Number.MAX_SAFE_INTEGER

const seconds = (nanoseconds: bigint): number => Number(nanoseconds) / 1e9

const latin1 = { encoding: "latin1" } as const

/**
 * The pipe or terminal of a descriptor, opened once more so that writing does not block; the descriptor's own flags are others' as well.
 * The descriptor itself where that cannot be done (not on Linux; somebody else's pipe).
 */
const withoutBlocking = (fd: number): number => {
  if (process.platform !== "linux") return fd
  const flags = Fs.constants.O_WRONLY | Fs.constants.O_NONBLOCK | Fs.constants.O_NOCTTY
  const again = attempt(() => Fs.openSync(`/proc/self/fd/${fd}`, flags))
  return again < 0 ? fd : again
}

/** Makes the service. Descriptors 0 to 2 are those of this process. */
export const makeNodeHostFs = (): HostFsShape => {
  const open = new Map<number, Open>()

  const remember = (fd: number, path: string, flags: number, isInherited = false): void => {
    const status = fstat(fd)
    const type = typeof status === "number" ? 0 : status.mode & S.IFMT
    // a named pipe that was opened without blocking is asked, not read ahead
    const isAsked = type === S.IFIFO && !isInherited && (flags & O.NONBLOCK) !== 0
    const isStream =
      (type === S.IFIFO && !isAsked) || type === S.IFSOCK || (type === S.IFCHR && !isMemoryDevice(status) && Tty.isatty(fd))
    open.set(fd, {
      path,
      type,
      input: isStream ? new StreamInput(fd) : undefined,
      position: type === S.IFREG && !isInherited ? 0 : undefined,
      appends: (flags & O.APPEND) !== 0,
      isFull: false,
      output: isStream && type !== S.IFSOCK ? undefined : fd
    })
  }
  for (const fd of [0, 1, 2]) remember(fd, `/dev/fd/${fd}`, 0, true)

  const pathOf = (fd: number): string | number => {
    const file = open.get(fd)
    if (file === undefined) return -Errno.EBADF
    const link = process.platform === "linux" ? attempt(() => Fs.readlinkSync(`/proc/self/fd/${fd}`, latin1)) : -1
    return typeof link === "string" ? link : file.path
  }

  const write = (file: Open, fd: number, buffer: Uint8Array): number => {
    if (file.appends && file.position !== undefined) lseek(file, fd, 0, 2)
    if (file.position !== undefined && !isExact(file.position, buffer.length)) return -Errno.EFBIG
    file.output ??= withoutBlocking(fd)
    const output = file.output
    const count = attempt(() => Fs.writeSync(output, buffer, 0, buffer.length, file.position ?? null))
    if (count > 0 && file.position !== undefined) file.position += count
    if (count === -Errno.EAGAIN) file.isFull = true
    return count
  }

  const lseek = (file: Open, fd: number, offset: number, whence: number): number => {
    if (file.input !== undefined) return -Errno.ESPIPE
    if (file.type === S.IFCHR) return 0
    const position = file.position ?? fdInfo(fd, "pos", 10) ?? 0
    if (whence === 1 && offset === 0) return position
    const status = fstat(fd)
    if (typeof status === "number") return status
    const target = seekTarget(position, status.size, offset, whence)
    // who stays where the host is goes on with it: others, such as the shell that has given us the file, write behind us then
    if (target >= 0 && (file.position !== undefined || target !== position)) file.position = target
    return target
  }

  const entries = (fd: number): ReadonlyArray<HostDirent> | number => {
    const path = pathOf(fd)
    if (typeof path === "number") return path
    return attempt(() => {
      const entry = (name: string, type: number): HostDirent => {
        const at = Fs.lstatSync(hostPath(`${path}/${name}`), { bigint: true, throwIfNoEntry: false })
        return { name, type, ino: at?.ino ?? 0n }
      }
      const list = [entry(".", 4), entry("..", 4)]
      const directory = Fs.opendirSync(hostPath(path), { encoding: "latin1", bufferSize: 256 })
      try {
        for (let next = directory.readSync(); next !== null; next = directory.readSync()) {
          list.push(entry(next.name, direntType(next)))
        }
      } finally {
        directory.closeSync()
      }
      return list
    })
  }

  const mknod = (path: string, mode: number): number => {
    if ((mode & S.IFMT) === S.IFREG) {
      const flags = Fs.constants.O_CREAT | Fs.constants.O_EXCL | Fs.constants.O_WRONLY
      return perform(() => Fs.closeSync(withoutUmask(() => Fs.openSync(hostPath(path), flags, mode & 0o7777))))
    }
    if ((mode & S.IFMT) === S.IFSOCK) return makeSocketFile(hostPath(path), mode & 0o7777)
    if ((mode & S.IFMT) !== S.IFIFO) return -Errno.EPERM
    if (typeof lstat(path) !== "number") return -Errno.EEXIST
    const permissions = (mode & 0o7777).toString(8)
    const result = ChildProcess.spawnSync("mkfifo", ["-m", permissions, "--", toText(path)], { stdio: "ignore" })
    return result.status === 0 ? 0 : -Errno.EPERM
  }

  const poll = (file: Open): number => {
    const output = file.isFull ? 0 : POLL.OUT | POLL.WRNORM
    if (file.input === undefined) return POLL.IN | POLL.RDNORM | output
    if (!file.input.isReady) return output
    return POLL.IN | POLL.RDNORM | output | (file.input.isAtEnd && file.type === S.IFIFO ? POLL.HUP : 0)
  }

  const use = <A>(fd: number, run: (file: Open) => A): A | number => {
    const file = open.get(fd)
    return file === undefined ? -Errno.EBADF : run(file)
  }

  return {
    open: (path, flags, mode) => {
      const run = (): number => Fs.openSync(hostPath(path), toHostFlags(flags), mode)
      const fd = attempt(() => ((flags & O.CREAT) === 0 ? run() : withoutUmask(run)))
      if (fd >= 0) remember(fd, path, flags)
      return fd
    },
    reopen: (fd, flags) => {
      const path = pathOf(fd)
      if (typeof path === "number") return path
      const link = process.platform === "linux" ? `/proc/self/fd/${fd}` : path
      const again = attempt(() => Fs.openSync(hostPath(link), toHostFlags(flags & ~(O.CREAT | O.EXCL | O.NOFOLLOW))))
      if (again >= 0) remember(again, path, flags)
      return again
    },
    close: (fd) => {
      const output = open.get(fd)?.output ?? fd
      open.delete(fd)
      if (output !== fd) perform(() => Fs.closeSync(output))
      return perform(() => Fs.closeSync(fd))
    },
    read: (fd, buffer) =>
      use(fd, (file) => {
        if (buffer.length === 0) return 0
        if (file.input !== undefined) return file.input.read(buffer)
        const count = attempt(() => Fs.readSync(fd, buffer, 0, buffer.length, file.position ?? null))
        if (count > 0 && file.position !== undefined) file.position += count
        return count
      }),
    write: (fd, buffer) => use(fd, (file) => write(file, fd, buffer)),
    pread: (fd, buffer, offset) =>
      use(fd, (file) => {
        if (file.input !== undefined) return -Errno.ESPIPE
        return buffer.length === 0 ? 0 : attempt(() => Fs.readSync(fd, buffer, 0, buffer.length, offset))
      }),
    pwrite: (fd, buffer, offset) =>
      use(fd, (file) =>
        file.input !== undefined
          ? -Errno.ESPIPE
          : isExact(offset, buffer.length)
            ? attempt(() => Fs.writeSync(fd, buffer, 0, buffer.length, offset))
            : -Errno.EFBIG
      ),
    lseek: (fd, offset, whence) => use(fd, (file) => lseek(file, fd, offset, whence)),
    stat,
    lstat,
    fstat,
    peek: (path) => attempt(() => Fs.lstatSync(hostPath(path), { throwIfNoEntry: false })),
    exists: (path) => Fs.existsSync(hostPath(path)),
    statfs: (path) => statfs(hostPath(path)),
    fstatfs: (fd) => {
      const path = pathOf(fd)
      if (typeof path === "number") return path
      return statfs(process.platform === "linux" ? `/proc/self/fd/${fd}` : hostPath(path))
    },
    readdir: entries,
    readlink: (path) => attempt<string | number>(() => Fs.readlinkSync(hostPath(path), latin1)),
    realpath: (path) => attempt<string | number>(() => Fs.realpathSync.native(hostPath(path), latin1)),
    fdPath: pathOf,
    mkdir: (path, mode) => perform(() => withoutUmask(() => Fs.mkdirSync(hostPath(path), mode))),
    mknod,
    unlink: (path) => perform(() => Fs.unlinkSync(hostPath(path))),
    rmdir: (path) => perform(() => Fs.rmdirSync(hostPath(path))),
    rename: (from, to) => perform(() => Fs.renameSync(hostPath(from), hostPath(to))),
    link: (existing, path) => perform(() => Fs.linkSync(hostPath(existing), hostPath(path))),
    symlink: (target, path) => perform(() => Fs.symlinkSync(hostPath(target), hostPath(path))),
    chmod: (path, mode) => perform(() => Fs.chmodSync(hostPath(path), mode)),
    fchmod: (fd, mode) => perform(() => Fs.fchmodSync(fd, mode)),
    chown: (path, uid, gid, follow) =>
      perform(() => (follow ? Fs.chownSync(hostPath(path), uid, gid) : Fs.lchownSync(hostPath(path), uid, gid))),
    fchown: (fd, uid, gid) => perform(() => Fs.fchownSync(fd, uid, gid)),
    utimens: (path, atime, mtime, follow) =>
      perform(() => (follow ? Fs.utimesSync : Fs.lutimesSync)(hostPath(path), seconds(atime), seconds(mtime))),
    futimens: (fd, atime, mtime) => perform(() => Fs.futimesSync(fd, seconds(atime), seconds(mtime))),
    truncate: (path, length) => perform(() => Fs.truncateSync(hostPath(path), length)),
    ftruncate: (fd, length) => perform(() => Fs.ftruncateSync(fd, length)),
    fsync: (fd) => perform(() => Fs.fsyncSync(fd)),
    access: (path, mode) => perform(() => Fs.accessSync(hostPath(path), mode)),
    cwd: () => fromText(currentDirectory()),
    statusFlags: (fd) => {
      if (typeof fstat(fd) === "number") return -Errno.EBADF
      // Node may have made it non-blocking for itself, which is no business of the guest's.
      return (fdInfo(fd, "flags", 8) ?? O.RDWR) & (O.ACCMODE | O.APPEND | O.LARGEFILE)
    },
    isatty: (fd) => !isMemoryDevice(fstat(fd)) && Tty.isatty(fd),
    windowSize,
    getTermios,
    setTermios,
    poll: (fd) =>
      use(fd, (file) => {
        file.input?.request(65536)
        return poll(file)
      }),
    available: (fd) => use(fd, (file) => file.input?.available ?? -Errno.ENOTTY),
    pollWait: (fd, events, length) =>
      Effect.suspend(() => {
        const file = open.get(fd)
        if (file === undefined || (poll(file) & (events | POLL.ERR | POLL.HUP)) !== 0) return Effect.void
        const waits: Array<Effect.Effect<void>> = [Effect.never]
        if (file.input !== undefined && (events & (POLL.IN | POLL.RDNORM)) !== 0) waits.push(file.input.wait(length))
        if (file.isFull && (events & (POLL.OUT | POLL.WRNORM)) !== 0) {
          waits.push(Effect.map(Effect.sleep(1), () => void (file.isFull = false)))
        }
        return Effect.raceAllFirst(waits)
      })
  }
}

/** The service on this process's files. */
export const layer: Layer.Layer<HostFs> = Layer.sync(HostFs)(makeNodeHostFs)

export { readsInFlight } from "./internal/StreamInput.ts"

/** The current directory; the root where it was deleted, which Node takes for an error. */
const currentDirectory = (): string => {
  try {
    return process.cwd()
  } catch {
    return "/"
  }
}
