/** Where a random program's parts are in its guest's memory. */
import { pageSize } from "@emu/tcg/Layout"

/** Code: readable and executable. */
export const code = { start: 0x10000, end: 0x30000 } as const
/** Data: readable and writable, with holes before and behind. */
export const data = { start: 0x40000, end: 0x44000 } as const
/** A page of constants and jump tables that cannot be written, and a writable one behind it. */
export const constants = { start: 0x50000, end: 0x51000 } as const
export const behindConstants = { start: 0x51000, end: 0x52000 } as const
export const stack = { start: 0x80000, end: 0x280000 } as const
/** Constants are 64-bit words at the page's start; tables follow. */
export const constantCount = 64
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
