/** Copying between files within the kernel. */
import { Errno } from "../../kernel/errno.ts"
import type { Kernel } from "../../kernel/Kernel.ts"
import { row } from "../../kernel/row.ts"
import type { SyscallResult } from "../../kernel/Syscall.ts"
import { whenReady } from "../blocking.ts"
import { O, POLL } from "../constants.ts"
import type { OpenFile } from "../open/OpenFile.ts"
import { isFar } from "../positions.ts"
import { getWords, putWords } from "../../user/userBuffers.ts"
import { afterWrite } from "./readWrite.ts"

/** One side of a copy: a file, and a position of its own or (undefined) that of the file. */
interface Side {
  readonly file: OpenFile
  position: number | undefined
}

/**
 * Copies up to `count` bytes, as far as it goes without waiting for the source.
 *
 * @returns bytes copied, or a negative errno if that is none
 */
const copy = (from: Side, to: Side, count: number): number => {
  const buffer = new Uint8Array(Math.min(count, 65536))
  let done = 0
  while (done < count) {
    const wanted = buffer.subarray(0, Math.min(buffer.length, count - done))
    const read = from.position === undefined ? from.file.read(wanted) : from.file.pread(wanted, from.position)
    if (read <= 0) return done > 0 ? done : read
    const source = buffer.subarray(0, read)
    const written = to.position === undefined ? to.file.write(source) : to.file.pwrite(source, to.position)
    const moved = Math.max(0, written)
    if (from.position !== undefined) from.position += moved
    else if (moved < read) from.file.seek(moved - read, 1)
    if (to.position !== undefined) to.position += moved
    done += moved
    if (moved < read) return done > 0 ? done : written
  }
  return done
}

/**
 * The position that a pointer names: undefined for a null pointer, -EFAULT as an error.
 *
 * @param far what a position behind the end of every file gives
 */
const positionAt = (
  kernel: Kernel,
  file: OpenFile,
  address: number,
  far: number
): { readonly position: number | undefined } | number => {
  if (address === 0) return file.farPosition === undefined ? { position: undefined } : far
  const words = getWords(kernel.state, address, 1)
  if (words === undefined) return -Errno.EFAULT
  if (words[0]! < 0n) return -Errno.EINVAL
  return isFar(words[0]!) ? far : { position: Number(words[0]) }
}

const store = (kernel: Kernel, address: number, side: Side): void => {
  if (side.position !== undefined) putWords(kernel.state, address, [BigInt(side.position)])
}

/** sendfile: the source must be seekable, since what the target doesn't take stays unread. */
const sendfile = (kernel: Kernel, outFd: number, inFd: number, offset: number, count: number): SyscallResult => {
  const out = kernel.files.get(outFd)
  const source = kernel.files.get(inFd)
  if (out === undefined || source === undefined || !out.writable || !source.readable) return -Errno.EBADF
  if ((out.flags & O.APPEND) !== 0) return -Errno.EINVAL
  if (out.farPosition !== undefined) return -Errno.EFBIG
  if (source.seek(0, 1) < 0) return offset === 0 ? -Errno.EINVAL : -Errno.ESPIPE
  const start = positionAt(kernel, source, offset, -Errno.EOVERFLOW)
  if (typeof start === "number") return start
  kernel.memory.flushShared()
  const from: Side = { file: source, position: start.position }
  const attempt = (): number => {
    const moved = copy(from, { file: out, position: undefined }, Math.min(count, 0x7ffff000))
    store(kernel, offset, from)
    return moved
  }
  return afterWrite(kernel, out, whenReady(out, POLL.OUT, 0, attempt))
}

/** copy_file_range: between regular files. */
const copyFileRange = (
  kernel: Kernel,
  inFd: number,
  inOffset: number,
  outFd: number,
  outOffset: number,
  count: number,
  flags: number
): SyscallResult => {
  const source = kernel.files.get(inFd)
  const out = kernel.files.get(outFd)
  if (source === undefined || out === undefined || !source.readable || !out.writable) return -Errno.EBADF
  if (flags !== 0 || source.identity === undefined || out.identity === undefined) return -Errno.EINVAL
  if ((out.flags & O.APPEND) !== 0) return -Errno.EBADF
  const end = positionAt(kernel, out, outOffset, -Errno.EFBIG)
  if (typeof end === "number") return end
  const start = positionAt(kernel, source, inOffset, 0)
  if (typeof start === "number") return start
  const from: Side = { file: source, position: start.position }
  const to: Side = { file: out, position: end.position }
  if (source.identity === out.identity) {
    const distance = Math.abs((from.position ?? source.seek(0, 1)) - (to.position ?? out.seek(0, 1)))
    if (distance < count) return -Errno.EINVAL
  }
  kernel.memory.flushShared()
  const moved = copy(from, to, Math.min(count, 0x7ffff000))
  store(kernel, inOffset, from)
  store(kernel, outOffset, to)
  return afterWrite(kernel, out, moved)
}

export const copySyscalls = [
  row(71, "sendfile", ["fd", "fd", "pointer", "size"], sendfile, "the source must be seekable"),
  row(285, "copy_file_range", ["fd", "pointer", "fd", "pointer", "size", "flags"], copyFileRange)
]
