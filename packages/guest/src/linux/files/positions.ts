/**
 * Positions in files. Linux's have 63 bits; files here end at 2^53 - 1, as far as numbers are exact (Linux says of a file system where
 * files must end: EFBIG). Positions behind that are kept exactly, and hold nothing.
 */
import { Errno } from "../kernel/errno.ts"
import type { OpenFile } from "./open/OpenFile.ts"

/** Where files end at the latest. */
export const maxFileSize = Number.MAX_SAFE_INTEGER

/** The greatest position (`loff_t`). */
const maxPosition = 0x7fff_ffff_ffff_ffffn

/** Whether a position is behind the end of every file. */
export const isFar = (position: bigint): boolean => position > BigInt(maxFileSize)

/** Checks a range as every transfer has it checked: 0, or -EINVAL where it begins below 0 or ends behind the greatest position. */
export const checkRange = (position: bigint, length: number): number =>
  position < 0n || position + BigInt(length) > maxPosition ? -Errno.EINVAL : 0

/** Whence of lseek. */
const Whence = { set: 0, current: 1, end: 2, data: 3, hole: 4 } as const

/** Moves the position of a file, as lseek(2) does: the new one or a negative errno. */
export const seek = (file: OpenFile, offset: bigint, whence: number): number | bigint => {
  // what has no contents to be in the middle of has its own idea of positions
  if (file.identity === undefined) {
    const near = BigInt.asIntN(54, offset) === offset
    return near ? file.seek(Number(offset), whence) : Math.min(file.seek(0, 1), 0) || -Errno.EINVAL
  }
  if (whence === Whence.data || whence === Whence.hole) {
    if (offset < 0n || isFar(offset)) return -Errno.ENXIO
    return moved(file, file.seek(Number(offset), whence))
  }
  const start = startOf(file, whence)
  if (start === undefined) return -Errno.EINVAL
  if (start < 0n) return start
  const target = start + offset
  if (target < 0n || target > maxPosition) return -Errno.EINVAL
  if (!isFar(target)) return moved(file, file.seek(Number(target), Whence.set))
  file.farPosition = target
  return target
}

/** What an offset counts from: a negative errno where the file is gone, undefined for an unknown `whence`. */
const startOf = (file: OpenFile, whence: number): bigint | undefined => {
  if (whence === Whence.set) return 0n
  if (whence === Whence.current) return file.farPosition ?? BigInt(file.seek(0, Whence.current))
  if (whence !== Whence.end) return undefined
  const stat = file.stat()
  return BigInt(typeof stat === "number" ? stat : stat.size)
}

const moved = (file: OpenFile, result: number): number => {
  if (result >= 0) file.farPosition = undefined
  return result
}
