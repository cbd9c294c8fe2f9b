/** Facts about the host machine and user that the guest's kernel reports. */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"

/** Ids of a process. */
export interface Identity {
  readonly pid: number
  readonly ppid: number
  readonly uid: number
  readonly euid: number
  readonly gid: number
  readonly egid: number
}

/** The host. Sizes are bytes, times seconds. */
export interface HostInfoShape {
  /** Whose ids the first process of a guest has, unless the run says otherwise. */
  readonly identity: Identity
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
  /** Fills the bytes with entropy. */
  readonly fillRandom: (bytes: Uint8Array) => void
}

/** Web Crypto refuses shared memory and more than 64 KiB at once, so a copy in between. */
const fillFromWebCrypto = (bytes: Uint8Array): void => {
  for (let at = 0; at < bytes.length; at += 65536) {
    bytes.set(crypto.getRandomValues(new Uint8Array(Math.min(65536, bytes.length - at))), at)
  }
}

/** A small machine, for browsers and tests. */
export const portableInfo: HostInfoShape = {
  identity: { pid: 100, ppid: 1, uid: 0, euid: 0, gid: 0, egid: 0 },
  groups: [],
  nodeName: "localhost",
  version: "#1 SMP",
  cpus: 1,
  totalMemory: 2 ** 32,
  freeMemory: () => 2 ** 31,
  uptime: () => performance.now() / 1000,
  loadAverage: () => [0, 0, 0],
  maxResidentBytes: () => 2 ** 26,
  fillRandom: fillFromWebCrypto
}

export class HostInfo extends Context.Service<HostInfo, HostInfoShape>()("@emu/guest/HostInfo") {
  static readonly portable = Layer.succeed(HostInfo)(portableInfo)
}
