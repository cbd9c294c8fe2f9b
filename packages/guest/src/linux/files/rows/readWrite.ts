/** Reading and writing. */
import * as Effect from "effect/Effect"
import * as Layout from "@emu/tcg/Layout"
import { Errno } from "../../kernel/errno.ts"
import type { Kernel } from "../../kernel/Kernel.ts"
import { row } from "../../kernel/row.ts"
import { Sig, SigCode } from "../../signals/constants.ts"
import { bytesWithinLimit } from "../../misc/enforceLimits.ts"
import type { SyscallResult } from "../../kernel/Syscall.ts"
import { O, POLL } from "../constants.ts"
import { beforeRead } from "../../jobs/background.ts"
import { whenReady } from "../blocking.ts"
import type { OpenFile } from "../open/OpenFile.ts"
import { seenBy } from "../open/SignalFd.ts"
import { checkRange, isFar, seek } from "../positions.ts"
import { gather, totalLength, transfer, userVector, type UserBuffer } from "../../user/userBuffers.ts"

type Buffers = ReadonlyArray<UserBuffer>

/** Reads into buffers, at the file position or at `offset`. */
export const readInto = (
  kernel: Kernel,
  fd: number,
  buffers: Buffers | number,
  offset?: bigint,
  mayWait = true
): SyscallResult => {
  const opened = kernel.files.get(fd)
  if (opened === undefined || !opened.readable) return -Errno.EBADF
  if (typeof buffers === "number") return buffers
  const file = seenBy(kernel, opened)
  const start = startOf(file, buffers, offset)
  if (typeof start === "number") return start
  if (start.isFar) return 0
  const held = beforeRead(kernel, file)
  if (held !== undefined) return held
  const { position } = start
  if (file.identity !== undefined) kernel.memory.flushShared(file.identity)
  const attempt = (): number =>
    transfer(kernel.state, buffers, Layout.PageFlag.write, (bytes, done) =>
      position === undefined ? file.read(bytes) : file.pread(bytes, position + done)
    )
  return whenReady(file, POLL.IN, totalLength(buffers), attempt, mayWait && !file.nonBlocking, kernel)
}

/** Where a transfer begins: undefined at the file's own position. Far is behind the end of every file. */
interface Start {
  readonly position: number | undefined
  readonly isFar: boolean
}

const startOf = (file: OpenFile, buffers: Buffers, offset: bigint | undefined): Start | number => {
  const position = offset ?? file.farPosition
  if (position === undefined) return { position: undefined, isFar: false }
  const error = checkRange(position, totalLength(buffers))
  if (error < 0) return error
  return {
    position: offset === undefined ? undefined : Number(position),
    isFar: isFar(position) && file.identity !== undefined
  }
}

/** Writes from buffers, at the file position or at `offset`. EPIPE comes with SIGPIPE. */
export const writeFrom = (
  kernel: Kernel,
  fd: number,
  buffers: Buffers | number,
  offset?: bigint,
  mayWait = true
): SyscallResult => {
  const file = kernel.files.get(fd)
  if (file === undefined || !file.writable) return -Errno.EBADF
  if (typeof buffers === "number") return buffers
  const start = startOf(file, buffers, offset)
  if (typeof start === "number") return start
  const asked = totalLength(buffers)
  const appends = (file.flags & O.APPEND) !== 0
  if (start.isFar && !appends) return asked === 0 ? 0 : -Errno.EFBIG
  if (start.isFar) file.farPosition = undefined
  const total = file.identity === undefined ? asked : bytesWithinLimit(kernel, placeOf(file, start.position), asked)
  if (total < 0) return total
  if (total < asked) buffers = firstBytes(buffers, total)
  const { position } = start
  const source = file.identity === undefined && buffers.length > 1 ? gather(kernel.state, buffers) : undefined
  const wait = mayWait && !file.nonBlocking
  const { thread } = kernel
  let done = 0
  const attempt = (isLast = !wait): number => {
    if (file.identity !== undefined) kernel.memory.flushShared(file.identity)
    const moved =
      source === undefined
        ? transfer(
            kernel.state,
            buffers,
            Layout.PageFlag.read,
            (bytes, before) => (position === undefined ? file.write(bytes) : file.pwrite(bytes, position + done + before)),
            done
          )
        : typeof source === "number"
          ? source
          : file.write(source.subarray(done))
    if (moved < 0) return done > 0 && (moved !== -Errno.EAGAIN || isLast) ? done : moved
    done += moved
    if (moved === 0 || done === total || !file.stream || isLast) return done
    thread.progress = done
    return -Errno.EAGAIN
  }
  return afterWrite(kernel, file, whenReady(file, POLL.OUT, total, attempt, wait, kernel))
}

/** Where a write to a regular file goes. */
const placeOf = (file: OpenFile, position: number | undefined): bigint => {
  if ((file.flags & O.APPEND) === 0) return BigInt(Math.max(0, position ?? file.seek(0, 1)))
  const stat = file.stat()
  return BigInt(typeof stat === "number" ? 0 : stat.size)
}

