/** A kernel with files in memory, on which tests make system calls by name. */
import { CpuState } from "@emu/tcg/CpuState"
import * as Layout from "@emu/tcg/Layout"
import * as Effect from "effect/Effect"
import { portableClock } from "@emu/guest/HostClock"
import type { HostFsShape } from "@emu/guest/HostFs"
import { portableInfo } from "@emu/guest/HostInfo"
import { makeMemoryFs } from "@emu/guest/MemoryFs"
import { riscv64Abi } from "@emu/guest/riscv64/linux/abi"
import { FileTable } from "@emu/guest/linux/files/FileTable"
import { guardHost } from "@emu/guest/linux/files/lookup/HostGuard"
import { makeVirtualFs } from "@emu/guest/linux/files/virtual/virtualFs"
import type { Kernel } from "@emu/guest/linux/kernel/Kernel"
import { Attributes } from "@emu/guest/linux/misc/Attributes"
import { ProcessTree } from "@emu/guest/linux/processes/ProcessTree"
import { makeRandom } from "@emu/guest/linux/kernel/Random"
import { syscalls } from "@emu/guest/linux/kernel/syscalls"
import { Ipc } from "@emu/guest/linux/ipc/Ipc"
import { Network } from "@emu/guest/linux/sockets/Network"
import { makeClock } from "@emu/guest/linux/time/Clock"
import { kernelOf, makeState, noCpu } from "./kernel.ts"

/** Pages of guest memory: read-write from `base`, read-only from `readOnly`, and nothing at `bad`. */
export const base = 0x10000
export const readOnly = 0x20000
export const bad = 0x8
/** Where strings are put, and where results may go. */
const strings = base + 0x8000
/** A buffer for results: the first page. */
export const out = 0x10000

const shared = makeState()
const byName = new Map([...syscalls.values()].map((row) => [row.name, row]))

type Arg = number | bigint | string

/** What a test kernel is made of. */
export interface Options {
  readonly host?: HostFsShape
  readonly sysroot?: string
  readonly cwd?: string
  readonly euid?: number
}

/** Makes a kernel and functions to use it. All share one memory, which is emptied. */
export const makeFileKernel = (options: Options = {}) => {
  const state: CpuState = shared
  state.pageTable.fill(0)
  const page = (address: number): number => address / Layout.pageSize
  const { read, write, mapped } = Layout.PageFlag
  state.pageTable.fill(read | write | mapped, page(base), page(readOnly))
  state.pageTable.fill(read | mapped, page(readOnly), page(readOnly) + 1)
  state.u8.fill(0, base, readOnly)

  const signals: Array<number> = []
  const written: Array<string> = []
  const random = makeRandom(1n, portableInfo.fillRandom)
  const thread = {
    tid: 100,
    vcpu: 0,
    name: "program",
    pending: { set: 0n },
    mask: 0n,
    deadline: (otherwise: () => bigint) => otherwise(),
    keeping: <A>(_: bigint, wait: A): A => wait
  }
  const host = options.host ?? makeMemoryFs()
  const files: FileTable = new FileTable({
    host: guardHost(host),
    random,
    sysroot: options.sysroot,
    cwd: options.cwd ?? "/",
    virtual: makeVirtualFs(() => kernel)
  })
  const euid = options.euid ?? 1000
  const processes = new ProcessTree<Kernel>(101)
  const kernel: Kernel = kernelOf({
    processes,
    state,
    files,
    random,
    time: makeClock(portableClock, noCpu),
    host: portableInfo,
    ipc: new Ipc(),
    network: new Network({ mode: "inside", published: [] }, undefined, () => {}),
    attributes: new Attributes(100, 8 << 20),
    abi: { machine: "riscv64", cpuinfo: riscv64Abi.cpuinfo } as Kernel["abi"],
    memory: {
      flushShared: () => undefined,
      regions: { all: [] },
      fileWritten: (identity: string) => written.push(identity),
      mapsText: () => "00010000-00020000 rw-p 00000000 00:00 0 \n"
    } as unknown as Kernel["memory"],
    signals: {
      fromSelf: (signal: number) => ({ signal, code: 0 }),
      sendToThread: (_: unknown, info: { readonly signal: number }) => signals.push(info.signal) > 0,
      withMask: (_: unknown, _mask: bigint, effect: Effect.Effect<unknown>) => effect,
      pending: { set: 0n },
      action: () => ({ handler: 0 }),
      hasHandler: () => false
    } as unknown as Kernel["signals"],
    threads: {
      list: () => [thread],
      find: (tid: number) => (tid === 100 ? thread : undefined),
      current: thread
    } as unknown as Kernel["threads"],
    thread: thread as unknown as Kernel["thread"],
    process: {
      pid: 100,
      ppid: 1,
      uid: euid,
      euid,
      gid: euid,
      egid: euid,
      executable: "/bin/program",
      argv: ["program", "one"],
      env: ["A=b"],
      auxv: new Uint8Array(16),
      unameRelease: "6.1.0",
      stackSize: 8 << 20,
      name: "program"
    } as unknown as Kernel["process"]
  })
  Object.assign(kernel, { node: processes.add(kernel, undefined, 0) })
  files.inheritStandard()

  /** Puts a string where no other string of this call is; its address. */
  let nextString = strings
  const put = (text: string): number => {
    const bytes = new TextEncoder().encode(`${text}\0`)
    if (nextString + bytes.length > readOnly) nextString = strings
    const at = nextString
    state.u8.set(bytes, at)
    nextString += (bytes.length + 15) & ~15
    return at
  }
  const run = (name: string, args: ReadonlyArray<Arg>) => {
    const row = byName.get(name)
    if (row === undefined) throw new Error(`no system call ${name}`)
    const values = row.args.map((kind, i) => {
      const arg = args[i] ?? 0
      const value = typeof arg === "string" ? put(arg) : arg
      return kind === "long" || kind === "offset" ? BigInt(value) : Number(value)
    })
    return row.run(kernel, ...(values as unknown as ReadonlyArray<never>))
  }
  return {
    kernel,
    host,
    state,
    signals,
    written,
    put,
    /** Makes a call that must not wait. Strings are put into memory. */
    call: (name: string, ...args: ReadonlyArray<Arg>): number => {
      const result = run(name, args)
      if (Effect.isEffect(result)) throw new Error(`${name} waits`)
      return Number(result)
    },
    /** Makes a call that may wait. */
    wait: (name: string, ...args: ReadonlyArray<Arg>): Effect.Effect<number> => {
      const result = run(name, args)
      return Effect.isEffect(result) ? Effect.map(result, Number) : Effect.succeed(Number(result))
    },
    /** Text in memory. */
    text: (length: number, at = out): string => new TextDecoder().decode(state.u8.slice(at, at + length)),
    words: (count: number, at = out): Array<number> =>
      Array.from({ length: count }, (_, i) => Number(state.view.getBigInt64(at + 8 * i, true)))
  }
}
