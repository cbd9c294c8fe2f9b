/** Connected sockets within the guest (socketpair). */
import type { HostStat } from "../../../HostFs.ts"
import { O, POLL, S } from "../constants.ts"
import { OpenFile, syntheticStat } from "./OpenFile.ts"
import { PipeBuffer } from "./PipeBuffer.ts"
import { WaitQueue } from "./WaitQueue.ts"

/** Types of socket. */
export const SOCK = { STREAM: 1, DGRAM: 2, SEQPACKET: 5 } as const

/** One of two connected AF_UNIX sockets. */
export class PairedSocket extends OpenFile {
  readonly type: number
  readonly #incoming: PipeBuffer
  readonly #outgoing: PipeBuffer
  readonly #ino: bigint
  #readShut = false
  #writeShut = false

  constructor(type: number, incoming: PipeBuffer, outgoing: PipeBuffer, waiters: WaitQueue, ino: bigint, flags: number) {
    super(O.RDWR | flags, waiters)
    this.type = type
    this.#incoming = incoming
    this.#outgoing = outgoing
    this.#ino = ino
    incoming.readers++
    outgoing.writers++
  }

  override get stream(): boolean {
    return this.type === SOCK.STREAM
  }

  override name(): string {
    return `socket:[${this.#ino}]`
  }

  override stat(): HostStat {
    return syntheticStat(S.IFSOCK | 0o777, this.#ino)
  }

  override read(into: Uint8Array): number {
    return this.receive(into, false)
  }

  /** As `read`; `peek` (MSG_PEEK) leaves the bytes in. */
  receive(into: Uint8Array, peek: boolean): number {
    return this.#readShut ? 0 : this.#incoming.read(into, peek)
  }

  override write(from: Uint8Array): number {
    return this.#outgoing.write(from)
  }

  override poll(): number {
    const incoming = this.#readShut ? POLL.IN | POLL.RDNORM | POLL.RDHUP : this.#incoming.pollRead()
    const closed = (incoming & POLL.HUP) !== 0
    const hangup = closed ? POLL.IN | POLL.RDNORM | POLL.RDHUP : 0
    const both = closed && this.#outgoing.readers === 0 ? POLL.HUP : 0
    return (incoming & ~POLL.HUP) | hangup | both | (this.#outgoing.pollWrite() & ~POLL.ERR)
  }

  override available(): number {
    return this.#incoming.size
  }

  /** Ends receiving, sending, or both: `how` is SHUT_RD 0, SHUT_WR 1 or SHUT_RDWR 2. */
  shutdown(how: number): void {
    if (how !== 1) this.#shutRead()
    if (how !== 0) this.#shutWrite()
  }

  protected override dispose(): void {
    this.shutdown(2)
  }

  #shutRead(): void {
    if (this.#readShut) return
    this.#readShut = true
    this.#incoming.readers--
    this.waiters.wake()
  }

  #shutWrite(): void {
    if (this.#writeShut) return
    this.#writeShut = true
    this.#outgoing.writers--
    this.waiters.wake()
  }
}

/** Makes two connected sockets of a `SOCK` type. */
export const makeSocketPair = (type: number, flags: number, ino: bigint): readonly [PairedSocket, PairedSocket] => {
  const waiters = new WaitQueue()
  const packets = type !== SOCK.STREAM
  const there = new PipeBuffer(waiters, packets, 212992)
  const back = new PipeBuffer(waiters, packets, 212992)
  return [
    new PairedSocket(type, back, there, waiters, ino, flags),
    new PairedSocket(type, there, back, waiters, ino + 1n, flags)
  ]
}
