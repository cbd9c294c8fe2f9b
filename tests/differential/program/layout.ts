/** Where a random program's parts are in its guest's memory. */
import { guestBase, guestEnd, pageSize } from "@emu/tcg/Layout"

/** Code: readable and executable. */
export const code = { start: 0x10000, end: 0x1a0000 } as const
/** Data: readable and writable, with holes before and behind. */
export const data = { start: 0x240000, end: 0x244000 } as const
/** A page of constants and jump tables that cannot be written, and a writable one behind it. */
export const constants = { start: 0x250000, end: 0x251000 } as const
export const behindConstants = { start: 0x251000, end: 0x252000 } as const
/** Stretches of pages next to each other that allow different things: `flags` says what, as letters. */
export const patches = [
  { start: 0x260000, end: 0x262000, flags: "rw" },
  { start: 0x262000, end: 0x263000, flags: "r" },
  { start: 0x263000, end: 0x264000, flags: "rw" },
  { start: 0x264000, end: 0x265000, flags: "w" },
  { start: 0x265000, end: 0x266000, flags: "" },
  { start: 0x266000, end: 0x26a000, flags: "rw" }
] as const
/** The first and the last page that a guest can have. */
export const firstPage = { start: guestBase, end: guestBase + pageSize } as const
export const lastPage = { start: guestEnd - pageSize, end: guestEnd } as const
export const stack = { start: 0x280000, end: 0x480000 } as const
/** Bytes after which addresses share a place in the JIT's table of entries. */
export const entryTableSpan = 0x80000
/** Constants are 64-bit words at the page's start; tables follow. */
export const constantCount = 64
/** The first ones are the same in every program: edges of 32 and 64 bits. */
export const fixedConstants = [
  -(2n ** 63n),
  -1n,
  -(2n ** 31n),
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 63n - 1n,
  2n ** 31n - 1n
]
/** From this one on they are in turn doubles and boxed singles of moderate size. */
export const usualConstants = 32
export const tables = constants.start + 8 * constantCount

/** Values of the registers with a role when a program begins. */
export const pointers: ReadonlyArray<readonly [register: number, value: number]> = [
  [2, stack.end - pageSize],
  [3, data.start + 0x2000],
  [4, data.end],
  [8, data.start + 0x1000],
  [9, data.end - 64],
  [27, constants.start]
]
