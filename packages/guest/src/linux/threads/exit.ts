/** The end of a thread: what it leaves for others to see. */
import type { Kernel } from "../kernel/Kernel.ts"
import type { GuestMemory } from "../memory/GuestMemory.ts"
import { readable, writable } from "../user/UserMemory.ts"
import type { Thread } from "./Thread.ts"

const FUTEX_TID_MASK = 0x3fff_ffff
const FUTEX_OWNER_DIED = 0x4000_0000
const FUTEX_WAITERS = 0x8000_0000
/** Locks of a robust list beyond this number are not looked at, as on Linux: the list may be a ring. */
const robustLimit = 2048

/** Releases robust mutexes that the thread held, then clears and wakes the word of set_tid_address. */
export const leaveTraces = (kernel: Kernel, thread: Thread): void => {
  if (thread.robustList !== 0) releaseRobust(kernel, thread)
  if (thread.clearChildTid === 0 || writable(kernel.state, thread.clearChildTid, 4) === undefined) return
  kernel.state.view.setInt32(thread.clearChildTid, 0, true)
  wake(kernel.guestMemory, thread.clearChildTid)
}

const wake = (guestMemory: GuestMemory, word: number): void => {
  const { key, queue } = guestMemory.waitersAt(word, false)
  queue.wake(key, 1)
}

/** Walks `struct robust_list_head` (set_robust_list(2)). */
const releaseRobust = (kernel: Kernel, thread: Thread): void => {
  const { state } = kernel
  const pointer = (at: number): number | undefined =>
    readable(state, at, 8) === undefined ? undefined : Number(state.view.getBigUint64(at, true))
  const head = thread.robustList
  if (readable(state, head, 24) === undefined) return
  const offset = Number(state.view.getBigInt64(head + 8, true))
  const pending = pointer(head + 16)
  let entry = pointer(head)
  for (let i = 0; entry !== undefined && entry !== head && i < robustLimit; i++) {
    if (entry !== pending) ownerDied(kernel, thread, entry - (entry % 2) + offset)
    entry = pointer(entry - (entry % 2))
  }
  if (pending !== undefined && pending !== 0) ownerDied(kernel, thread, pending + offset)
}

const ownerDied = (kernel: Kernel, thread: Thread, word: number): void => {
  const { guestMemory, state } = kernel
  if (word % 4 !== 0 || writable(state, word, 4) === undefined) return
  const value = state.view.getUint32(word, true)
  if ((value & FUTEX_TID_MASK) !== thread.tid) return
  state.view.setUint32(word, ((value & FUTEX_WAITERS) | FUTEX_OWNER_DIED) >>> 0, true)
  if ((value & FUTEX_WAITERS) !== 0) wake(guestMemory, word)
}
