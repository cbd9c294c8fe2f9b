/** Connections between processes of the run. */
import { POLL } from "../../files/constants.ts"
import { WaitQueue } from "../../files/open/WaitQueue.ts"
import { Errno } from "../../kernel/errno.ts"
import type { SocketAddress } from "../address/SocketAddress.ts"
import { maxBuffer, SOL_SOCKET } from "../constants.ts"
import type { Credentials } from "../message/Ancillary.ts"
import { MessageQueue, type Received } from "../message/MessageQueue.ts"
import { SO } from "../options/optionTable.ts"
import type { OptionValues } from "../options/OptionValues.ts"
import type { ReceiveRequest, SendRequest } from "../Socket.ts"
import type { Link } from "./Link.ts"

/** What one end is made from. */
export interface LinkEnd {
  readonly address: SocketAddress
  readonly credentials: Credentials | undefined
  readonly waiters: WaitQueue
}

const inBits = POLL.IN | POLL.RDNORM
const outBits = POLL.OUT | POLL.WRNORM

export class InsideLink implements Link {
  readonly waiters: WaitQueue
  readonly local: SocketAddress
  options: OptionValues | undefined
  readonly #self: LinkEnd
  /** Whether a loss of data is told as TCP tells it: by a reset. */
  readonly #resets: boolean
  readonly #incoming: MessageQueue
  #peer!: InsideLink
  #readShut = false
  #writeShut = false
  #closed = false
  /** This end has closed and told the other one that something is lost. */
  #hasReset = false
  #error = 0
  /** A write of so many bytes has found no room: whoever makes some says so. 0 for none. */
  #wants = 0

  private constructor(self: LinkEnd, isStream: boolean, resets: boolean) {
    this.#self = self
    this.waiters = self.waiters
    this.local = self.address
    this.#resets = resets
    this.#incoming = new MessageQueue(isStream, maxBuffer)
  }

  /**
   * Makes both ends.
   *
   * @param isStream whether bytes run together, or messages stay apart
   * @param resets whether what an end did not read when it closed is told to the other one by ECONNRESET, as TCP does
   */
  static pair(one: LinkEnd, other: LinkEnd, isStream: boolean, resets: boolean): readonly [InsideLink, InsideLink] {
    const first = new InsideLink(one, isStream, resets)
    const second = new InsideLink(other, isStream, resets)
    first.#peer = second
    second.#peer = first
    return [first, second]
  }

  get remote(): SocketAddress {
    return this.#peer.local
  }

  get peerCredentials(): Credentials | undefined {
    return this.#peer.#self.credentials
  }

  receive({ into, peek }: ReceiveRequest): Received | number {
    const received = into.length === 0 && this.#incoming.isStream ? undefined : this.#incoming.read(into, peek)
    if (received === undefined) {
      const error = this.takeError()
      if (error !== 0) return -error
      return this.#isAtEnd || (into.length === 0 && this.#incoming.size > 0) ? { count: 0, length: 0 } : -Errno.EAGAIN
    }
    if (!peek) this.#peer.#madeRoom()
    return this.#sender === undefined ? received : { ...received, from: this.#sender }
  }

  /** The name of the other end, where messages show it: that of an AF_UNIX socket. */
  get #sender(): SocketAddress | undefined {
    const { remote } = this
    return remote.family === "unix" && remote.name.kind !== "unnamed" ? remote : undefined
  }

  send({ ancillary, bytes, by }: SendRequest): number {
    if (this.#error !== 0) return -this.takeError()
    const peer = this.#peer
    const queue = peer.#incoming
    queue.capacity = this.options?.get(SOL_SOCKET, SO.SNDBUF) ?? maxBuffer
    if (this.#writeShut || this.#isUnread) return this.#lost(bytes.length)
    if (!queue.isStream && bytes.length > queue.capacity) return -Errno.EMSGSIZE
    if (queue.isStream && bytes.length === 0) return 0
    if (queue.isStream ? queue.room === 0 : !queue.takes(bytes.length)) {
      this.#wants = bytes.length
      return -Errno.EAGAIN
    }
    const part = queue.isStream ? bytes.subarray(0, queue.room) : bytes
    if (part.length < bytes.length) this.#wants = bytes.length - part.length
    queue.push({ bytes: part, ancillary: ancillary ?? { files: [], credentials: by.credentials } })
    peer.waiters.wake(inBits)
    return part.length
  }

  /** Whether nobody will read what is written. TCP does not tell the other end that reading was shut down. */
  get #isUnread(): boolean {
    return this.#resets ? this.#peer.#closed : this.#peer.#readShut
  }

  /** A write that nobody will read. TCP hears of that only by the answer to the first one. */
  #lost(length: number): number {
    const peer = this.#peer
    if (!this.#resets || this.#writeShut || peer.#hasReset) return -Errno.EPIPE
    peer.#hasReset = true
    this.#error = Errno.EPIPE
    this.waiters.wake()
    return length
  }

  poll(): number {
    const end = this.#isAtEnd
    const input = !this.#incoming.isEmpty || end ? inBits : 0
    const ended = end ? POLL.RDHUP : 0
    const isOver = this.#writeShut || this.#peer.#hasReset || (!this.#resets && this.#peer.#closed)
    const error = this.#error !== 0 ? POLL.ERR : 0
    return input | ended | (end && isOver ? POLL.HUP : 0) | error | (this.#hasRoom ? outBits : 0)
  }

  get #hasRoom(): boolean {
    const queue = this.#peer.#incoming
    if (this.#writeShut || this.#isUnread) return true
    // as TCP has it, a third of the room is worth a word
    return queue.isStream ? queue.room * 3 >= queue.capacity : queue.takes(Math.max(1, this.#wants))
  }

  get #isAtEnd(): boolean {
    return this.#readShut || this.#peer.#writeShut
  }

  available(): number {
    return this.#incoming.isStream ? this.#incoming.size : this.#incoming.firstLength
  }

  unsent(): number {
    return this.#peer.#incoming.size
  }

  shutdownRead(): void {
    if (this.#readShut) return
    this.#readShut = true
    this.waiters.wake()
    this.#peer.waiters.wake()
  }

  shutdownWrite(): void {
    if (this.#writeShut) return
    this.#writeShut = true
    this.waiters.wake()
    this.#peer.waiters.wake()
  }

  close(abort: boolean): void {
    if (this.#closed) return
    const isReset = abort || !this.#incoming.isEmpty
    this.#closed = true
    this.#incoming.clear()
    this.#readShut = true
    this.#writeShut = true
    if (isReset && !this.#peer.#closed) this.#peer.#error = Errno.ECONNRESET
    this.#hasReset = isReset
    this.#peer.waiters.wake()
  }

  takeError(): number {
    const error = this.#error
    this.#error = 0
    return error
  }

  #madeRoom(): void {
    if (this.#wants === 0 || !this.#hasRoom) return
    this.#wants = 0
    this.waiters.wake(outBits)
  }
}
