/** What two vCPUs and their memories differ in. */
import type { CpuState } from "../../CpuState.ts"
import { CpuSlot } from "../../Layout.ts"

/** One thing that is not the same on both sides: a state slot or eight bytes of memory, as unsigned 64-bit values. */
export interface StateDifference {
  /** Register, status or memory, to show. */
  readonly name: string
  /** Number of the slot; undefined for memory. */
  readonly slot: number | undefined
  /** Address of the eight bytes; undefined for slots. */
  readonly address: number | undefined
  /** Values of the first and the second side. */
  readonly values: readonly [bigint, bigint]
}

/** Slots behind the front end's that every engine keeps, and what they are called. */
const sharedSlots: ReadonlyArray<readonly [name: string, slot: number]> = [
  ["pc", CpuSlot.pc],
  ["floating-point flags", CpuSlot.fpFlags],
  ["rounding mode", CpuSlot.fpRound],
  ["instructions executed", CpuSlot.instructions],
  ["reserved address", CpuSlot.reserveAddress],
  ["reserved value", CpuSlot.reserveValue]
]

/**
 * The state slots in which two vCPUs differ.
 *
 * @param globals names of the front end's registers, from slot 0 on
 */
export const slotDifferences = (a: CpuState, b: CpuState, globals: ReadonlyArray<string>): Array<StateDifference> => {
  const found: Array<StateDifference> = []
  const compare = (name: string, slot: number) => {
    const values = [a.u64[slot]!, b.u64[slot]!] as const
    if (values[0] !== values[1]) found.push({ name, slot, address: undefined, values })
  }
  globals.forEach(compare)
  for (const [name, slot] of sharedSlots) compare(name, slot)
  return found
}

/** Bytes that are looked at in one step, in which nothing that differs is told apart. */
const stride = 4096

/**
 * Finds the next stretch of memory in which two sides differ.
 *
 * @param start where to begin, a multiple of 4096, as is `end`
 * @returns address of the first 4096 bytes that differ; `end` where none do
 */
export const nextDifferentPage = (a: CpuState, b: CpuState, start: number, end: number): number => {
  const x = a.i32
  const y = b.i32
  for (let page = start; page < end; page += stride) {
    const last = (page + stride) >>> 2
    let different = 0
    for (let i = page >>> 2; i < last; i += 4) {
      different |= (x[i]! ^ y[i]!) | (x[i + 1]! ^ y[i + 1]!) | (x[i + 2]! ^ y[i + 2]!) | (x[i + 3]! ^ y[i + 3]!)
    }
    if (different !== 0) return page
  }
  return end
}

/**
 * The first eight bytes, at a multiple of eight, in which two memories differ; undefined if there are none.
 *
 * @param start address, a multiple of eight, as is `end`
 */
export const memoryDifference = (a: CpuState, b: CpuState, start: number, end: number): StateDifference | undefined => {
  for (let address = start; address < end; address += 8) {
    if (address % stride === 0 && address + stride <= end) {
      address = nextDifferentPage(a, b, address, end - ((end - address) % stride))
      if (address >= end) return undefined
    }
    const values = [a.u64[address / 8]!, b.u64[address / 8]!] as const
    if (values[0] !== values[1]) {
      return { name: `memory at 0x${address.toString(16)}`, slot: undefined, address, values }
    }
  }
  return undefined
}
