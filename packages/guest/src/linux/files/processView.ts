/** What /proc shows of a guest process. */
import type { HostInfoShape } from "../../HostInfo.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { ClockId } from "../time/Clock.ts"
import { fromText, toBytes } from "../user/byteStrings.ts"
import type { ProcessView } from "./lookup/VirtualFs.ts"

const bytes = (text: string): Uint8Array => toBytes(fromText(text))
const strings = (list: ReadonlyArray<string>): Uint8Array => bytes(list.map((text) => `${text}\0`).join(""))
const ticks = (nanoseconds: bigint): bigint => nanoseconds / 10_000_000n

/** Bytes that the process has mapped, from the text of its maps. */
const mappedBytes = (maps: string): number =>
  maps.split("\n").reduce((sum, line) => {
    const range = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line)
    return range === null ? sum : sum + Number.parseInt(range[2]!, 16) - Number.parseInt(range[1]!, 16)
  }, 0)

/** /proc/self/stat (man 5 proc): 52 fields, zero where nothing is kept. */
const stat = (kernel: Kernel): string => {
  const { process, attributes, threads, time } = kernel
  const { user, system } = time.cpu()
  const size = mappedBytes(kernel.memory.mapsText())
  const fields: Array<string | number | bigint> = new Array<number>(52).fill(0)
  fields[0] = process.pid
  fields[1] = `(${process.name})`
  fields[2] = "R"
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
  fields[23] = Math.floor(size / 4096)
  fields[24] = 0xffff_ffff_ffff_ffffn
  return `${fields.join(" ")}\n`
}

const status = (kernel: Kernel): string => {
  const { process, attributes, threads, files } = kernel
  const size = Math.floor(mappedBytes(kernel.memory.mapsText()) / 1024)
  const hex = (mask: bigint): string => mask.toString(16).padStart(16, "0")
  return `${[
    `Name:\t${process.name}`,
    `Umask:\t${files.umask.toString(8).padStart(4, "0")}`,
    "State:\tR (running)",
    `Tgid:\t${process.pid}`,
    "Ngid:\t0",
    `Pid:\t${process.pid}`,
    `PPid:\t${process.ppid}`,
    "TracerPid:\t0",
    `Uid:\t${[process.uid, process.euid, process.euid, process.euid].join("\t")}`,
    `Gid:\t${[process.gid, process.egid, process.egid, process.egid].join("\t")}`,
    `FDSize:\t${Math.max(64, files.descriptors().size)}`,
    `Groups:\t${kernel.host.groups.join(" ")} `,
    `VmPeak:\t${String(size).padStart(8)} kB`,
    `VmSize:\t${String(size).padStart(8)} kB`,
    `VmRSS:\t${String(size).padStart(8)} kB`,
    `Threads:\t${threads.list().length}`,
    `SigPnd:\t${hex(kernel.thread.pending.set)}`,
    `ShdPnd:\t${hex(kernel.signals.pending.set)}`,
    `SigBlk:\t${hex(kernel.thread.mask)}`,
    `CapEff:\t${hex(process.euid === 0 ? 0x1ff_ffff_ffffn : 0n)}`,
    `NoNewPrivs:\t${attributes.noNewPrivileges}`,
    "Seccomp:\t0",
    "Cpus_allowed:\t1",
    "Cpus_allowed_list:\t0",
    "voluntary_ctxt_switches:\t0",
    "nonvoluntary_ctxt_switches:\t0"
  ].join("\n")}\n`
}

const statm = (kernel: Kernel): string => {
  const pages = Math.floor(mappedBytes(kernel.memory.mapsText()) / 4096)
  return `${pages} ${pages} 0 0 0 ${pages} 0\n`
}

const cpuinfo = ({ cpus }: HostInfoShape): string =>
  Array.from(
    { length: cpus },
    (_, i) => `processor\t: ${i}\nhart\t\t: ${i}\nisa\t\t: rv64imafdc_zicsr_zifencei\nmmu\t\t: sv48\nuarch\t\t: emu\n\n`
  ).join("")

const meminfo = (host: HostInfoShape): string => {
  const line = (name: string, size: number): string =>
    `${`${name}:`.padEnd(16)}${String(Math.floor(size / 1024)).padStart(8)} kB\n`
  return (
    line("MemTotal", host.totalMemory) +
    line("MemFree", host.freeMemory()) +
    line("MemAvailable", host.freeMemory()) +
    line("Buffers", 0) +
    line("Cached", 0) +
    line("SwapTotal", 0) +
    line("SwapFree", 0)
  )
}

/**
 * The /proc of a process. `kernel` is called when a file is opened, so it may be the record that this view becomes part of.
 *
 * @param pid the process's id
 */
export const makeProcessView = (pid: number, kernel: () => Kernel): ProcessView => ({
  pid,
  threads: () =>
    kernel()
      .threads.list()
      .map((thread) => thread.tid),
  links: {
    exe: () => kernel().process.executable,
    cwd: () => kernel().files.paths.cwd,
    root: () => "/"
  },
  texts: {
    auxv: () => kernel().process.auxv.slice(),
    cmdline: () => strings(kernel().process.argv),
    comm: () => bytes(`${kernel().process.name}\n`),
    environ: () => strings(kernel().process.env),
    maps: () => bytes(kernel().memory.mapsText()),
    stat: () => bytes(stat(kernel())),
    statm: () => bytes(statm(kernel())),
    status: () => bytes(status(kernel()))
  },
  system: {
    cpuinfo: () => bytes(cpuinfo(kernel().host)),
    meminfo: () => bytes(meminfo(kernel().host)),
    uptime: () => {
      const up = Number((kernel().time.now(ClockId.BOOTTIME) ?? 0n) / 10_000_000n) / 100
      return bytes(`${up.toFixed(2)} 0.00\n`)
    }
  }
})
