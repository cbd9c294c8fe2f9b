/** inotify_init1(2), inotify_add_watch(2), inotify_rm_watch(2). */
import { Errno } from "../../kernel/errno.ts"
import type { Kernel } from "../../kernel/Kernel.ts"
import { row } from "../../kernel/row.ts"
import { userPath } from "../../user/userBuffers.ts"
import { AT, O, S } from "../constants.ts"
import { IN, Inotify } from "../notify/Inotify.ts"

const inotifyInit = ({ files }: Kernel, flags: number): number => {
  if ((flags & ~(O.NONBLOCK | O.CLOEXEC)) !== 0) return -Errno.EINVAL
  return files.install(new Inotify(files.notifier, flags & O.NONBLOCK), (flags & O.CLOEXEC) !== 0)
}

const instanceOf = (kernel: Kernel, fd: number): Inotify | number => {
  const file = kernel.files.get(fd)
  return file === undefined ? -Errno.EBADF : file instanceof Inotify ? file : -Errno.EINVAL
}

const read = 4

const addWatch = (kernel: Kernel, fd: number, pathAddress: number, mask: number): number => {
  const { files } = kernel
  if ((mask & IN.ALL) === 0) return -Errno.EINVAL
  if ((mask & IN.MASK_ADD) !== 0 && (mask & IN.MASK_CREATE) !== 0) return -Errno.EINVAL
  const instance = instanceOf(kernel, fd)
  if (typeof instance === "number") return instance
  const path = userPath(kernel.state, pathAddress)
  if (typeof path === "number") return path
  const target = files.paths.resolve(AT.FDCWD, path, (mask & IN.DONT_FOLLOW) === 0)
  if (typeof target === "number") return target
  const stat = files.paths.statTarget(target)
  if (typeof stat === "number") return stat
  if ((mask & IN.ONLYDIR) !== 0 && (stat.mode & S.IFMT) !== S.IFDIR) return -Errno.ENOTDIR
  const isHost = target.node === undefined && target.file === undefined
  const denied = isHost ? files.host.access(target.path, read) : 0
  // what the kernel shows by itself changes without a word, on Linux as well
  return denied < 0 ? denied : instance.watch(isHost ? `${stat.dev}:${stat.ino}` : `kernel:${target.path}`, mask)
}

const removeWatch = (kernel: Kernel, fd: number, watch: number): number => {
  const instance = instanceOf(kernel, fd)
  return typeof instance === "number" ? instance : instance.unwatch(watch)
}

const own = "tells what the run's processes do, not what others on the host do"

export const inotifySyscalls = [
  row(26, "inotify_init1", ["flags"], inotifyInit),
  row(27, "inotify_add_watch", ["fd", "path", "flags"], addWatch, own),
  row(28, "inotify_rm_watch", ["fd", "int"], removeWatch)
]
