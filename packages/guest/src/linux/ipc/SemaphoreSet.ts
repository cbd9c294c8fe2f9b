/** A set of System V semaphores: values, those who wait, and what is undone at the end of processes. */
import { WaitQueue } from "../files/open/WaitQueue.ts"
import { Errno } from "../kernel/errno.ts"
import type { IpcObject, Permissions } from "./IpcTable.ts"

/** Greatest value of a semaphore (SEMVMX). */
export const maxValue = 32767

/** `struct sembuf`. */
export interface Operation {
  readonly number: number
  /** Added where it is not 0; 0 waits for a value of 0. */
  readonly change: number
  readonly noWait: boolean
  readonly undo: boolean
}

/** Why a list of operations cannot be done now: the semaphore that is waited for, to grow or to become 0. */
interface Blocked {
  readonly number: number
  readonly forZero: boolean
  readonly noWait: boolean
}

export class SemaphoreSet implements IpcObject {
  readonly permissions: Permissions
  readonly values: Array<number>
  /** The process that has changed each semaphore last. */
  readonly pids: Array<number>
  /** Woken at each change. */
  readonly waiters = new WaitQueue()
  /** What is waited for now, by who waits. */
  readonly waiting = new Set<Blocked>()
  /** What the end of a process changes, by its pid. */
  readonly #undo = new Map<number, Array<number>>()
  operationTime = 0n
  changeTime: bigint
  isRemoved = false

  constructor(permissions: Permissions, count: number, now: bigint) {
    this.permissions = permissions
    this.values = new Array<number>(count).fill(0)
    this.pids = new Array<number>(count).fill(0)
    this.changeTime = now
  }

  /** Does all operations or none: 0, a negative errno, or what has to be waited for. */
  perform(operations: ReadonlyArray<Operation>, pid: number): number | Blocked {
    const values = [...this.values]
    const undo = [...(this.#undo.get(pid) ?? values.map(() => 0))]
    for (const operation of operations) {
      const { change, noWait, number } = operation
      const now = values[number]!
      if (change === 0 ? now !== 0 : now + change < 0) return { number, forZero: change === 0, noWait }
      if (now + change > maxValue) return -Errno.ERANGE
      values[number] = now + change
      if (operation.undo) undo[number]! -= change
      if (Math.abs(undo[number]!) > maxValue) return -Errno.ERANGE
    }
    for (const { change, number } of operations) if (change !== 0) this.pids[number] = pid
    this.#store(values)
    if (undo.some((change) => change !== 0)) this.#undo.set(pid, undo)
    else this.#undo.delete(pid)
    return 0
  }

  /** Sets values; what processes would undo of them is forgotten. */
  set(values: ReadonlyMap<number, number>, pid: number): void {
    const next = [...this.values]
    for (const [number, value] of values) {
      next[number] = value
      this.pids[number] = pid
      for (const undo of this.#undo.values()) undo[number] = 0
    }
    this.#store(next)
  }

  /** A process has ended: what it asked for is undone, as far as values allow. */
  undo(pid: number): void {
    const undo = this.#undo.get(pid)
    if (undo === undefined) return
    this.#undo.delete(pid)
    this.#store(this.values.map((value, i) => Math.min(maxValue, Math.max(0, value + undo[i]!))))
    undo.forEach((change, i) => {
      if (change !== 0) this.pids[i] = pid
    })
  }

  remove(): void {
    this.isRemoved = true
    this.waiters.wake()
  }

  #store(values: ReadonlyArray<number>): void {
    values.forEach((value, i) => (this.values[i] = value))
    this.waiters.wake()
  }
}
