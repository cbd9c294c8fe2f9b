/** What a run is made of before a program is loaded: memory, architecture, and the process that has the turn. */
import type { CallbackScope } from "@emu/core/Ports"
import { CpuState } from "@emu/tcg/CpuState"
import type { FrontEnd } from "@emu/tcg/FrontEnd"
import { wasmPages } from "@emu/tcg/Layout"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { HostClock } from "./HostClock.ts"
import type { LinuxAbi } from "./linux/kernel/Abi.ts"
import type { Kernel } from "./linux/kernel/Kernel.ts"
import { GuestClock } from "./linux/time/GuestClock.ts"
import { riscv64Abi } from "./riscv64/linux/abi.ts"
import { makeRiscv64 } from "./riscv64/Riscv64.ts"

/** The host has no room for the memory of a guest. */
export class HostMemoryError extends Data.TaggedError("HostMemoryError")<{ readonly cause: unknown }> {
  override get message() {
    const reason = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `the host has no room for the guest's memory, which takes 4 GiB of address space (ulimit -v?): ${reason}`
  }
}

/** The time CSR ticks 10 million times a second. */
const nanosecondsPerTick = 100n

export class Machine extends Context.Service<
  Machine,
  {
    readonly state: CpuState
    readonly frontEnd: FrontEnd
    readonly abi: LinuxAbi
    /** What the guest's clocks and its time CSR show. */
    readonly clock: GuestClock
    /** The process that has the turn; undefined before the first is loaded. */
    process: Kernel | undefined
    /** Which callback runs, once there is a plugin system: its pc is the one that registers show. */
    scope: CallbackScope | undefined
  }
>()("@emu/guest/Machine") {
  /** A riscv64 machine with, for its first process, 4 GiB of memory of its own, shared with workers where the platform allows that. */
  static readonly layer: Layer.Layer<Machine, HostMemoryError, HostClock> = Layer.effect(Machine)(
    Effect.gen(function* () {
      const clock = new GuestClock(yield* HostClock)
      const memory = yield* Effect.try({ try: makeMemory, catch: (cause) => new HostMemoryError({ cause }) })
      const state = new CpuState(memory)
      const frontEnd = makeRiscv64({ time: () => clock.monotonic() / nanosecondsPerTick })
      return { state, frontEnd, abi: riscv64Abi, clock, process: undefined, scope: undefined }
    })
  )
}

/** The memory of a process: 4 GiB. Throws RangeError where the host has no room. */
export const makeMemory = (): WebAssembly.Memory => {
  const shared = typeof SharedArrayBuffer !== "undefined"
  // Grown, not made, at full size: V8 counts the initial size as garbage-collector debt and pays with full collections.
  const memory = new WebAssembly.Memory({ initial: 1, maximum: wasmPages, shared })
  memory.grow(wasmPages - 1)
  return memory
}
