/** What all sockets have in common: an open file with addresses and options, which sends and receives messages. */
import type * as Effect from "effect/Effect"
import type { HostStat } from "../../HostFs.ts"
import { O, POLL, S } from "../files/constants.ts"
import { OpenFile, syntheticStat } from "../files/open/OpenFile.ts"
import type { WaitQueue } from "../files/open/WaitQueue.ts"
import { Errno } from "../kernel/errno.ts"
import type { SocketAddress } from "./address/SocketAddress.ts"
import { type Ancillary, type Credentials, discard, nobody } from "./message/Ancillary.ts"
import type { Received } from "./message/MessageQueue.ts"
import { OptionValues } from "./options/OptionValues.ts"
import type { SocketKind } from "./SocketKind.ts"
import { AF, SOCK } from "./constants.ts"

/** 0, a value or a negative errno; an Effect of it where the host has to be asked. */
export type Answer = number | Effect.Effect<number>

/** On whose behalf a call is made. */
export interface Caller {
  readonly credentials: Credentials
  /** Makes a file that stands for a socket: what tells it apart from others, or a negative errno. */
  readonly makeFile: (path: string) => string | number
  /** Finds such a file. */
  readonly findFile: (path: string) => FoundFile | number
}

/** A file that stands for a socket, and where the host has it. */
export interface FoundFile {
  readonly identity: string
  readonly hostPath: string
}

/** What is to be received. */
export interface ReceiveRequest {
  readonly into: Uint8Array
  /** MSG_PEEK: it stays there. */
  readonly peek: boolean
}

/** What is to be sent. */
export interface SendRequest {
  /** The receiver may keep them. */
  readonly bytes: Uint8Array
  readonly to: SocketAddress | undefined
  readonly ancillary: Ancillary | undefined
  readonly by: Caller
}

const noCaller: Caller = { credentials: nobody, makeFile: () => -Errno.EACCES, findFile: () => -Errno.EACCES }

export abstract class Socket extends OpenFile {
  readonly kind: SocketKind
  readonly ino: bigint
  readonly options: OptionValues
  /** An error that the next call tells (SO_ERROR): positive, 0 for none. */
  error = 0

  constructor(kind: SocketKind, ino: bigint, flags: number, waiters?: WaitQueue) {
    super(O.RDWR | flags, waiters)
    this.kind = kind
    this.ino = ino
    this.options = new OptionValues(kind)
  }

  override get stream(): boolean {
    return this.kind.type === SOCK.STREAM
  }

  override name(): string {
    return `socket:[${this.ino}]`
  }

  override stat(): HostStat {
    return syntheticStat(S.IFSOCK | 0o777, this.ino)
  }

  override read(into: Uint8Array): number {
    const received = this.receive({ into, peek: false })
    if (typeof received === "number") return received
    discard(received.ancillary)
    return received.count
  }

  override write(from: Uint8Array): number {
    return this.send({ bytes: from.slice(), to: undefined, ancillary: undefined, by: this.owner })
  }

  /** How long calls on it wait, in nanoseconds; undefined for ever. */
  override timeout(events: number): bigint | undefined {
    return (events & POLL.OUT) !== 0 ? this.options.sendTimeout : this.options.receiveTimeout
  }

  /** In whose name read(2) and write(2) are done, which name nobody. */
  owner: Caller = noCaller

  /** Who is at the other end (SO_PEERCRED), as far as it is known. */
  get peerCredentials(): Credentials | undefined {
    return undefined
  }

  /** Gives it an address. */
  abstract bind(address: SocketAddress, by: Caller): Answer

  /** Lets connections come in. */
  listen(_backlog: number, _by: Caller): Answer {
    return -Errno.EOPNOTSUPP
  }

  /** Whether connections may come in (SO_ACCEPTCONN). */
  get listens(): boolean {
    return false
  }

  /** Takes a connection: a new socket with the flags given, -EAGAIN where none waits. */
  accept(_flags: number): Socket | number {
    return -Errno.EOPNOTSUPP
  }

  /** Connects, or begins to: -EINPROGRESS where that takes time. Then it can be written to as soon as it is done; `connect` again tells how. */
  abstract connect(address: SocketAddress, by: Caller): Answer

  /** Its own address. */
  abstract get local(): SocketAddress

  /** That at the other end, or -ENOTCONN. */
  abstract get peer(): SocketAddress | number

  /** Takes what has come: -EAGAIN where that is nothing, no bytes at the end of a stream. */
  abstract receive(request: ReceiveRequest): Received | number

  /** Sends: the bytes taken, or a negative errno, -EAGAIN where there is no room. What went along was taken with the first byte. */
  abstract send(request: SendRequest): number

  /** Ends receiving, sending, or both: 0 or a negative errno. `how` is one of `SHUT`. */
  abstract shutdown(how: number): number

  /** Sets an option of a protocol of its own: 0 or a negative errno. */
  setOther(_level: number, _name: number, _value: Uint8Array): number {
    return this.kind.family === AF.UNIX ? -Errno.EOPNOTSUPP : -Errno.ENOPROTOOPT
  }

  /** Takes the error that waits, as a negative errno; 0 for none. */
  takeError(): number {
    const error = this.error
    this.error = 0
    return error === 0 ? 0 : -error
  }
}
