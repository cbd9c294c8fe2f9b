/** Access to guest memory by the kernel: every function checks the page table, and none throws. */
import * as Layout from "@emu/tcg/Layout"
import type { CpuState } from "@emu/tcg/CpuState"

const decoder = new TextDecoder()

/** Whether a page allows what flags say, once it has been got from where it is. */
export const permits = (state: CpuState, page: number, flags: number): boolean =>
  (state.pageTable[page]! & flags) === flags || state.bringIn(page, flags)

/** Whether every byte of the range is mapped with all the given permissions (`Layout.PageFlag` bits). */
export const allowed = (state: CpuState, address: number, length: number, flags: number): boolean => {
  if (length === 0) return true
  const end = address + length
  if (!(address >= 0 && end <= Layout.guestEnd)) return false
  for (let page = Math.floor(address / 4096); page < end / 4096; page++) {
    if (!permits(state, page, flags)) return false
  }
  return true
}

/** A view of readable guest bytes, or undefined (EFAULT). The view is live: copy what outlasts the call. */
export const readable = (state: CpuState, address: number, length: number): Uint8Array<ArrayBufferLike> | undefined =>
  allowed(state, address, length, Layout.PageFlag.read) ? state.u8.subarray(address, address + length) : undefined

/** A view of writable guest bytes, or undefined (EFAULT). */
export const writable = (state: CpuState, address: number, length: number): Uint8Array<ArrayBufferLike> | undefined =>
  allowed(state, address, length, Layout.PageFlag.write) ? state.u8.subarray(address, address + length) : undefined

/** The zero-terminated string at an address, or undefined (EFAULT). At most `limit` bytes are looked at. */
export const readString = (state: CpuState, address: number, limit = 4096): string | undefined => {
  const bytes = readStringBytes(state, address, limit)
  return bytes === undefined ? undefined : decoder.decode(bytes)
}

/** As `readString`, undecoded, without the terminator. */
export const readStringBytes = (state: CpuState, address: number, limit = 4096): Uint8Array<ArrayBuffer> | undefined => {
  let at = address
  for (; at - address < limit; at++) {
    if ((at === address || (at & 0xfff) === 0) && !allowed(state, at, 1, Layout.PageFlag.read)) return undefined
    if (state.u8[at] === 0) return state.u8.slice(address, at)
  }
  return undefined
}
