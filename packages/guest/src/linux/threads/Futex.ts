/** Futexes: futex(2). Waiters are kept per address, in the order in which they came. */
import * as Effect from "effect/Effect"
import { Errno } from "../kernel/errno.ts"

interface Waiter {
  /** A wake with any of these bits is for it. */
  readonly bits: number
  /** Where it waits now: requeueing changes that. */
  address: number
  isWoken: boolean
  /** Set while a fiber waits. */
  resume: (() => void) | undefined
}

export const anyBits = 0xffff_ffff

export class Futex {
  readonly #waiters = new Map<number, Array<Waiter>>()

  /**
   * Queues the caller at once, so that no wake between its comparison of the value and the Effect's start is lost. The
   * Effect waits until woken: 0.
   */
  wait(address: number, bits: number): Effect.Effect<number> {
    const waiter: Waiter = { bits, address, isWoken: false, resume: undefined }
    this.#queue(address).push(waiter)
    const woken = Effect.callback<number>((resume) => {
      if (waiter.isWoken) resume(Effect.succeed(0))
      else waiter.resume = () => resume(Effect.succeed(0))
    })
    return Effect.onInterrupt(woken, () => Effect.sync(() => this.#remove(waiter)))
  }

  /** Wakes at most `count` waiters that wait for any of the bits; how many. */
  wake(address: number, count: number, bits = anyBits): number {
    const queue = this.#waiters.get(address)
    if (queue === undefined) return 0
    const woken = queue.filter((waiter) => (waiter.bits & bits) !== 0).slice(0, Math.max(0, count))
    for (const waiter of woken) {
      this.#remove(waiter)
      waiter.isWoken = true
      waiter.resume?.()
    }
    return woken.length
  }

  /** Lets at most `count` waiters wait at another address; how many. */
  requeue(from: number, to: number, count: number): number {
    const moved = (this.#waiters.get(from) ?? []).slice(0, Math.max(0, count))
    for (const waiter of moved) {
      this.#remove(waiter)
      waiter.address = to
      this.#queue(to).push(waiter)
    }
    return moved.length
  }

  #queue(address: number): Array<Waiter> {
    const known = this.#waiters.get(address)
    if (known !== undefined) return known
    const queue: Array<Waiter> = []
    this.#waiters.set(address, queue)
    return queue
  }

  #remove(waiter: Waiter): void {
    const queue = this.#waiters.get(waiter.address)
    const at = queue?.indexOf(waiter) ?? -1
    if (at < 0) return
    queue!.splice(at, 1)
    if (queue!.length === 0) this.#waiters.delete(waiter.address)
  }
}

/** The result of FUTEX_WAKE_OP's operation on the old value, and whether its comparison holds; undefined for unknown ones. */
export const wakeOp = (encoded: number, old: number): { readonly value: number; readonly holds: boolean } | undefined => {
  const operation = (encoded >> 28) & 7
  const comparison = (encoded >> 24) & 15
  const operand = (encoded << 8) >> 20
  const compared = (encoded << 20) >> 20
  const argument = ((encoded >> 28) & 8) !== 0 ? 1 << (operand & 31) : operand
  const value = [argument, old + argument, old | argument, old & ~argument, old ^ argument][operation]
  const holds = [old === compared, old !== compared, old < compared, old <= compared, old > compared, old >= compared][
    comparison
  ]
  return value === undefined || holds === undefined ? undefined : { value: value | 0, holds }
}

/** The negative errno for a wait whose time is up. */
export const timedOut = -Errno.ETIMEDOUT
