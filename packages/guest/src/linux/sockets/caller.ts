/** In whose name sockets are bound, connected and written to: ids, and files that stand for sockets. */
import { AT, S } from "../files/constants.ts"
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import type { Caller } from "./Socket.ts"

export const callerOf = (kernel: Kernel): Caller => {
  const { egid, euid, pid } = kernel.process
  return {
    credentials: { pid, uid: euid, gid: egid },
    makeFile: (path) => makeFile(kernel, path),
    findFile: (path) => findFile(kernel, path)
  }
}

const makeFile = ({ files }: Kernel, path: string): string | number => {
  const target = files.paths.resolve(AT.FDCWD, path, false, false)
  if (typeof target === "number") return target
  if (target.node !== undefined || target.file !== undefined || target.exists) return -Errno.EADDRINUSE
  const made = files.host.mknod(target.path, S.IFSOCK | (0o777 & ~files.umask))
  if (made < 0) return made === -Errno.EEXIST ? -Errno.EADDRINUSE : made
  const stat = files.host.lstat(target.path)
  return typeof stat === "number" ? stat : `${stat.dev}:${stat.ino}`
}

const findFile = ({ files }: Kernel, path: string): ReturnType<Caller["findFile"]> => {
  const target = files.paths.resolve(AT.FDCWD, path, true)
  if (typeof target === "number") return target
  if (!target.exists) return -Errno.ENOENT
  const stat = files.paths.statTarget(target)
  if (typeof stat === "number") return stat
  if ((stat.mode & S.IFMT) !== S.IFSOCK) return -Errno.ECONNREFUSED
  const denied = files.host.access(target.path, 2)
  return denied < 0 ? denied : { identity: `${stat.dev}:${stat.ino}`, hostPath: target.path }
}
