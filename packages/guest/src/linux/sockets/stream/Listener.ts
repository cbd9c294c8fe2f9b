/** Connections that wait to be accepted. */
import { SOMAXCONN } from "../constants.ts"
import type { WaitQueue } from "../../files/open/WaitQueue.ts"
import { POLL } from "../../files/constants.ts"
import type { Link } from "./Link.ts"

/** Somebody who connects while no place is free. */
interface Comer {
  /** Makes the connection: the listener's end; undefined where the comer has gone. */
  readonly enter: () => Link | undefined
  /** The listener has gone. */
  readonly refuse: () => void
}

export class Listener {
  readonly #waiters: WaitQueue
  #backlog = 0
  readonly #connected: Array<Link> = []
  readonly #comers: Array<Comer> = []
  /** Closes what the host listens on for it. */
  onClose: (() => void) | undefined
  closed = false

  constructor(waiters: WaitQueue, backlog: number) {
    this.#waiters = waiters
    this.resize(backlog)
  }

  /** Sets how many connections wait beside one (listen(2)). */
  resize(backlog: number): void {
    this.#backlog = backlog < 0 || backlog > SOMAXCONN ? SOMAXCONN : backlog
    this.#admit()
  }

  get isEmpty(): boolean {
    return this.#connected.length === 0
  }

  get isFull(): boolean {
    return this.#connected.length > this.#backlog
  }

  /** Lets somebody connect now, if there is a place, or as soon as there is one. */
  enter(comer: Comer): void {
    this.#comers.push(comer)
    this.#admit()
  }

  /** A connection that exists already, such as one that the host has accepted: there is always a place. */
  add(link: Link): void {
    this.#connected.push(link)
    this.#waiters.wake(POLL.IN | POLL.RDNORM)
  }

  /** Takes the connection that waits longest; undefined for none. */
  take(): Link | undefined {
    const link = this.#connected.shift()
    if (link !== undefined) this.#admit()
    return link
  }

  close(): void {
    this.closed = true
    this.onClose?.()
    for (const comer of this.#comers.splice(0)) comer.refuse()
    for (const link of this.#connected.splice(0)) link.close(true)
  }

  #admit(): void {
    while (!this.isFull) {
      const comer = this.#comers.shift()
      if (comer === undefined) return
      const link = comer.enter()
      if (link !== undefined) this.add(link)
    }
  }
}
