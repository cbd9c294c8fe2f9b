/** The program break. */
import * as Layout from "@emu/tcg/Layout"
import { type AddressSpace, pageUp } from "./AddressSpace.ts"
import { Prot } from "./Prot.ts"

/**
 * brk(2) as the kernel has it: moves the break and gives the new one, exactly as asked for, or the old one where the request
 * cannot be met (below the start, into another mapping, out of memory).
 */
export const brk = (space: AddressSpace, wanted: number): number => {
  if (wanted < space.breakStart || wanted > Layout.guestEnd) return space.breakEnd
  const oldEnd = pageUp(space.breakEnd)
  const newEnd = pageUp(wanted)
  if (newEnd > oldEnd) {
    if (!space.regions.isFree(oldEnd, newEnd) || !space.makeRoom(oldEnd, newEnd)) return space.breakEnd
    space.map(oldEnd, newEnd, { prot: Prot.read | Prot.write, name: "[heap]" })
  } else if (newEnd < oldEnd) {
    space.unmap(newEnd, oldEnd)
  }
  space.breakEnd = wanted
  return wanted
}
