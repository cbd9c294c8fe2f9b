/** Facts about the host machine and user that the guest's kernel reports. */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"

/** The host. Sizes are bytes, times seconds. */
export interface HostInfoShape {
  readonly groups: ReadonlyArray<number>
  readonly nodeName: string
  /** Version text of uname (`#1 SMP ...`). */
  readonly version: string
  readonly cpus: number
  readonly totalMemory: number
  readonly freeMemory: () => number
  readonly uptime: () => number
  /** Load averages of 1, 5 and 15 minutes. */
  readonly loadAverage: () => readonly [number, number, number]
  readonly maxResidentBytes: () => number
}

/** A small machine, for browsers and tests. */
export const portableInfo: HostInfoShape = {
  groups: [],
  nodeName: "localhost",
  version: "#1 SMP",
  cpus: 1,
  totalMemory: 2 ** 32,
  freeMemory: () => 2 ** 31,
  uptime: () => performance.now() / 1000,
  loadAverage: () => [0, 0, 0],
  maxResidentBytes: () => 2 ** 26
}

export class HostInfo extends Context.Service<HostInfo, HostInfoShape>()("@emu/guest/HostInfo") {
  static readonly portable = Layer.succeed(HostInfo)(portableInfo)
}
