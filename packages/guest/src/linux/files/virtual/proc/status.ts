/** The texts of /proc/PID that tell how a process or thread does: stat, status, statm and their like (proc(5)). */
import type { Kernel } from "../../../kernel/Kernel.ts"
import type { Thread } from "../../../threads/Thread.ts"
import { Disposition, maxSignal, signalBit } from "../../../signals/constants.ts"
import { fromText } from "../../../user/byteStrings.ts"

const pageSize = 4096
const ticks = (nanoseconds: bigint): bigint => nanoseconds / 10_000_000n

/** Bytes that the process has mapped, from the text of its maps. */
const mappedBytes = (maps: string): number =>
  maps.split("\n").reduce((sum, line) => {
    const range = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line)
    return range === null ? sum : sum + Number.parseInt(range[2]!, 16) - Number.parseInt(range[1]!, 16)
  }, 0)

/** R runs or waits for its turn, S waits in a call, T is stopped, Z has ended. */
const stateOf = (kernel: Kernel, thread: Thread | undefined): "R" | "S" | "T" | "Z" => {
  if (thread === undefined || kernel.node.end !== undefined) return "Z"
  if (kernel.signals.isStopped) return "T"
  return thread !== kernel.threads.current && thread.interrupt !== undefined ? "S" : "R"
}

const stateNames = { R: "R (running)", S: "S (sleeping)", T: "T (stopped)", Z: "Z (zombie)" } as const

/** What a text is about: a process, or one of its threads. `thread` is undefined where all have ended. */
export interface Task {
  readonly kernel: Kernel
  readonly thread: Thread | undefined
  readonly tid: number
}

const nameOf = ({ kernel, thread }: Task): string => thread?.name ?? kernel.process.name

/** stat: 52 fields, zero where nothing is kept. */
export const statText = (task: Task): string => {
  const { kernel, thread, tid } = task
  const { process, attributes, threads, time } = kernel
  const { user, system } = time.cpu()
  const size = mappedBytes(kernel.memory.mapsText())
  const fields: Array<string | number | bigint> = new Array<number>(52).fill(0)
  fields[0] = tid
  fields[1] = `(${nameOf(task)})`
  fields[2] = stateOf(kernel, thread)
  fields[3] = process.ppid
  fields[4] = attributes.processGroup
  fields[5] = attributes.session
  fields[7] = -1
  fields[13] = ticks(user)
  fields[14] = ticks(system)
  fields[17] = 20 + attributes.nice
  fields[18] = attributes.nice
  fields[19] = threads.list().length
  fields[22] = size
  fields[23] = Math.floor(size / pageSize)
  fields[24] = 0xffff_ffff_ffff_ffffn
  return `${fields.join(" ")}\n`
}

/** Sets of signals, as status prints them. */
const hex = (mask: bigint): string => mask.toString(16).padStart(16, "0")

/** The signals for which something holds. */
const signalsThat = (holds: (signal: number) => boolean): bigint => {
  let set = 0n
  for (let signal = 1; signal <= maxSignal; signal++) if (holds(signal)) set |= signalBit(signal)
  return set
}

const kilobytes = (size: number): string => `${String(Math.floor(size / 1024)).padStart(8)} kB`

export const statusText = (task: Task): string => {
  const { kernel, thread, tid } = task
  const { process, attributes, threads, files, signals, host } = kernel
  const size = mappedBytes(kernel.memory.mapsText())
  const state = stateOf(kernel, thread)
  const memory = [
    `VmPeak:\t${kilobytes(size)}`,
    `VmSize:\t${kilobytes(size)}`,
    `VmHWM:\t${kilobytes(size)}`,
    `VmRSS:\t${kilobytes(size)}`
  ]
  return `${[
    `Name:\t${nameOf(task)}`,
    `Umask:\t${files.umask.toString(8).padStart(4, "0")}`,
    `State:\t${stateNames[state]}`,
    `Tgid:\t${process.pid}`,
    "Ngid:\t0",
    `Pid:\t${tid}`,
    `PPid:\t${process.ppid}`,
    "TracerPid:\t0",
    `Uid:\t${[process.uid, process.euid, process.euid, process.euid].join("\t")}`,
    `Gid:\t${[process.gid, process.egid, process.egid, process.egid].join("\t")}`,
    `FDSize:\t${Math.max(64, files.descriptors().size)}`,
    `Groups:\t${host.groups.join(" ")} `,
    ...(state === "Z" ? [] : memory),
    `Threads:\t${threads.list().length}`,
    `SigPnd:\t${hex(thread?.pending.set ?? 0n)}`,
    `ShdPnd:\t${hex(signals.pending.set)}`,
    `SigBlk:\t${hex(thread?.mask ?? 0n)}`,
    `SigIgn:\t${hex(signalsThat((signal) => signals.action(signal).handler === Disposition.ignore))}`,
    `SigCgt:\t${hex(signalsThat((signal) => signals.hasHandler(signal)))}`,
    `CapInh:\t${hex(0n)}`,
    ...["CapPrm", "CapEff", "CapBnd"].map((name) => `${name}:\t${hex(process.euid === 0 ? 0x1ff_ffff_ffffn : 0n)}`),
    `CapAmb:\t${hex(0n)}`,
    `NoNewPrivs:\t${attributes.noNewPrivileges}`,
    "Seccomp:\t0",
    `Cpus_allowed:\t${((1n << BigInt(host.cpus)) - 1n).toString(16)}`,
    `Cpus_allowed_list:\t${cpuList(host.cpus)}`,
    "voluntary_ctxt_switches:\t0",
    "nonvoluntary_ctxt_switches:\t0"
  ].join("\n")}\n`
}

