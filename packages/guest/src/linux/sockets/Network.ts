/** The network of a run: what its processes have in common, and how far it goes. */
import type { HostEndpoint, HostInterface, HostNetworkShape } from "../../HostNetwork.ts"
import { Errno } from "../kernel/errno.ts"
import { isLoopback } from "./address/ip.ts"
import type { Endpoint } from "./address/SocketAddress.ts"
import { PortTable } from "./inet/PortTable.ts"
import type { Socket } from "./Socket.ts"
import { UnixNames } from "./unix/UnixNames.ts"

/** How far the guest's network goes: to the host's, no further than the run's own processes, or nowhere (AF_UNIX alone is left). */
export const networkModes = ["host", "inside", "none"] as const
export type NetworkMode = (typeof networkModes)[number]

/** A port of a closed network that the host may use. */
export interface Published {
  readonly protocol: "tcp" | "udp"
  /** Where on the host. */
  readonly host: HostEndpoint
  readonly guestPort: number
}

export interface NetworkOptions {
  readonly mode: NetworkMode
  /** Ports of the host that lead to ports of the guest, where the network is closed. */
  readonly published: ReadonlyArray<Published>
}

/** The network where nothing else is asked for. */
export const defaultNetwork: NetworkOptions = { mode: "host", published: [] }

/** The one interface of a network that is closed. */
const loopback: HostInterface = {
  name: "lo",
  mac: new Uint8Array(6),
  isLoopback: true,
  addresses: [
    { ip: "127.0.0.1", prefix: 8, scope: 0 },
    { ip: "::1", prefix: 128, scope: 0 }
  ]
}

export class Network {
  readonly mode: NetworkMode
  readonly tcp = new PortTable<Socket>((socket) => !socket.listens)
  readonly udp = new PortTable<Socket>(() => true)
  readonly unix = new UnixNames()
  readonly #options: NetworkOptions
  readonly #host: HostNetworkShape | undefined
  readonly #warn: (line: string) => void
  #hasWarned = false

  /** @param host the host's network, if it has one */
  constructor(options: NetworkOptions, host: HostNetworkShape | undefined, warn: (line: string) => void) {
    // without a network of the host there is only the inside
    this.mode = options.mode === "host" && host === undefined ? "inside" : options.mode
    this.#options = options
    this.#host = host
    this.#warn = warn
  }

  /** The host's network, where the guest may use it. */
  get outside(): HostNetworkShape | undefined {
    return this.mode === "host" ? this.#host : undefined
  }

  /** Where on the host a port of a closed network is published, and with what. */
  published(protocol: Published["protocol"], port: number) {
    if (this.mode !== "inside" || this.#host === undefined) return undefined
    const found = this.#options.published.find((rule) => rule.protocol === protocol && rule.guestPort === port)
    return found === undefined ? undefined : { network: this.#host, at: found.host }
  }

  get interfaces(): ReadonlyArray<HostInterface> {
    return this.outside?.interfaces() ?? [loopback]
  }

  /** An address that is not the guest's cannot be reached: -ENETUNREACH, and the user learns which option is to blame. */
  unreachable({ ip, port }: Endpoint): number {
    this.refused(`${ip.includes(":") ? `[${ip}]` : ip}:${port}`)
    return -Errno.ENETUNREACH
  }

  /** Tells the user, once, that something was refused because the network is closed. */
  refused(what: string): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    const why =
      this.#options.mode === "host" ? "this host has no network" : `--net ${this.mode} keeps it closed; --net host opens it`
    this.#warn(`the guest's network does not reach ${what}: ${why}`)
  }

  /** Whether the guest itself has an address. */
  hasAddress(ip: string): boolean {
    return isLoopback(ip) || this.interfaces.some(({ addresses }) => addresses.some((address) => address.ip === ip))
  }
}
