/** Moving bytes between pipes and other files without a way through the program's memory: splice(2), tee(2), vmsplice(2). */
import * as Effect from "effect/Effect"
import { Errno } from "../../kernel/errno.ts"
import type { Kernel } from "../../kernel/Kernel.ts"
import { row } from "../../kernel/row.ts"
import type { SyscallResult } from "../../kernel/Syscall.ts"
import { getWords, putWords, userVector } from "../../user/userBuffers.ts"
import { O, POLL } from "../constants.ts"
import type { OpenFile } from "../open/OpenFile.ts"
import { PipeEnd } from "../open/Pipe.ts"
import { isFar } from "../positions.ts"
import { afterWrite, readInto, writeFrom } from "./readWrite.ts"

const SPLICE_F = { MOVE: 1, NONBLOCK: 2, MORE: 4, GIFT: 8 } as const
const knownFlags = SPLICE_F.MOVE | SPLICE_F.NONBLOCK | SPLICE_F.MORE | SPLICE_F.GIFT

/** So many bytes are moved in one go at most: what a pipe holds. */
const maxPiece = 1 << 20

/** What one try has given. */
interface Try {
  readonly result: number
  /** Whom to wait for where that is -EAGAIN. */
  readonly waitsFor?: { readonly file: OpenFile; readonly events: number }
}

/** Tries until something is moved, if it may wait. Both files stay open meanwhile. */
const moving = (files: ReadonlyArray<OpenFile>, mayWait: boolean, attempt: () => Try): SyscallResult => {
  const first = attempt()
  if (first.waitsFor === undefined || !mayWait) return first.result
  const next = ({ result, waitsFor }: Try): Effect.Effect<number> =>
    waitsFor === undefined
      ? Effect.succeed(result)
      : Effect.flatMap(waitsFor.file.wait(waitsFor.events, 4096), () => Effect.suspend(() => next(attempt())))
  return Effect.suspend(() => {
    for (const file of files) file.hold()
    return Effect.ensuring(
      next(first),
      Effect.sync(() => {
        for (const file of files) file.release()
      })
    )
  })
}

/** A place to read from or write to: a file, and a position of its own or that of the file. */
interface Place {
  readonly file: OpenFile
  position: number | undefined
}

const readAt = ({ file, position }: Place, into: Uint8Array): number =>
  position === undefined ? file.read(into) : file.pread(into, position)
const writeAt = ({ file, position }: Place, from: Uint8Array): number =>
  position === undefined ? file.write(from) : file.pwrite(from, position)

const advance = (place: Place, count: number): void => {
  if (place.position !== undefined && count > 0) place.position += count
}

/** Fills a pipe from anything: no more is read than has room. */
const intoPipe = (from: Place, pipe: PipeEnd, count: number): Try => {
  if (pipe.isBroken) return { result: -Errno.EPIPE }
  const room = Math.min(count, pipe.room, maxPiece)
  if (room === 0) return { result: -Errno.EAGAIN, waitsFor: { file: pipe, events: POLL.OUT } }
  const buffer = new Uint8Array(room)
  const read = readAt(from, buffer)
  if (read === -Errno.EAGAIN) return { result: read, waitsFor: { file: from.file, events: POLL.IN } }
  if (read <= 0) return { result: read }
  advance(from, read)
  return { result: pipe.write(buffer.subarray(0, read)) }
}

/** Empties a pipe into anything: what is not taken stays in the pipe. */
const fromPipe = (pipe: PipeEnd, to: Place, count: number): Try => {
  const buffer = new Uint8Array(Math.min(count, Math.max(1, pipe.available()), maxPiece))
  const there = pipe.peek(buffer)
  if (there === -Errno.EAGAIN) return { result: there, waitsFor: { file: pipe, events: POLL.IN } }
  if (there <= 0) return { result: there }
  const written = writeAt(to, buffer.subarray(0, there))
  if (written === -Errno.EAGAIN) return { result: written, waitsFor: { file: to.file, events: POLL.OUT } }
  if (written > 0) pipe.read(buffer.subarray(0, written))
  advance(to, written)
  return { result: written }
}

/** The place that a descriptor and the address of an offset name, or a negative errno. */
const placeOf = (kernel: Kernel, file: OpenFile, offsetAt: number): Place | number => {
  if (offsetAt === 0) return { file, position: undefined }
  if (file instanceof PipeEnd || file.seek(0, 1) < 0) return -Errno.ESPIPE
  const words = getWords(kernel.state, offsetAt, 1)
  if (words === undefined) return -Errno.EFAULT
  return words[0]! < 0n || isFar(words[0]!) ? -Errno.EINVAL : { file, position: Number(words[0]) }
}

