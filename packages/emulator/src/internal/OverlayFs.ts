/** Files of a run laid over those of the host: the guest sees both, and the host's stay as they are. */
import type { HostDirent, HostFsShape } from "@emu/guest/HostFs"
import { makeMemoryFs } from "@emu/guest/MemoryFs"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { S } from "@emu/guest/linux/files/constants"

/** Descriptors of laid-over files begin here: beyond those of any host. */
const firstFd = 1 << 24

const parentOf = (path: string): string => path.slice(0, Math.max(1, path.replace(/\/+$/, "").lastIndexOf("/")))

/**
 * Lays files over a host. A path means the laid-over file where there is one, and the host's else. What the guest makes in a directory
 * that only exists for the laid-over files is kept in memory, too; all the rest goes to the host.
 *
 * @param host what is below
 * @param files contents by absolute path (byte strings); everybody may execute them
 */
export const overlay = (host: HostFsShape, files: Readonly<Record<string, Uint8Array>>): HostFsShape => {
  const upper = makeMemoryFs({ files })

  const isDirectory = (fs: HostFsShape, path: string): boolean => {
    const stat = fs.stat(path)
    return typeof stat !== "number" && (stat.mode & S.IFMT) === S.IFDIR
  }
  /** Whose a path is. A directory that both have is the host's. */
  const sideOf = (path: string): HostFsShape => {
    if (typeof upper.lstat(path) !== "number" && !(isDirectory(upper, path) && isDirectory(host, path))) return upper
    if (typeof host.lstat(path) !== "number") return host
    const parent = parentOf(path)
    return isDirectory(upper, parent) && !isDirectory(host, parent) ? upper : host
  }
  const at =
    <Rest extends ReadonlyArray<unknown>, A>(call: (fs: HostFsShape) => (path: string, ...rest: Rest) => A) =>
    (path: string, ...rest: Rest): A =>
      call(sideOf(path))(path, ...rest)
  const on =
    <Rest extends ReadonlyArray<unknown>, A>(call: (fs: HostFsShape) => (fd: number, ...rest: Rest) => A) =>
    (fd: number, ...rest: Rest): A =>
      fd >= firstFd ? call(upper)(fd - firstFd, ...rest) : call(host)(fd, ...rest)
  /** A call with two paths, which have to be on one side. */
  const between = (call: (fs: HostFsShape) => (from: string, to: string) => number) => (from: string, to: string) => {
    const side = sideOf(from)
    return side === sideOf(to) ? call(side)(from, to) : -Errno.EXDEV
  }

  const entries = (fd: number): ReadonlyArray<HostDirent> | number => {
    if (fd >= firstFd) return upper.readdir(fd - firstFd)
    const below = host.readdir(fd)
    const path = host.fdPath(fd)
    if (typeof below === "number" || typeof path === "number" || !isDirectory(upper, path)) return below
    const above = upper.open(path, 0, 0)
    const added = upper.readdir(above)
    upper.close(above)
    const known = new Set(below.map(({ name }) => name))
    return typeof added === "number" ? below : [...below, ...added.filter(({ name }) => !known.has(name))]
  }

  // each one by name: what comes to the host must be decided here
  return {
    cwd: host.cwd,
    reopen: (fd, flags) => {
      const opened = fd >= firstFd ? upper.reopen(fd - firstFd, flags) : host.reopen(fd, flags)
      return opened < 0 || fd < firstFd ? opened : opened + firstFd
    },
    open: (path, flags, mode) => {
      const side = sideOf(path)
      const fd = side.open(path, flags, mode)
      return fd < 0 || side === host ? fd : fd + firstFd
    },
    close: on((fs) => fs.close),
    read: on((fs) => fs.read),
    write: on((fs) => fs.write),
    pread: on((fs) => fs.pread),
    pwrite: on((fs) => fs.pwrite),
    lseek: on((fs) => fs.lseek),
    stat: at((fs) => fs.stat),
    lstat: at((fs) => fs.lstat),
    fstat: on((fs) => fs.fstat),
    peek: at((fs) => fs.peek),
    exists: at((fs) => fs.exists),
    statfs: at((fs) => fs.statfs),
    fstatfs: on((fs) => fs.fstatfs),
    readdir: entries,
    readlink: at((fs) => fs.readlink),
    realpath: at((fs) => fs.realpath),
    fdPath: on((fs) => fs.fdPath),
    mkdir: at((fs) => fs.mkdir),
    mknod: at((fs) => fs.mknod),
    unlink: at((fs) => fs.unlink),
    rmdir: at((fs) => fs.rmdir),
    rename: between((fs) => fs.rename),
    link: between((fs) => fs.link),
    symlink: (target, path) => sideOf(path).symlink(target, path),
    chmod: at((fs) => fs.chmod),
    fchmod: on((fs) => fs.fchmod),
    chown: at((fs) => fs.chown),
    fchown: on((fs) => fs.fchown),
    utimens: at((fs) => fs.utimens),
    futimens: on((fs) => fs.futimens),
    truncate: at((fs) => fs.truncate),
    ftruncate: on((fs) => fs.ftruncate),
    fsync: on((fs) => fs.fsync),
    access: at((fs) => fs.access),
    statusFlags: on((fs) => fs.statusFlags),
    isatty: on((fs) => fs.isatty),
    windowSize: on((fs) => fs.windowSize),
    getTermios: on((fs) => fs.getTermios),
    setTermios: on((fs) => fs.setTermios),
    poll: on((fs) => fs.poll),
    available: on((fs) => fs.available),
    pollWait: on((fs) => fs.pollWait)
  }
}
