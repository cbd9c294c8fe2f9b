/** What kind of socket: an address family, a SOCK type, a protocol. */
export interface SocketKind {
  readonly family: number
  readonly type: number
  readonly protocol: number
}
