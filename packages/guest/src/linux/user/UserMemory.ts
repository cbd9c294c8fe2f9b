/** Access to guest memory by the kernel: every function checks the page table, and none throws. */
import * as Layout from "@emu/tcg/Layout"
import type { CpuState } from "@emu/tcg/CpuState"

const decoder = new TextDecoder()

/** Whether a page allows what flags say, once it has been got from where it is. */
export const permits = (state: CpuState, page: number, flags: number): boolean =>
  ((state.pageTable[page] ?? 0) & flags) === flags || state.bringIn(page, flags)

/** Whether every byte of the range is mapped with all the given permissions (`Layout.PageFlag` bits). */
export const allowed = (state: CpuState, address: number, length: number, flags: number): boolean => {
  if (length === 0) return true
  const end = address + length
  if (!(address >= 0 && end <= Layout.userEnd)) return false
  for (let page = Math.floor(address / 4096); page < end / 4096; page++) {
    if (!permits(state, page, flags)) return false
  }
  return true
}

/** A view of guest bytes that `allowed` has been asked for; undefined where they cannot be brought together, as there is no room. */
export const bytesAt = (state: CpuState, address: number, length: number): Uint8Array<ArrayBufferLike> | undefined => {
  const at = state.place(address, length)
  return at < 0 ? undefined : state.u8.subarray(at, at + length)
}

/** A view of readable guest bytes, or undefined (EFAULT). The view is live: copy what outlasts the call. */
export const readable = (state: CpuState, address: number, length: number): Uint8Array<ArrayBufferLike> | undefined =>
  allowed(state, address, length, Layout.PageFlag.read) ? bytesAt(state, address, length) : undefined

/** A view of writable guest bytes, or undefined (EFAULT). */
export const writable = (state: CpuState, address: number, length: number): Uint8Array<ArrayBufferLike> | undefined =>
  allowed(state, address, length, Layout.PageFlag.write) ? bytesAt(state, address, length) : undefined

/** The zero-terminated string at an address, or undefined (EFAULT). At most `limit` bytes are looked at. */
export const readString = (state: CpuState, address: number, limit = 4096): string | undefined => {
  const bytes = readStringBytes(state, address, limit)
  return bytes === undefined ? undefined : decoder.decode(bytes)
}

/** As `readString`, undecoded, without the terminator. */
export const readStringBytes = (state: CpuState, address: number, limit = 4096): Uint8Array<ArrayBuffer> | undefined => {
  const length = stringLength(state, address, limit)
  return length === undefined || length === limit ? undefined : bytesAt(state, address, length)?.slice()
}

/** Bytes in front of the zero that ends a string, or `limit` where there is none among so many; undefined (EFAULT). */
export const stringLength = (state: CpuState, address: number, limit: number): number | undefined => {
  for (let done = 0; done < limit;) {
    const page = Math.floor((address + done) / Layout.pageSize)
    const count = Math.min((page + 1) * Layout.pageSize - address, limit) - done
    if (!allowed(state, address + done, 1, Layout.PageFlag.read)) return undefined
    const found = bytesAt(state, address + done, count)?.indexOf(0)
    if (found === undefined) return undefined
    if (found >= 0) return done + found
    done += count
  }
  return limit
}
