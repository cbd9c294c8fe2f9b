/** What the options of a socket are set to. */
import { Errno } from "../../kernel/errno.ts"
import { IPPROTO, SOL_SOCKET } from "../constants.ts"
import { numberOptions, optionKey, SO, TCP_NODELAY } from "./optionTable.ts"
import type { SocketKind } from "../SocketKind.ts"

/** SO_LINGER: whether closing waits until everything is sent, and how long. */
export interface Linger {
  readonly isOn: boolean
  readonly seconds: number
}

export class OptionValues {
  readonly #kind: SocketKind
  readonly #numbers = new Map<number, number>()
  linger: Linger = { isOn: false, seconds: 0 }
  /** Nanoseconds; undefined for ever. */
  receiveTimeout: bigint | undefined
  sendTimeout: bigint | undefined

  constructor(kind: SocketKind) {
    this.#kind = kind
  }

  /** Told after an option was set, where somebody has to act on it. */
  onChange: (() => void) | undefined

  get noDelay(): boolean {
    return this.get(IPPROTO.TCP, TCP_NODELAY) === 1
  }

  get keepAlive(): boolean {
    return this.has(SO.KEEPALIVE)
  }

  /** The value of an option; undefined where there is none that holds a number. */
  get(level: number, name: number): number | undefined {
    const key = optionKey(level, name)
    return this.#numbers.get(key) ?? numberOptions(this.#kind).get(key)?.initial
  }

  /** Sets an option: 0, or a negative errno. */
  set(level: number, name: number, value: number): number {
    const key = optionKey(level, level === SOL_SOCKET ? (aliases.get(name) ?? name) : name)
    const row = numberOptions(this.#kind).get(key)
    if (row === undefined) return -Errno.ENOPROTOOPT
    const stored = row.set(value)
    if (stored === undefined) return -Errno.EINVAL
    this.#numbers.set(key, stored)
    this.onChange?.()
    return 0
  }

  /** Whether an option of SOL_SOCKET is set. */
  has(name: number): boolean {
    return this.get(SOL_SOCKET, name) === 1
  }

  /** What a socket begins with that another one has accepted. */
  inherit(from: OptionValues): void {
    for (const [key, value] of from.#numbers) this.#numbers.set(key, value)
    this.linger = from.linger
    this.receiveTimeout = from.receiveTimeout
    this.sendTimeout = from.sendTimeout
  }
}

const aliases = new Map<number, number>([
  [SO.SNDBUFFORCE, SO.SNDBUF],
  [SO.RCVBUFFORCE, SO.RCVBUF]
])
