/** Which ports of a protocol are taken, and by whom. */
import { isFour, isWildcard } from "../address/ip.ts"
import type { Endpoint } from "../address/SocketAddress.ts"

/** What a socket has taken. */
export interface Bound<S> {
  readonly endpoint: Endpoint
  readonly socket: S
  /** An IPv6 address that means IPv6 only. */
  readonly isSixOnly: boolean
  readonly reusesAddress: boolean
  readonly reusesPort: boolean
}

/** Ports given to who asks for none (net.ipv4.ip_local_port_range). */
const firstFree = 32768
const lastFree = 60999

/**
 * Ports of one protocol.
 *
 * @typeParam S the sockets
 */
export class PortTable<S extends object> {
  readonly #bound = new Map<number, ReadonlyArray<Bound<S>>>()
  /** Whether SO_REUSEADDR lets two sockets share a port while this one has it: not where one listens. */
  readonly #mayShare: (socket: S) => boolean
  #next = firstFree

  constructor(mayShare: (socket: S) => boolean) {
    this.#mayShare = mayShare
  }

  /** Whether an address and port can be taken. */
  isFree(wanted: Bound<S>): boolean {
    return !this.#at(wanted.endpoint.port).some((other) => overlaps(wanted, other) && !this.#shares(wanted, other))
  }

  add(bound: Bound<S>): void {
    const { port } = bound.endpoint
    this.#bound.set(port, [...this.#at(port), bound])
  }

  remove(socket: S, port: number): void {
    const left = this.#at(port).filter((bound) => bound.socket !== socket)
    if (left.length === 0) this.#bound.delete(port)
    else this.#bound.set(port, left)
  }

  /** A port that nobody has, by turns; undefined where all are taken. */
  freePort(): number | undefined {
    for (let tries = firstFree; tries <= lastFree; tries++) {
      const port = this.#next
      this.#next = port === lastFree ? firstFree : port + 1
      if (!this.#bound.has(port)) return port
    }
    return undefined
  }

  /** Sockets that what is sent to an address and port reaches, those with just that address first. */
  reached({ ip, port }: Endpoint): ReadonlyArray<S> {
    const all = this.#at(port)
    const exact = all.filter(({ endpoint }) => endpoint.ip === ip)
    const others = all.filter(
      ({ endpoint, isSixOnly }) =>
        (isWildcard(endpoint.ip) && isFour(endpoint.ip) === isFour(ip)) || (endpoint.ip === "::" && !isSixOnly && isFour(ip))
    )
    return [...exact, ...others].map(({ socket }) => socket)
  }

  #at(port: number): ReadonlyArray<Bound<S>> {
    return this.#bound.get(port) ?? []
  }

  #shares(one: Bound<S>, other: Bound<S>): boolean {
    if (one.reusesPort && other.reusesPort) return true
    return one.reusesAddress && other.reusesAddress && this.#mayShare(one.socket) && this.#mayShare(other.socket)
  }
}

const overlaps = (one: Bound<object>, other: Bound<object>): boolean => {
  const [first, second] = [one.endpoint.ip, other.endpoint.ip]
  if (isFour(first) !== isFour(second)) {
    const six = isFour(first) ? other : one
    // an IPv6 socket bound to every address has the IPv4 ones as well
    return six.endpoint.ip === "::" && !six.isSixOnly
  }
  return first === second || isWildcard(first) || isWildcard(second)
}
