/** The name that a socket of AF_UNIX is bound to, if it is (unix(7)). */
import { Errno } from "../../kernel/errno.ts"
import { type SocketAddress, type UnixName, unnamed } from "../address/SocketAddress.ts"
import type { Network } from "../Network.ts"
import type { Caller, Socket } from "../Socket.ts"

export class BoundName {
  #name: UnixName = unnamed
  #free: (() => void) | undefined

  /** Whether the socket was bound. */
  get isBound(): boolean {
    return this.#free !== undefined
  }

  get address(): SocketAddress {
    return { family: "unix", name: this.#name }
  }

  /** Binds the socket, which it may be only once: 0 or a negative errno. */
  bind(network: Network, socket: Socket, address: SocketAddress, by: Caller): number {
    if (address.family !== "unix" || this.isBound) return -Errno.EINVAL
    const bound = network.unix.bind(socket, address.name, by)
    if (typeof bound === "number") return bound
    this.#name = bound.name
    this.#free = bound.free
    return 0
  }

  /** The socket is gone: others may have its name. */
  free(): void {
    this.#free?.()
  }
}