/** Processors as a list of ranges: `0-3`. */
export const cpuList = (count: number): string => (count === 1 ? "0" : `0-${count - 1}`)

export const statmText = ({ kernel }: Task): string => {
  const pages = Math.floor(mappedBytes(kernel.memory.mapsText()) / pageSize)
  return `${pages} ${pages} 0 0 0 ${pages} 0\n`
}

/** sched: name, id and number of threads, which is what programs read. */
export const schedText = (task: Task): string =>
  `${nameOf(task)} (${task.tid}, #threads: ${task.kernel.threads.list().length})\n` +
  "-------------------------------------------------------------------\n" +
  `policy                                       :                    0\n` +
  `prio                                         :                  ${120 + task.kernel.attributes.nice}\n`

/** smaps: what is known of each region; which pages are in use is not, so that all of them count. */
export const smapsText = ({ kernel }: Task): string =>
  kernel.memory
    .mapsText()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const size = mappedBytes(line)
      const isShared = line.split(" ")[1]?.endsWith("s") === true
      const field = (name: string, bytes: number): string =>
        `${`${name}:`.padEnd(16)}${String(bytes / 1024).padStart(8)} kB\n`
      return (
        `${line}\n` +
        field("Size", size) +
        field("KernelPageSize", pageSize) +
        field("MMUPageSize", pageSize) +
        field("Rss", size) +
        field("Pss", size) +
        field("Shared_Clean", 0) +
        field("Shared_Dirty", isShared ? size : 0) +
        field("Private_Clean", 0) +
        field("Private_Dirty", isShared ? 0 : size) +
        field("Swap", 0)
      )
    })
    .join("")

/** Names and units of the limits, in the order of their numbers as proc(5) prints them. */
const limits: ReadonlyArray<readonly [name: string, resource: number, unit: string]> = [
  ["Max cpu time", 0, "seconds"],
  ["Max file size", 1, "bytes"],
  ["Max data size", 2, "bytes"],
  ["Max stack size", 3, "bytes"],
  ["Max core file size", 4, "bytes"],
  ["Max resident set", 5, "bytes"],
  ["Max processes", 6, "processes"],
  ["Max open files", 7, "files"],
  ["Max locked memory", 8, "bytes"],
  ["Max address space", 9, "bytes"],
  ["Max file locks", 10, "locks"],
  ["Max pending signals", 11, "signals"],
  ["Max msgqueue size", 12, "bytes"],
  ["Max nice priority", 13, ""],
  ["Max realtime priority", 14, ""],
  ["Max realtime timeout", 15, "us"]
]

export const limitsText = ({ kernel }: Task): string => {
  const value = (limit: bigint | undefined): string =>
    limit === undefined || limit === 0xffff_ffff_ffff_ffffn ? "unlimited" : String(limit)
  const line = (name: string, soft: string, hard: string, unit: string): string =>
    `${name.padEnd(25)} ${soft.padEnd(20)} ${hard.padEnd(20)} ${unit.padEnd(10)}\n`
  return (
    line("Limit", "Soft Limit", "Hard Limit", "Units") +
    limits
      .map(([name, resource, unit]) => {
        const limit = kernel.attributes.limit(resource)
        return line(name, value(limit?.soft), value(limit?.hard), unit)
      })
      .join("")
  )
}

/** The name of a task with its newline, as a byte string that need not be encoded again. */
export const commText = (task: Task): string => `${nameOf(task)}\n`

/** Strings, each with a zero behind it. */
export const zeroTerminated = (list: ReadonlyArray<string>): string => list.map((text) => `${fromText(text)}\0`).join("")
