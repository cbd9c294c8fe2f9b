/** A file system in memory: for tests, and for browsers, which have no other. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { HostFs, type HostDirent, type HostFsShape, type HostStat } from "./HostFs.ts"
import { Errno } from "./linux/kernel/errno.ts"
import { direntType, O, POLL, S } from "./linux/files/constants.ts"
import { seekTarget } from "./linux/files/open/MemoryFile.ts"
import type { Inode } from "./memoryFs/Inode.ts"
import { Tree, type Place } from "./memoryFs/Tree.ts"

/** What to start with. */
export interface MemoryFsOptions {
  /** What descriptor 0 reads. */
  readonly stdin?: Uint8Array
  /** Called with a copy of what is written to descriptor 1. */
  readonly stdout?: (bytes: Uint8Array) => void
  /** Called with a copy of what is written to descriptor 2. */
  readonly stderr?: (bytes: Uint8Array) => void
  /** Files by absolute path (byte strings); directories above them are made. */
  readonly files?: Readonly<Record<string, Uint8Array>>
  /** Nanoseconds since the epoch; the clock of the host by default. */
  readonly now?: () => bigint
}

interface Open {
  readonly inode: Inode
  readonly flags: number
  position: number
}

/** A tmpfs of 4 GiB, half of it free. */
const statFs = {
  type: 0x01021994n,
  bsize: 4096,
  blocks: 1n << 20n,
  bfree: 1n << 19n,
  bavail: 1n << 19n,
  files: 1n << 20n,
  ffree: 1n << 19n
}