/** What buffers begin with. */
const firstBytes = (buffers: Buffers, count: number): Buffers => {
  let left = count
  return buffers.map(({ address, length }) => {
    const part = Math.min(length, left)
    left -= part
    return { address, length: part }
  })
}

/** What follows a write: mappings of the file see it, and a closed pipe raises SIGPIPE. */
export const afterWrite = (kernel: Kernel, file: OpenFile, result: SyscallResult, signal = true): SyscallResult => {
  const thread = kernel.thread
  const finish = (count: number | bigint): number | bigint => {
    if (count === -Errno.EPIPE && signal)
      kernel.signals.sendToThread(thread, kernel.signals.fromSelf(Sig.PIPE, SigCode.user))
    else if (count > 0 && file.identity !== undefined) kernel.memory.fileWritten(file.identity)
    return count
  }
  return Effect.isEffect(result) ? Effect.map(result, finish) : finish(result)
}

const one = (address: number, length: number): Buffers | number =>
  length >= 2 ** 63 ? -Errno.EINVAL : [{ address, length }]

const lseek = (kernel: Kernel, fd: number, offset: bigint, whence: number): number | bigint => {
  const file = kernel.files.get(fd)
  if (file === undefined || (file.flags & O.PATH) === O.PATH) return -Errno.EBADF
  if (file.identity !== undefined) kernel.memory.flushShared(file.identity)
  return seek(file, offset, whence)
}

/** RWF_ flags of preadv2 and pwritev2. HIPRI, DSYNC and SYNC change nothing here. */
const RWF = { NOWAIT: 8, APPEND: 0x10 } as const
const harmless = 7

type Transfer = (kernel: Kernel, fd: number, buffers: Buffers | number, offset?: bigint, mayWait?: boolean) => SyscallResult

/** preadv and pwritev: the offset is in one register on 64-bit machines. */
const positioned =
  (move: Transfer) =>
  (kernel: Kernel, fd: number, vector: number, count: number, offset: bigint): SyscallResult =>
    move(kernel, fd, userVector(kernel.state, vector, count), offset)

const positioned2 =
  (move: Transfer, known: number) =>
  (
    kernel: Kernel,
    fd: number,
    vector: number,
    count: number,
    offset: bigint,
    _high: bigint,
    flags: number
  ): SyscallResult => {
    if ((flags & ~(harmless | known)) !== 0) return -Errno.EOPNOTSUPP
    const start = offset === -1n ? undefined : offset
    const at = (flags & RWF.APPEND) === 0 ? start : endOf(kernel, fd, start)
    return move(kernel, fd, userVector(kernel.state, vector, count), at, (flags & RWF.NOWAIT) === 0)
  }

/** Where RWF_APPEND writes: at the end, with the file's own position moved there where no other one is given. */
const endOf = (kernel: Kernel, fd: number, start: bigint | undefined): bigint | undefined => {
  const file = kernel.files.get(fd)
  if (file?.identity === undefined) return start
  kernel.memory.flushShared(file.identity)
  if (start === undefined) {
    seek(file, 0n, 2)
    return undefined
  }
  const stat = file.stat()
  return typeof stat === "number" ? start : BigInt(stat.size)
}

const vectored =
  (move: Transfer) =>
  (kernel: Kernel, fd: number, vector: number, count: number): SyscallResult =>
    move(kernel, fd, userVector(kernel.state, vector, count))

export const readWriteSyscalls = [
  row(62, "lseek", ["fd", "offset", "uint"], lseek),
  row(63, "read", ["fd", "pointer", "size"], (kernel, fd, at, length) => readInto(kernel, fd, one(at, length))),
  row(64, "write", ["fd", "pointer", "size"], (kernel, fd, at, length) => writeFrom(kernel, fd, one(at, length))),
  row(65, "readv", ["fd", "pointer", "int"], vectored(readInto)),
  row(66, "writev", ["fd", "pointer", "int"], vectored(writeFrom)),
  row(67, "pread64", ["fd", "pointer", "size", "offset"], (kernel, fd, at, length, offset) =>
    readInto(kernel, fd, one(at, length), offset)
  ),
  row(68, "pwrite64", ["fd", "pointer", "size", "offset"], (kernel, fd, at, length, offset) =>
    writeFrom(kernel, fd, one(at, length), offset)
  ),
  row(69, "preadv", ["fd", "pointer", "int", "offset"], positioned(readInto)),
  row(70, "pwritev", ["fd", "pointer", "int", "offset"], positioned(writeFrom)),
  row(286, "preadv2", ["fd", "pointer", "int", "offset", "long", "flags"], positioned2(readInto, RWF.NOWAIT)),
  row(287, "pwritev2", ["fd", "pointer", "int", "offset", "long", "flags"], positioned2(writeFrom, RWF.NOWAIT | RWF.APPEND))
]
