/** Character devices that the emulator provides itself: /dev/null, zero, full, random and urandom. */
import type { HostStat } from "../../../HostFs.ts"
import { Errno } from "../../kernel/errno.ts"
import type { Random } from "../../kernel/Random.ts"
import { openOnly, S } from "../constants.ts"
import { OpenFile, syntheticStat } from "./OpenFile.ts"

/** Minor numbers, under major number 1. */
export const devices = { null: 3, zero: 5, full: 7, random: 8, urandom: 9 } as const

/** Name of such a device. */
export type DeviceName = keyof typeof devices

/** Status of a device. */
export const deviceStat = (device: DeviceName): HostStat =>
  syntheticStat(S.IFCHR | 0o666, BigInt(devices[device]), { dev: 5n, rdev: BigInt(0x100 | devices[device]) })

/** An open device. */
export class DeviceFile extends OpenFile {
  readonly device: DeviceName
  readonly #random: Random

  constructor(device: DeviceName, flags: number, random: Random) {
    super(flags)
    this.device = device
    this.#random = random
  }

  override name(): string {
    return `/dev/${this.device}`
  }

  override stat(): HostStat {
    return deviceStat(this.device)
  }

  override reopen(flags: number): DeviceFile {
    return new DeviceFile(this.device, flags & ~openOnly, this.#random)
  }

  override read(into: Uint8Array): number {
    if (this.device === "null") return 0
    if (this.device === "random" || this.device === "urandom") this.#random.fill(into)
    else into.fill(0)
    return into.length
  }

  override write(from: Uint8Array): number {
    return this.device === "full" ? -Errno.ENOSPC : from.length
  }

  override pread(into: Uint8Array): number {
    return this.read(into)
  }

  override pwrite(from: Uint8Array): number {
    return this.write(from)
  }

  override seek(): number {
    return 0
  }
}