/** Permission is never refused, as for root: except execution of a file that nobody may execute. */
export const makeMemoryFs = (options: MemoryFsOptions = {}): HostFsShape => {
  const now = options.now ?? (() => BigInt(Date.now()) * 1_000_000n)
  const tree = new Tree(now)
  const open = new Map<number, Open>()

  const openInode = (inode: Inode, flags: number): number => {
    let fd = 0
    while (open.has(fd)) fd++
    open.set(fd, { inode, flags, position: 0 })
    return fd
  }

  const stream = (bytes: Uint8Array, sink?: (bytes: Uint8Array) => void): void => {
    const inode = tree.make((sink === undefined ? S.IFREG : S.IFIFO) | 0o600)
    inode.resize(bytes.length)
    inode.bytes.set(bytes)
    inode.sink = sink
    openInode(inode, sink === undefined ? O.RDONLY : O.WRONLY)
  }
  stream(options.stdin ?? new Uint8Array(0))
  stream(new Uint8Array(0), options.stdout ?? (() => undefined))
  stream(new Uint8Array(0), options.stderr ?? (() => undefined))

  const withFd = <A>(fd: number, use: (file: Open) => A): A | number => {
    const file = open.get(fd)
    return file === undefined ? -Errno.EBADF : use(file)
  }
  const withPath = <A>(path: string, follow: boolean, use: (inode: Inode) => A): A | number => {
    const inode = tree.find(path, follow)
    return typeof inode === "number" ? inode : use(inode)
  }
  const changed = (inode: Inode, change: () => void): number => {
    change()
    inode.ctimeNs = now()
    return 0
  }

  /** A place for a new name: an error if it is taken, or can't be. */
  const freePlace = (path: string, forDirectory = false): Place | number => {
    const place = tree.place(path, "never")
    if (typeof place === "number") return place
    if (place.inode !== undefined) return -Errno.EEXIST
    if (place.mustBeDirectory && !forDirectory) return -Errno.ENOENT
    return place.directory.nlink === 0 ? -Errno.ENOENT : place
  }
  const create = (path: string, mode: number): Inode | number => {
    const place = freePlace(path, (mode & S.IFMT) === S.IFDIR)
    if (typeof place === "number") return place
    const inode = tree.make(mode)
    tree.link(place.directory, place.name, inode)
    return inode
  }

  const openPath = (path: string, flags: number, mode: number): number => {
    const creates = (flags & O.CREAT) !== 0
    const exclusive = creates && (flags & O.EXCL) !== 0
    const place = tree.place(path, exclusive ? "never" : (flags & O.NOFOLLOW) === 0 ? "always" : "before slash")
    if (typeof place === "number") return place
    let { inode } = place
    if (creates && place.mustBeDirectory) return -Errno.EISDIR
    if (inode === undefined) {
      if (!creates || place.directory.nlink === 0) return -Errno.ENOENT
      inode = tree.make(S.IFREG | (mode & 0o7777))
      tree.link(place.directory, place.name, inode)
      return openInode(inode, flags)
    }
    if (exclusive) return -Errno.EEXIST
    const isDirectory = inode.isDirectory
    if (inode.type === S.IFLNK && (flags & O.PATH) !== O.PATH)
      return (flags & O.DIRECTORY) !== 0 ? -Errno.ENOTDIR : -Errno.ELOOP
    if (((flags & O.DIRECTORY) !== 0 || place.mustBeDirectory) && !isDirectory) return -Errno.ENOTDIR
    if (isDirectory && (creates || (flags & O.ACCMODE) !== O.RDONLY)) return -Errno.EISDIR
    if ((flags & O.TRUNC) !== 0 && inode.type === S.IFREG) resize(inode, 0)
    return openInode(inode, flags)
  }

  const resize = (inode: Inode, length: number): number => {
    inode.resize(length)
    inode.mtimeNs = now()
    inode.ctimeNs = inode.mtimeNs
    return 0
  }

  const readAt = ({ inode, flags }: Open, buffer: Uint8Array, offset: number): number => {
    if ((flags & O.ACCMODE) === O.WRONLY || (flags & O.PATH) === O.PATH) return -Errno.EBADF
    if (inode.isDirectory) return -Errno.EISDIR
    const part = inode.bytes.subarray(Math.min(offset, inode.size), Math.min(offset + buffer.length, inode.size))
    buffer.set(part)
    return part.length
  }
  const writeAt = ({ inode, flags }: Open, buffer: Uint8Array, offset: number): number => {
    if ((flags & O.ACCMODE) === O.RDONLY || (flags & O.PATH) === O.PATH) return -Errno.EBADF
    if (inode.sink !== undefined) {
      inode.sink(buffer.slice())
      return buffer.length
    }
    if (buffer.length === 0) return 0
    if (offset + buffer.length > inode.size) inode.resize(offset + buffer.length)
    inode.bytes.set(buffer, offset)
    inode.mtimeNs = now()
    inode.ctimeNs = inode.mtimeNs
    return buffer.length
  }

  const setTimes = (inode: Inode, atimeNs: bigint, mtimeNs: bigint): number =>
    changed(inode, () => {
      inode.atimeNs = atimeNs
      inode.mtimeNs = mtimeNs
    })
  const setOwner = (inode: Inode, uid: number, gid: number): number =>
    changed(inode, () => {
      if (uid !== -1) inode.uid = uid
      if (gid !== -1) inode.gid = gid
    })
  const setMode = (inode: Inode, mode: number): number => changed(inode, () => (inode.mode = inode.type | (mode & 0o7777)))

  const remove = (path: string, directory: boolean): number => {
    const last = path.replace(/\/+$/, "").split("/").at(-1)
    const place = tree.place(path, "never")
    if (typeof place === "number") return place
    const { inode } = place
    if (inode === undefined) return -Errno.ENOENT
    if (directory && last === ".") return -Errno.EINVAL
    if (directory && last === "..") return -Errno.ENOTEMPTY
    if (directory && !inode.isDirectory) return -Errno.ENOTDIR
    if (!directory && inode.isDirectory) return -Errno.EISDIR
    if (!directory && place.mustBeDirectory) return -Errno.ENOTDIR
    if (inode.entries.size > 0) return -Errno.ENOTEMPTY
    if (inode === tree.root) return -Errno.EBUSY
    tree.unlink(place.directory, place.name, inode)
    return 0
  }

  const isWithin = (inode: Inode, ancestor: Inode): boolean =>
    inode === ancestor || (inode !== tree.root && isWithin(inode.parent, ancestor))

  const rename = (fromPath: string, toPath: string): number => {
    const from = tree.place(fromPath, "never")
    const to = tree.place(toPath, "never")
    if (typeof from === "number") return from
    if (typeof to === "number") return to
    const dots = new Set([".", ".."])
    if (dots.has(from.name) || dots.has(to.name)) return -Errno.EBUSY
    const { inode } = from
    if (inode === undefined) return -Errno.ENOENT
    if (!inode.isDirectory && (from.mustBeDirectory || to.mustBeDirectory)) return -Errno.ENOTDIR
    if (inode.isDirectory && isWithin(to.directory, inode)) return -Errno.EINVAL
    if (to.inode !== undefined) {
      if (to.inode.isDirectory && isWithin(from.directory, to.inode)) return -Errno.ENOTEMPTY
      if (to.inode === inode) return 0
      if (inode.isDirectory && !to.inode.isDirectory) return -Errno.ENOTDIR
      if (!inode.isDirectory && to.inode.isDirectory) return -Errno.EISDIR
      if (to.inode.entries.size > 0) return -Errno.ENOTEMPTY
    }
    if (to.directory.nlink === 0) return -Errno.ENOENT
    tree.unlink(from.directory, from.name, inode)
    tree.link(to.directory, to.name, inode)
    return 0
  }

  const link = (existing: string, path: string): number => {
    const inode = tree.find(existing, false)
    if (typeof inode === "number") return inode
    const place = freePlace(path)
    if (typeof place === "number") return place
    if (inode.isDirectory) return -Errno.EPERM
    tree.link(place.directory, place.name, inode)
    return 0
  }

  const entriesOf = (inode: Inode): ReadonlyArray<HostDirent> | number => {
    if (!inode.isDirectory) return -Errno.ENOTDIR
    const all: ReadonlyArray<readonly [string, Inode]> = [[".", inode], ["..", inode.parent], ...inode.entries]
    return all.map(([name, entry]) => ({ name, type: direntType(entry.mode), ino: entry.ino }))
  }

  const fs: HostFsShape = {
    open: openPath,
    reopen: (fd, flags) =>
      withFd(fd, ({ inode }) => {
        if (inode.isDirectory && (flags & O.ACCMODE) !== O.RDONLY) return -Errno.EISDIR
        if (!inode.isDirectory && (flags & O.DIRECTORY) !== 0) return -Errno.ENOTDIR
        if ((flags & O.TRUNC) !== 0 && inode.type === S.IFREG) resize(inode, 0)
        return openInode(inode, flags)
      }),
    close: (fd) => (open.delete(fd) ? 0 : -Errno.EBADF),
    read: (fd, buffer) =>
      withFd(fd, (file) => {
        const count = readAt(file, buffer, file.position)
        if (count > 0) file.position += count
        return count
      }),
    write: (fd, buffer) =>
      withFd(fd, (file) => {
        if ((file.flags & O.APPEND) !== 0) file.position = file.inode.size
        const count = writeAt(file, buffer, file.position)
        if (count > 0) file.position += count
        return count
      }),
    pread: (fd, buffer, offset) =>
      withFd(fd, (file) => (isStream(file.inode) ? -Errno.ESPIPE : readAt(file, buffer, offset))),
    pwrite: (fd, buffer, offset) =>
      withFd(fd, (file) => {
        if (isStream(file.inode)) return -Errno.ESPIPE
        return writeAt(file, buffer, (file.flags & O.APPEND) !== 0 ? file.inode.size : offset)
      }),
    lseek: (fd, offset, whence) =>
      withFd(fd, (file) => {
        if (isStream(file.inode)) return -Errno.ESPIPE
        const target = seekTarget(file.position, file.inode.size, offset, whence)
        if (target >= 0) file.position = target
        return target
      }),
    stat: (path) => withPath<HostStat>(path, true, (inode) => inode.stat()),
    lstat: (path) => withPath<HostStat>(path, false, (inode) => inode.stat()),
    fstat: (fd) => withFd<HostStat>(fd, ({ inode }) => inode.stat()),
    peek: (path) => {
      const inode = tree.find(path, false)
      if (typeof inode !== "number") return inode.stat()
      return inode === -Errno.ENOENT || inode === -Errno.ENOTDIR ? undefined : inode
    },
    exists: (path) => typeof tree.find(path, true) !== "number",
    statfs: (path) => withPath(path, true, () => statFs),
    fstatfs: (fd) => withFd(fd, () => statFs),
    readdir: (fd) => withFd<ReadonlyArray<HostDirent> | number>(fd, ({ inode }) => entriesOf(inode)),
    readlink: (path) =>
      withPath<string | number>(path, false, (inode) => (inode.type === S.IFLNK ? inode.target : -Errno.EINVAL)),
    realpath: (path) => withPath<string | number>(path, true, (inode) => tree.pathOf(inode) ?? -Errno.ENOENT),
    fdPath: (fd) => withFd<string | number>(fd, ({ inode }) => tree.pathOf(inode) ?? -Errno.ENOENT),
    mkdir: (path, mode) => done(create(path, S.IFDIR | mode)),
    mknod: (path, mode) =>
      [S.IFREG, S.IFIFO, S.IFSOCK].includes((mode & S.IFMT) as never) ? done(create(path, mode)) : -Errno.EPERM,
    unlink: (path) => remove(path, false),
    rmdir: (path) => remove(path, true),
    rename,
    link,
    symlink: (target, path) => {
      const inode = create(path, S.IFLNK | 0o777)
      if (typeof inode === "number") return inode
      inode.target = target
      return 0
    },
    chmod: (path, mode) => withPath(path, true, (inode) => setMode(inode, mode)),
    fchmod: (fd, mode) => withFd(fd, ({ inode }) => setMode(inode, mode)),
    chown: (path, uid, gid, follow) => withPath(path, follow, (inode) => setOwner(inode, uid, gid)),
    fchown: (fd, uid, gid) => withFd(fd, ({ inode }) => setOwner(inode, uid, gid)),
    utimens: (path, atime, mtime, follow) => withPath(path, follow, (inode) => setTimes(inode, atime, mtime)),
    futimens: (fd, atime, mtime) => withFd(fd, ({ inode }) => setTimes(inode, atime, mtime)),
    truncate: (path, length) =>
      withPath(path, true, (inode) => {
        if (inode.isDirectory) return -Errno.EISDIR
        return inode.type === S.IFREG ? resize(inode, length) : -Errno.EINVAL
      }),
    ftruncate: (fd, length) =>
      withFd(fd, ({ inode, flags }) =>
        inode.type !== S.IFREG || (flags & O.ACCMODE) === O.RDONLY ? -Errno.EINVAL : resize(inode, length)
      ),
    fsync: (fd) => withFd(fd, ({ inode }) => (isStream(inode) ? -Errno.EINVAL : 0)),
    access: (path, mode) =>
      withPath(path, true, (inode) =>
        (mode & 1) !== 0 && !inode.isDirectory && (inode.mode & 0o111) === 0 ? -Errno.EACCES : 0
      ),
    cwd: () => "/",
    statusFlags: (fd) => withFd(fd, ({ flags }) => flags),
    isatty: () => false,
    windowSize: () => -Errno.ENOTTY,
    getTermios: () => -Errno.ENOTTY,
    setTermios: () => -Errno.ENOTTY,
    poll: () => POLL.IN | POLL.OUT | POLL.RDNORM | POLL.WRNORM,
    available: (fd) => withFd(fd, ({ inode, position }) => Math.max(0, inode.size - position)),
    pollWait: () => Effect.void
  }

  for (const [path, bytes] of Object.entries(options.files ?? {})) {
    path
      .split("/")
      .slice(1, -1)
      .reduce((directory, name) => {
        fs.mkdir(`${directory}/${name}`, 0o755)
        return `${directory}/${name}`
      }, "")
    const inode = create(path, S.IFREG | 0o755)
    if (typeof inode === "number") continue
    inode.resize(bytes.length)
    inode.bytes.set(bytes)
  }
  return fs
}

const isStream = (inode: Inode): boolean => inode.sink !== undefined || inode.type === S.IFIFO

const done = (result: Inode | number): number => (typeof result === "number" ? result : 0)

/** The service, in memory. */
export const layer = (options?: MemoryFsOptions): Layer.Layer<HostFs> => Layer.sync(HostFs)(() => makeMemoryFs(options))
