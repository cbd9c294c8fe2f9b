/** Which AF_UNIX socket has which name. */
import { Errno } from "../../kernel/errno.ts"
import type { UnixName } from "../address/SocketAddress.ts"
import type { Caller, Socket } from "../Socket.ts"

/** Names that sockets are given which ask for any: five hexadecimal digits (unix(7), autobind). */
const autobound = 0x10_0000

export class UnixNames {
  /** Sockets by what tells their file apart, and by abstract name. */
  readonly #files = new Map<string, Socket>()
  readonly #abstract = new Map<string, Socket>()
  #next = 0

  /** Gives a socket a name, or (unnamed) any abstract one: the name and how to take it back, or a negative errno. */
  bind(socket: Socket, wanted: UnixName, by: Caller): { readonly name: UnixName; readonly free: () => void } | number {
    if (wanted.kind === "path") {
      const identity = by.makeFile(wanted.path)
      if (typeof identity === "number") return identity
      this.#files.set(identity, socket)
      return { name: wanted, free: () => this.#forget(this.#files, identity, socket) }
    }
    const name = wanted.kind === "abstract" ? wanted.name : this.#anyName()
    if (name === undefined) return -Errno.ENOSPC
    if (this.#abstract.has(name)) return -Errno.EADDRINUSE
    this.#abstract.set(name, socket)
    return { name: { kind: "abstract", name }, free: () => this.#forget(this.#abstract, name, socket) }
  }

  /**
   * The socket that has a name: -ECONNREFUSED where nobody of the run has it, with the host's path of a file that stands for one.
   */
  find(name: UnixName, by: Caller): Socket | { readonly hostPath: string } | number {
    if (name.kind === "unnamed") return -Errno.EINVAL
    if (name.kind === "abstract") return this.#abstract.get(name.name) ?? -Errno.ECONNREFUSED
    const file = by.findFile(name.path)
    if (typeof file === "number") return file
    return this.#files.get(file.identity) ?? { hostPath: file.hostPath }
  }

  #forget(names: Map<string, Socket>, name: string, socket: Socket): void {
    if (names.get(name) === socket) names.delete(name)
  }

  #anyName(): string | undefined {
    for (let tries = 0; tries < autobound; tries++) {
      this.#next = (this.#next + 1) % autobound
      const name = this.#next.toString(16).padStart(5, "0")
      if (!this.#abstract.has(name)) return name
    }
    return undefined
  }
}
