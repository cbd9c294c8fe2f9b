/** What plugins are told of a thread outside of its code: calls that return, jumps that no instruction made, sleep. */
import { DisconKind, PluginEvent } from "@emu/core/PluginEvent"
import type { OutOfRangeError } from "@emu/core/PluginError"
import type { Left, VcpuLifeCycle } from "@emu/core/VcpuLifeCycle"
import { CpuSlot } from "@emu/tcg/Layout"
import * as Effect from "effect/Effect"
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { internalResult } from "../kernel/Syscall.ts"
import type { Thread } from "../threads/Thread.ts"

/** Something that plugins are told. */
export type Telling = Effect.Effect<void, Left | OutOfRangeError>

/** The thread that is meant has the turn. Nothing is done for events that nobody listens to. */
export class VcpuEvents {
  readonly #kernel: Kernel
  readonly #vcpus: VcpuLifeCycle["Service"]

  constructor(kernel: Kernel, vcpus: VcpuLifeCycle["Service"]) {
    this.#kernel = kernel
    this.#vcpus = vcpus
  }

  get #pc(): bigint {
    return this.#kernel.state.u64[CpuSlot.pc]!
  }

  /** Callbacks see the pc that the thread has now. */
  showPc(): void {
    this.#vcpus.scope.pc = this.#pc
  }

  /** Whether plugins hear of a thread's system calls. */
  watchesCalls({ vcpu }: Thread): boolean {
    const { vcpuSyscall, vcpuSyscallRet, vcpuSyscallFilter } = PluginEvent
    return (
      this.#vcpus.wants(vcpu, vcpuSyscall) ||
      this.#vcpus.wants(vcpu, vcpuSyscallRet) ||
      this.#vcpus.wants(vcpu, vcpuSyscallFilter)
    )
  }

  /** What plugins see of a call's result: the internal codes are QEMU's. */
  shownResult(thread: Thread, value: number | bigint): bigint {
    if (value !== internalResult.restart) return BigInt(value)
    return thread.interrupted === "restartable" ? BigInt(value) : BigInt(-Errno.EINTR)
  }

  /** A system call has returned. */
  returned({ vcpu }: Thread, number: number, result: bigint): Telling {
    return Effect.suspend(() => {
      if (!this.#vcpus.wants(vcpu, PluginEvent.vcpuSyscallRet)) return Effect.void
      this.showPc()
      return this.#vcpus.syscallRet(vcpu, number, result)
    })
  }

  /** The thread goes on where no instruction has sent it; where that is nowhere, since the process ends, the pc has stayed. */
  jumped({ vcpu }: Thread, kind: DisconKind, from: bigint): Telling {
    return Effect.suspend(() => {
      this.showPc()
      return this.#vcpus.discon(vcpu, kind, from, this.#pc)
    })
  }

  /** The address of the system call about to be made, where plugins hear of jumps that calls make. */
  callSite({ vcpu }: Thread): bigint | undefined {
    if (!this.#vcpus.wants(vcpu, PluginEvent.vcpuHostcall)) return undefined
    return this.#pc - BigInt(this.#kernel.abi.syscallSize)
  }

  /** A call from `site` has returned; if it was sigreturn, it has changed the pc, unless it found no frame to restore. */
  sigreturned(thread: Thread, site: bigint | undefined, result: number | bigint): Telling | undefined {
    if (site === undefined || result !== internalResult.sigreturn) return undefined
    if (this.#pc === site + BigInt(this.#kernel.abi.syscallSize)) return undefined
    return this.jumped(thread, DisconKind.hostcall, site)
  }

  /** The thread goes to sleep in a call. */
  fellAsleep({ vcpu }: Thread): Telling {
    return Effect.suspend(() => {
      if (!this.#vcpus.wants(vcpu, PluginEvent.vcpuIdle)) return Effect.void
      this.showPc()
      return this.#vcpus.vcpuIdle(vcpu)
    })
  }

  /** The thread has woken, and the call has its result. */
  wokeUp({ vcpu }: Thread): Telling {
    return Effect.suspend(() => {
      if (!this.#vcpus.wants(vcpu, PluginEvent.vcpuResume)) return Effect.void
      this.showPc()
      return this.#vcpus.vcpuResume(vcpu)
    })
  }
}
