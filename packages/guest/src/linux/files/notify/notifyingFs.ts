/** The host's files, with those who watch them told of what the guest does. As long as nobody watches anything, nothing is asked. */
import type { HostFsShape } from "../../../HostFs.ts"
import { O } from "../constants.ts"
import type { GuardedFs } from "../lookup/HostGuard.ts"
import { IN } from "./Inotify.ts"
import type { Notifier } from "./Notifier.ts"

/** Puts a notifier before a host. */
export const notifyingFs = (host: GuardedFs, notifier: Notifier): GuardedFs => {
  /** An event at a path, where a call has succeeded. */
  const at = (result: number, path: string, mask: number): number => {
    if (result >= 0 && notifier.isActive) notifier.happened(path, mask)
    return result
  }
  /** An event of an open file that still has a name. */
  const ofFile = (result: number, fd: number, mask: number): number => {
    if (result < 0 || !notifier.isActive) return result
    const path = host.fdPath(fd)
    if (typeof path === "string" && path.startsWith("/")) notifier.happened(path, mask)
    return result
  }
  const created = (result: number, path: string): number => {
    if (result < 0 || !notifier.isActive) return result
    const subject = notifier.subject(path)
    notifier.inDirectory(path, IN.CREATE | (subject?.isDirectory === true ? IN.ISDIR : 0))
    return result
  }
  const removing =
    (remove: (path: string) => number) =>
    (path: string): number => {
      const subject = notifier.isActive ? notifier.subject(path) : undefined
      const result = remove(path)
      if (result >= 0 && subject !== undefined) notifier.unlinked(path, subject)
      return result
    }
  const moved = (count: number, fd: number, mask: number): number => (count > 0 ? ofFile(count, fd, mask) : count)
  const changes: Partial<HostFsShape> = {
    open: (path, flags, mode) => {
      if (!notifier.isActive) return host.open(path, flags, mode)
      const before = notifier.subject(path)
      const fd = host.open(path, flags, mode)
      if (fd < 0) return fd
      if (before === undefined) created(fd, path)
      else if ((flags & O.TRUNC) !== 0) notifier.happened(path, IN.MODIFY)
      notifier.happened(path, IN.OPEN)
      return fd
    },
    close: (fd) => {
      if (!notifier.isActive) return host.close(fd)
      const path = host.fdPath(fd)
      const writes = (host.statusFlags(fd) & O.ACCMODE) !== O.RDONLY
      const result = host.close(fd)
      if (typeof path === "string" && path.startsWith("/")) {
        notifier.happened(path, writes ? IN.CLOSE_WRITE : IN.CLOSE_NOWRITE)
      }
      return result
    },
    read: (fd, buffer) => moved(host.read(fd, buffer), fd, IN.ACCESS),
    pread: (fd, buffer, offset) => moved(host.pread(fd, buffer, offset), fd, IN.ACCESS),
    write: (fd, buffer) => moved(host.write(fd, buffer), fd, IN.MODIFY),
    pwrite: (fd, buffer, offset) => moved(host.pwrite(fd, buffer, offset), fd, IN.MODIFY),
    ftruncate: (fd, length) => ofFile(host.ftruncate(fd, length), fd, IN.MODIFY),
    truncate: (path, length) => at(host.truncate(path, length), path, IN.MODIFY),
    mkdir: (path, mode) => created(host.mkdir(path, mode), path),
    mknod: (path, mode) => created(host.mknod(path, mode), path),
    symlink: (target, path) => created(host.symlink(target, path), path),
    link: (existing, path) => {
      const result = at(host.link(existing, path), existing, IN.ATTRIB)
      return created(result, path)
    },
    unlink: removing(host.unlink),
    rmdir: removing(host.rmdir),
    rename: (from, to) => {
      const [subject, replaced] = notifier.isActive ? [notifier.subject(from), notifier.subject(to)] : []
      const result = host.rename(from, to)
      if (result >= 0 && subject !== undefined) notifier.renamed(from, to, subject, replaced)
      return result
    },
    chmod: (path, mode) => at(host.chmod(path, mode), path, IN.ATTRIB),
    fchmod: (fd, mode) => ofFile(host.fchmod(fd, mode), fd, IN.ATTRIB),
    chown: (path, uid, gid, follow) => at(host.chown(path, uid, gid, follow), path, IN.ATTRIB),
    fchown: (fd, uid, gid) => ofFile(host.fchown(fd, uid, gid), fd, IN.ATTRIB),
    utimens: (path, atime, mtime, follow) => at(host.utimens(path, atime, mtime, follow), path, IN.ATTRIB),
    futimens: (fd, atime, mtime) => ofFile(host.futimens(fd, atime, mtime), fd, IN.ATTRIB)
  }
  return { ...host, ...changes }
}
