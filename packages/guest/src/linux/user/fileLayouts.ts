/** Structures of the file ABI as they lie in guest memory (riscv64, asm-generic; little-endian). */
import type { HostDirent, HostStat, HostStatFs } from "../../HostFs.ts"
import { NAME_MAX } from "../files/constants.ts"
import { toBytes } from "./byteStrings.ts"

const second = 1_000_000_000n

/** Seconds and nanoseconds of a time, the latter never negative. */
const split = (time: bigint): readonly [bigint, bigint] => {
  const nanoseconds = ((time % second) + second) % second
  return [(time - nanoseconds) / second, nanoseconds]
}

/** Size of `struct stat`. */
export const statSize = 128

/** `struct stat` (asm-generic/stat.h). */
export const encodeStat = (stat: HostStat): Uint8Array => {
  const bytes = new Uint8Array(statSize)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, stat.dev, true)
  view.setBigUint64(8, stat.ino, true)
  view.setUint32(16, stat.mode, true)
  view.setUint32(20, stat.nlink, true)
  view.setUint32(24, stat.uid, true)
  view.setUint32(28, stat.gid, true)
  view.setBigUint64(32, stat.rdev, true)
  view.setBigInt64(48, BigInt(stat.size), true)
  view.setInt32(56, stat.blksize, true)
  view.setBigInt64(64, BigInt(stat.blocks), true)
  ;[stat.atimeNs, stat.mtimeNs, stat.ctimeNs].forEach((time, i) => {
    const [seconds, nanoseconds] = split(time)
    view.setBigInt64(72 + 16 * i, seconds, true)
    view.setBigUint64(80 + 16 * i, nanoseconds, true)
  })
  return bytes
}

/** Size of `struct statx`. */
export const statxSize = 256
/** STATX_BASIC_STATS | STATX_BTIME: what is filled in. */
const statxMask = 0xfff

/** `struct statx` (linux/stat.h). */
export const encodeStatx = (stat: HostStat): Uint8Array => {
  const bytes = new Uint8Array(statxSize)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, statxMask, true)
  view.setUint32(4, stat.blksize, true)
  view.setUint32(16, stat.nlink, true)
  view.setUint32(20, stat.uid, true)
  view.setUint32(24, stat.gid, true)
  view.setUint16(28, stat.mode, true)
  view.setBigUint64(32, stat.ino, true)
  view.setBigUint64(40, BigInt(stat.size), true)
  view.setBigUint64(48, BigInt(stat.blocks), true)
  ;[stat.atimeNs, stat.birthtimeNs, stat.ctimeNs, stat.mtimeNs].forEach((time, i) => {
    const [seconds, nanoseconds] = split(time)
    view.setBigInt64(64 + 16 * i, seconds, true)
    view.setUint32(72 + 16 * i, Number(nanoseconds), true)
  })
  view.setUint32(128, major(stat.rdev), true)
  view.setUint32(132, minor(stat.rdev), true)
  view.setUint32(136, major(stat.dev), true)
  view.setUint32(140, minor(stat.dev), true)
  return bytes
}

/** Major number of a device (the C library's 64-bit encoding). */
export const major = (dev: bigint): number => Number(((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n))
/** Minor number of a device. */
export const minor = (dev: bigint): number => Number((dev & 0xffn) | ((dev >> 12n) & 0xffffff00n))

/** Size of `struct statfs`. */
export const statfsSize = 120

/** `struct statfs` (asm-generic/statfs.h, 64 bits). */
export const encodeStatfs = (stat: HostStatFs): Uint8Array => {
  const bytes = new Uint8Array(statfsSize)
  const view = new DataView(bytes.buffer)
  const words = [stat.type, BigInt(stat.bsize), stat.blocks, stat.bfree, stat.bavail, stat.files, stat.ffree]
  words.forEach((word, i) => view.setBigUint64(8 * i, word, true))
  view.setBigInt64(64, BigInt(NAME_MAX), true)
  view.setBigInt64(72, BigInt(stat.bsize), true)
  return bytes
}

/** `struct linux_dirent64`, padded to 8 bytes. `offset` is the position behind the entry. */
export const encodeDirent = (entry: HostDirent, offset: number): Uint8Array => {
  const name = toBytes(entry.name)
  const length = (19 + name.length + 1 + 7) & ~7
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, entry.ino, true)
  view.setBigInt64(8, BigInt(offset), true)
  view.setUint16(16, length, true)
  bytes[18] = entry.type
  bytes.set(name, 19)
  return bytes
}
