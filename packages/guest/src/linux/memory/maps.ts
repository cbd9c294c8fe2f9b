/** The text of /proc/self/maps. */
import { Prot } from "./Prot.ts"
import type { Region } from "./Region.ts"

const hex = (value: number | bigint, digits: number): string => value.toString(16).padStart(digits, "0")

/** The regions as lines of /proc/self/maps (proc(5)). Addresses have no leading zeros, as QEMU prints them. */
export const mapsText = (regions: ReadonlyArray<Region>): string => regions.map(line).join("")

const line = (region: Region): string => {
  const perms =
    (region.prot & Prot.read ? "r" : "-") +
    (region.prot & Prot.write ? "w" : "-") +
    (region.prot & Prot.exec ? "x" : "-") +
    (region.shared ? "s" : "p")
  const device = region.file?.device ?? 0n
  const major = (device >> 8n) & 0xfffn
  const minor = (device & 0xffn) | ((device >> 12n) & 0xfff00n)
  const range = `${hex(region.start, 1)}-${hex(region.end, 1)}`
  const facts = `${range} ${perms} ${hex(region.offset, 8)} ${hex(major, 2)}:${hex(minor, 2)} ${region.file?.inode ?? 0n}`
  const name = region.file?.path ?? region.name
  // Linux pads only lines that have a name; padding all, as QEMU does, makes guests that scan them run as many instructions.
  return `${facts.padEnd(72)} ${name}\n`
}