const splice = (
  kernel: Kernel,
  inFd: number,
  inOffset: number,
  outFd: number,
  outOffset: number,
  length: number,
  flags: number
): SyscallResult => {
  const [source, target] = [kernel.files.get(inFd), kernel.files.get(outFd)]
  if ((flags & ~knownFlags) !== 0) return -Errno.EINVAL
  if (source === undefined || target === undefined || !source.readable || !target.writable) return -Errno.EBADF
  if (length === 0) return 0
  if (!(source instanceof PipeEnd) && !(target instanceof PipeEnd)) return -Errno.EINVAL
  if (source instanceof PipeEnd && target instanceof PipeEnd && source.isSamePipe(target)) return -Errno.EINVAL
  if ((target.flags & O.APPEND) !== 0) return -Errno.EINVAL
  const from = placeOf(kernel, source, inOffset)
  if (typeof from === "number") return from
  const to = placeOf(kernel, target, outOffset)
  if (typeof to === "number") return to
  const { memory } = kernel
  for (const { identity } of [source, target]) if (identity !== undefined) memory.flushShared(identity)
  const mayWait = (flags & SPLICE_F.NONBLOCK) === 0 && !source.nonBlocking && !target.nonBlocking
  const attempt = (): Try => {
    const done = source instanceof PipeEnd ? fromPipe(source, to, length) : intoPipe(from, target as PipeEnd, length)
    for (const [at, place] of [
      [inOffset, from],
      [outOffset, to]
    ] as const) {
      if (place.position !== undefined && done.result > 0) putWords(kernel.state, at, [BigInt(place.position)])
    }
    return done
  }
  return afterWrite(kernel, target, moving([source, target], mayWait, attempt))
}

/** tee: copies from one pipe to another; what is copied stays where it is. */
const tee = (kernel: Kernel, inFd: number, outFd: number, length: number, flags: number): SyscallResult => {
  const [source, target] = [kernel.files.get(inFd), kernel.files.get(outFd)]
  if ((flags & ~knownFlags) !== 0) return -Errno.EINVAL
  if (source === undefined || target === undefined || !source.readable || !target.writable) return -Errno.EBADF
  if (!(source instanceof PipeEnd) || !(target instanceof PipeEnd) || source.isSamePipe(target)) return -Errno.EINVAL
  if (length === 0) return 0
  const attempt = (): Try => {
    if (target.isBroken) return { result: -Errno.EPIPE }
    const room = Math.min(length, target.room, Math.max(1, source.available()))
    if (room === 0) return { result: -Errno.EAGAIN, waitsFor: { file: target, events: POLL.OUT } }
    const buffer = new Uint8Array(room)
    const there = source.peek(buffer)
    if (there === -Errno.EAGAIN) return { result: there, waitsFor: { file: source, events: POLL.IN } }
    return { result: there <= 0 ? there : target.write(buffer.subarray(0, there)) }
  }
  const mayWait = (flags & SPLICE_F.NONBLOCK) === 0 && !source.nonBlocking && !target.nonBlocking
  return afterWrite(kernel, target, moving([source, target], mayWait, attempt))
}

/** vmsplice: as writev on the end of a pipe that is written to, as readv on the other one. Pages are copied, never given away. */
const vmsplice = (kernel: Kernel, fd: number, vector: number, count: number, flags: number): SyscallResult => {
  if ((flags & ~knownFlags) !== 0) return -Errno.EINVAL
  const file = kernel.files.get(fd)
  if (file === undefined || !(file instanceof PipeEnd)) return -Errno.EBADF
  if (count > 1024) return -Errno.EINVAL
  const buffers = userVector(kernel.state, vector, count)
  const wait = (flags & SPLICE_F.NONBLOCK) === 0 && !file.nonBlocking
  return file.writable ? writeFrom(kernel, fd, buffers, undefined, wait) : readInto(kernel, fd, buffers, undefined, wait)
}

export const spliceSyscalls = [
  row(75, "vmsplice", ["fd", "pointer", "size", "flags"], vmsplice),
  row(76, "splice", ["fd", "pointer", "fd", "pointer", "size", "flags"], splice),
  row(77, "tee", ["fd", "fd", "size", "flags"], tee)
]
