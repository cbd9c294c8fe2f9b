/** Paths, buffers and numbers in guest memory. */
import * as Layout from "@emu/tcg/Layout"
import type { CpuState } from "@emu/tcg/CpuState"
import { Errno } from "../kernel/errno.ts"
import { allowed, bytesAt, permits, readable, stringLength, writable } from "./UserMemory.ts"
import { IOV_MAX, maxTransfer, PATH_MAX } from "../files/constants.ts"
import { fromBytes } from "./byteStrings.ts"

/** A path argument as a byte string, or -EFAULT or -ENAMETOOLONG. */
export const userPath = (state: CpuState, address: number): string | number =>
  userString(state, address, PATH_MAX, -Errno.ENAMETOOLONG)

/** A zero-terminated string of fewer than `limit` bytes as a byte string; -EFAULT, or `tooLong` if it doesn't end in time. */
export const userString = (state: CpuState, address: number, limit: number, tooLong: number): string | number => {
  const length = stringLength(state, address, limit)
  if (length === limit) return tooLong
  const bytes = length === undefined ? undefined : bytesAt(state, address, length)
  return bytes === undefined ? -Errno.EFAULT : fromBytes(bytes)
}

/** How many bytes from an address on, up to `length`, are mapped with the flags. */
export const accessible = (state: CpuState, address: number, length: number, flags: number): number => {
  const end = Math.min(address + length, Layout.userEnd)
  let at = address
  while (at < end && permits(state, Math.floor(at / 4096), flags)) at = (Math.floor(at / 4096) + 1) * 4096
  return Math.max(0, Math.min(at, end) - address)
}

/** A range of guest memory: an element of an iovec, or a call's only buffer. */
export interface UserBuffer {
  readonly address: number
  readonly length: number
}

/** The buffers of a `struct iovec` array: -EINVAL for a bad count or total, -EFAULT for an unreadable array. */
export const userVector = (state: CpuState, address: number, count: number): ReadonlyArray<UserBuffer> | number => {
  if (count < 0 || count > IOV_MAX) return -Errno.EINVAL
  if (!allowed(state, address, count * 16, Layout.PageFlag.read)) return -Errno.EFAULT
  const buffers: Array<UserBuffer> = []
  for (let i = 0; i < count; i++) {
    const length = state.view.getBigInt64(address + 16 * i + 8, true)
    if (length < 0n) return -Errno.EINVAL
    buffers.push({ address: Number(state.view.getBigUint64(address + 16 * i, true)), length: Number(length) })
  }
  return buffers
}

/**
 * Runs `move` on each buffer in turn until one is moved short.
 *
 * @param flags permission that the memory needs; where it is missing the transfer ends, with -EFAULT if it ends at once
 * @returns bytes moved, or the error of the first buffer that moved nothing
 */
export const transfer = (
  state: CpuState,
  buffers: ReadonlyArray<UserBuffer>,
  flags: number,
  move: (bytes: Uint8Array, done: number) => number,
  start = 0
): number => {
  let done = 0
  for (const { address, length } of buffers) {
    if (done + length <= start) {
      done += length
      continue
    }
    const skip = Math.max(0, start - done)
    const wanted = Math.min(length - skip, maxTransfer - done)
    const usable = accessible(state, address + skip, wanted, flags)
    if (usable === 0 && wanted > 0) return done + skip > start ? done + skip - start : -Errno.EFAULT
    const bytes = bytesAt(state, address + skip, usable)
    if (bytes === undefined) return done + skip > start ? done + skip - start : -Errno.EFAULT
    const moved = move(bytes, done + skip - start)
    if (moved < 0) return done + skip > start ? done + skip - start : moved
    done += skip + moved
    if (moved < wanted) break
  }
  return Math.max(0, done - start)
}

/** Total length of buffers. */
export const totalLength = (buffers: ReadonlyArray<UserBuffer>): number =>
  buffers.reduce((sum, { length }) => sum + length, 0)

/** The readable bytes of buffers in one piece, so that a pipe or socket takes them as one write; -EFAULT where the first is unreadable. */
export const gather = (state: CpuState, buffers: ReadonlyArray<UserBuffer>): Uint8Array<ArrayBuffer> | number => {
  const pieces: Array<Uint8Array> = []
  const moved = transfer(state, buffers, Layout.PageFlag.read, (bytes) => pieces.push(bytes.slice()) && bytes.length)
  if (moved < 0) return moved
  const whole = new Uint8Array(moved)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

/** How many bytes can be stored in buffers, up to the first place where that is not allowed. */
export const usableLength = (state: CpuState, buffers: ReadonlyArray<UserBuffer>): number => {
  let total = 0
  for (const { address, length } of buffers) {
    const usable = accessible(state, address, length, Layout.PageFlag.write)
    total += usable
    if (usable < length) break
  }
  return Math.min(total, maxTransfer)
}

/** Stores bytes in buffers from their `start`th byte on; there is room for them. */
export const scatter = (state: CpuState, buffers: ReadonlyArray<UserBuffer>, bytes: Uint8Array, start: number): void => {
  let before = 0
  let done = 0
  for (const { address, length } of buffers) {
    const skip = Math.max(0, start + done - before)
    const part = bytes.subarray(done, done + Math.max(0, length - skip))
    writable(state, address + skip, part.length)?.set(part)
    done += part.length
    before += length
    if (done === bytes.length) return
  }
}

/** Copies bytes to guest memory: 0 or -EFAULT. */
export const putBytes = (state: CpuState, address: number, bytes: Uint8Array): number => {
  const target = writable(state, address, bytes.length)
  if (target === undefined) return -Errno.EFAULT
  target.set(bytes)
  return 0
}

/** Writes 64-bit words, one behind the other: 0 or -EFAULT. */
export const putWords = (state: CpuState, address: number, words: ReadonlyArray<bigint>): number => {
  if (writable(state, address, words.length * 8) === undefined) return -Errno.EFAULT
  words.forEach((word, i) => state.view.setBigUint64(address + 8 * i, BigInt.asUintN(64, word), true))
  return 0
}

/** Reads 64-bit words (signed): undefined where they aren't readable. */
export const getWords = (state: CpuState, address: number, count: number): Array<bigint> | undefined => {
  if (readable(state, address, count * 8) === undefined) return undefined
  return Array.from({ length: count }, (_, i) => state.view.getBigInt64(address + 8 * i, true))
}

/** Writes a 32-bit integer: 0 or -EFAULT. */
export const putInt = (state: CpuState, address: number, value: number): number => {
  if (writable(state, address, 4) === undefined) return -Errno.EFAULT
  state.view.setInt32(address, value, true)
  return 0
}

/** Reads a 32-bit integer: undefined where it isn't readable. */
export const getInt = (state: CpuState, address: number): number | undefined =>
  readable(state, address, 4) === undefined ? undefined : state.view.getInt32(address, true)
