/** Just enough kernel for the calls that a test is about. */
import * as Effect from "effect/Effect"
import { CpuState } from "@emu/tcg/CpuState"
import type { Engine } from "@emu/tcg/Engine"
import { wasmPages } from "@emu/tcg/Layout"
import type { Kernel } from "@emu/guest/linux/kernel/Kernel"
import { AddressSpace } from "@emu/guest/linux/memory/AddressSpace"
import type { MappedFile } from "@emu/guest/linux/memory/MappedFile"
import { GuestMemory } from "@emu/guest/linux/memory/GuestMemory"
import type { CpuClocks } from "@emu/guest/linux/time/CpuClocks"
import { noTime } from "@emu/guest/linux/time/CpuMeter"
import type { ThreadIds } from "@emu/guest/linux/threads/Threads"

/** State with all its memory. Making one takes milliseconds: share it among the tests of a file. */
export const makeState = (): CpuState =>
  new CpuState(new WebAssembly.Memory({ initial: wasmPages, maximum: wasmPages, shared: true }))

/** A kernel of the given parts; what is missing must not be used. */
export const kernelOf = (parts: Partial<Kernel>): Kernel => ({ shareMemory: () => undefined, ...parts }) as Kernel

/** An address space that reports which pages' code was dropped. */
export const makeSpace = (state: CpuState) => {
  const flushed: Array<readonly [number, number]> = []
  const space = new AddressSpace(state, { flushPages: (first, last) => flushed.push([first, last]), protect: () => {} })
  return { space, flushed }
}

/** A memory whose engine runs nothing. */
export const makeGuestMemory = (state: CpuState): GuestMemory =>
  new GuestMemory(state, { flushPages: () => {}, protect: () => {}, programEnded: () => {} } as unknown as Engine["Service"])

/** Numbers for threads: ids from `first` on, and vCPUs by the number of threads. */
export const threadIds = (first: number): ThreadIds => {
  let id = first
  let vcpu = 0
  return { nextId: () => id++, freeVcpu: () => vcpu++ }
}

/** CPU clocks that stand still. */
export const noCpu: CpuClocks = { own: () => noTime, tid: () => 1, of: () => noTime, until: () => Effect.never }

/** A file in memory behind a mapping. */
export const fileOf = (contents: Uint8Array, writable = true) => {
  const file: MappedFile & { contents: Uint8Array; closed: number } = {
    contents,
    closed: 0,
    path: "/file",
    identity: "1:2",
    device: 1n,
    inode: 2n,
    writable,
    read: (offset, into) => {
      const part = file.contents.subarray(offset, offset + into.length)
      into.set(part)
      return part.length
    },
    write: (offset, from) => {
      file.contents.set(from, offset)
      return from.length
    },
    size: () => file.contents.length,
    hold: () => {
      file.closed--
    },
    close: () => {
      file.closed++
    }
  }
  return file
}
