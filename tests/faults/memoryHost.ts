/** A host with one file in memory: as much of one as loading a program needs. */
import type { HostFsShape, HostStat } from "@emu/guest/HostFs"

const fileDescriptor = 3
const notFound = -2
const unusable = -9

/** @param open counts what is open, so that tests see leaks */
export const memoryHost = (path: string, bytes: Uint8Array, open: { count: number }): HostFsShape => {
  const stat: HostStat = {
    dev: 1n,
    ino: 1n,
    mode: 0o100755,
    nlink: 1,
    uid: 0,
    gid: 0,
    rdev: 0n,
    size: bytes.length,
    blksize: 4096,
    blocks: Math.ceil(bytes.length / 512),
    atimeNs: 0n,
    mtimeNs: 0n,
    ctimeNs: 0n,
    birthtimeNs: 0n
  }
  const answers: Partial<HostFsShape> = {
    open: (name) => {
      if (name !== path) return notFound
      open.count++
      return fileDescriptor
    },
    close: () => {
      open.count--
      return 0
    },
    fstat: () => stat,
    pread: (_fd, into, offset) => {
      const part = bytes.subarray(Math.min(offset, bytes.length), Math.min(offset + into.length, bytes.length))
      into.set(part)
      return part.length
    }
  }
  // Whatever else the loader may come to ask for is refused as a kernel would.
  return new Proxy(answers as HostFsShape, { get: (target, name: keyof HostFsShape) => target[name] ?? (() => unusable) })
}
