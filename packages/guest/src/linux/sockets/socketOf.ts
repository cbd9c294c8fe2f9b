import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { Socket } from "./Socket.ts"

/** The socket of a descriptor: -EBADF where it isn't open, -ENOTSOCK where it is something else. */
export const socketOf = (kernel: Kernel, fd: number): Socket | number => {
  const file = kernel.files.get(fd)
  return file === undefined ? -Errno.EBADF : file instanceof Socket ? file : -Errno.ENOTSOCK
}
