/** A guest thread: a vCPU and what Linux keeps per task. */
import * as Layout from "@emu/tcg/Layout"
import * as Effect from "effect/Effect"
import type { AltStack } from "../kernel/Abi.ts"
import type { GuestMemory } from "../memory/GuestMemory.ts"
import { CpuMeter } from "../time/CpuMeter.ts"
import { PendingSignals } from "../signals/PendingSignals.ts"

export class Thread {
  /** Changes where a thread that is not the first one executes a program: it is the first one then. */
  tid: number
  /** Its process. */
  readonly pid: number
  /** Where it runs. */
  guestMemory: GuestMemory
  /** Index of its vCPU, as plugins see it. */
  readonly vcpu: number
  /** At most 15 bytes: /proc/self/task/TID/comm. */
  name: string
  /** The vCPU's state while another thread's is loaded. */
  readonly saved = new BigInt64Array(Layout.cpuStateSlots)

  /** Blocked signals, bit n-1 for signal n. */
  mask = 0n
  /** The mask to go back to after a signal arrived in sigsuspend, ppoll and the like. */
  maskAfter: bigint | undefined
  /** Signals that rt_sigtimedwait waits for, and how to tell it. */
  awaited: { readonly set: bigint; readonly wake: () => void } | undefined
  readonly pending = new PendingSignals()
  /** CPU time that it has used. */
  readonly cpu = new CpuMeter()
  altStack: AltStack = { pointer: 0, flags: 2, size: 0 }
  /** Something about its signals changed: look before it runs on. */
  attention = false
  /** While it waits in a call: makes the call end early. */
  interrupt: (() => void) | undefined
  /** Guest instructions that are left of its turn. A turn may have several slices: calls that plugins hear of end one. */
  turn = Infinity
  /** A call was ended early by a signal, and may be run again. Decided when the signal is delivered. */
  interrupted: "restartable" | "never restarted" | undefined

  /** When the wait ends of a call that is run again after a stop: it is no new wait. Nanoseconds of the call's clock. */
  keptDeadline: bigint | undefined

  /** What the call at hand has done already, and gives where a signal ends its wait for the rest: bytes written. */
  progress: number | undefined
  /** The futex wait at hand has a timeout: it is never run again, which would wait anew. */
  isTimedWait = false
  /** The wait at hand goes on whatever signals come. */
  isUninterruptible = false

  /** set_tid_address: zeroed and woken at its end. */
  clearChildTid = 0
  /** set_robust_list. */
  robustList = 0
  /** Set once it called exit. */
  exitStatus: number | undefined

  constructor(pid: number, tid: number, vcpu: number, name: string, guestMemory: GuestMemory) {
    this.pid = pid
    this.tid = tid
    this.guestMemory = guestMemory
    this.vcpu = vcpu
    this.name = name
  }

  /** It executes another program, alone in its process: what it had in memory is gone. */
  exec(pid: number, name: string): void {
    this.tid = pid
    this.name = name
    this.altStack = { pointer: 0, flags: 2, size: 0 }
    this.clearChildTid = 0
    this.robustList = 0
  }

  /** When a wait is to end that begins now, unless it goes on after a stop. */
  deadline(otherwise: () => bigint): bigint {
    const kept = this.keptDeadline
    this.keptDeadline = undefined
    return kept ?? otherwise()
  }

  /** Runs a wait with an end, which stays the same where the wait is made again. */
  keeping<A>(end: bigint, wait: Effect.Effect<A>): Effect.Effect<A> {
    return Effect.onInterrupt(wait, () => Effect.sync(() => (this.keptDeadline = end)))
  }

  /** Tells the thread that a signal may be waiting for it. */
  notify(): void {
    this.attention = true
    this.interrupt?.()
  }

  /** Sets the blocked signals; SIGKILL and SIGSTOP cannot be. */
  setMask(mask: bigint): void {
    this.mask = mask & ~unblockable
    this.attention = true
  }
}

const unblockable = (1n << 8n) | (1n << 18n)
