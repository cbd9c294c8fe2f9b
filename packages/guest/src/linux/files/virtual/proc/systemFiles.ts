/** The files of /proc that are about the machine. */
import type { HostInfoShape } from "../../../../HostInfo.ts"
import type { Kernel } from "../../../kernel/Kernel.ts"
import { ClockId } from "../../../time/Clock.ts"
import { Resource } from "../../../misc/Attributes.ts"
import { textNode } from "../TextFile.ts"
import { directoryOf, type VirtualNode } from "../VirtualNode.ts"
import { cpuList } from "./status.ts"

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

const ticks = (nanoseconds: bigint): bigint => nanoseconds / 10_000_000n

/** /proc/stat: one processor runs everything; the others idle. */
const stat = (kernel: Kernel): string => {
  const { host, processes, time } = kernel
  const { system, user } = time.cpu()
  const up = time.now(ClockId.BOOTTIME) ?? 0n
  const idle = up > user + system ? up - user - system : 0n
  const line = (name: string, idleTicks: bigint): string =>
    `${name} ${ticks(user)} 0 ${ticks(system)} ${idleTicks} 0 0 0 0 0 0\n`
  const others = Array.from({ length: host.cpus - 1 }, (_, i) => `cpu${i + 1} 0 0 0 ${ticks(up)} 0 0 0 0 0 0\n`)
  const boot = ((time.now(ClockId.REALTIME) ?? 0n) - up) / 1_000_000_000n
  return (
    line("cpu ", ticks(idle) + BigInt(others.length) * ticks(up)) +
    line("cpu0", ticks(idle)) +
    others.join("") +
    `intr 0\nctxt 0\nbtime ${boot}\nprocesses ${processes.live().length}\nprocs_running 1\nprocs_blocked 0\n`
  )
}

const uptime = ({ time }: Kernel): string => {
  const up = Number((time.now(ClockId.BOOTTIME) ?? 0n) / 10_000_000n) / 100
  return `${up.toFixed(2)} 0.00\n`
}

const loadavg = ({ host, processes }: Kernel): string => {
  const live = processes.live()
  const last = Math.max(0, ...live.map(({ pid }) => pid))
  return `${host
    .loadAverage()
    .map((load) => load.toFixed(2))
    .join(" ")} 1/${live.length} ${last}\n`
}

/** 16 random bytes as a UUID of version 4. */
const uuid = (bytes: Uint8Array): string => {
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}\n`
}

const line = (text: () => string | number | bigint): VirtualNode => textNode({ read: () => `${text()}\n` })

/** Settings of /proc/sys, none of which can be written. */
const settings = (kernel: () => Kernel, bootId: string): VirtualNode =>
  directoryOf({
    fs: directoryOf({
      "file-max": line(() => 0x7fff_ffff_ffff_ffffn),
      nr_open: line(() => kernel().attributes.limit(Resource.NOFILE)?.hard ?? 0n),
      "pipe-max-size": line(() => 1_048_576)
    }),
    kernel: directoryOf({
      cap_last_cap: line(() => 40),
      core_pattern: line(() => "core"),
      domainname: line(() => "(none)"),
      hostname: line(() => kernel().host.nodeName),
      ngroups_max: line(() => 65536),
      osrelease: line(() => kernel().process.unameRelease),
      ostype: line(() => "Linux"),
      overflowgid: line(() => 65534),
      overflowuid: line(() => 65534),
      pid_max: line(() => 4_194_304),
      random: directoryOf({
        boot_id: textNode({ read: () => bootId }),
        entropy_avail: line(() => 256),
        uuid: textNode({ read: () => uuid(kernel().random.bytes(16)) })
      }),
      randomize_va_space: line(() => 0),
      "threads-max": line(() => 4096),
      version: line(() => kernel().host.version)
    }),
    vm: directoryOf({
      max_map_count: line(() => 65530),
      mmap_min_addr: line(() => 65536),
      overcommit_memory: line(() => 1)
    })
  })

/** Files by name. `kernel` is called when one is read. */
export const systemFiles = (kernel: () => Kernel): Readonly<Record<string, VirtualNode>> => ({
  cgroups: textNode({ read: () => "#subsys_name\thierarchy\tnum_cgroups\tenabled\n" }),
  cmdline: line(() => ""),
  cpuinfo: textNode({ read: () => kernel().abi.cpuinfo(kernel().host.cpus) }),
  devices: textNode({ read: () => "Character devices:\n  1 mem\n  5 /dev/tty\n136 pts\n\nBlock devices:\n" }),
  filesystems: textNode({ read: () => "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tpipefs\n\text4\n" }),
  loadavg: textNode({ read: () => loadavg(kernel()) }),
  meminfo: textNode({ read: () => meminfo(kernel().host) }),
  mounts: { kind: "link", target: "self/mounts" },
  stat: textNode({ read: () => stat(kernel()) }),
  swaps: textNode({ read: () => "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n" }),
  sys: settings(kernel, bootIdOf()),
  uptime: textNode({ read: () => uptime(kernel()) }),
  version: line(() => `Linux version ${kernel().process.unameRelease} ${kernel().host.version}`)
})

/** The same for the whole of every run: the host's would tell runs, and hosts, apart. */
const bootIdOf = (): string => uuid(Uint8Array.from({ length: 16 }, (_, i) => (i * 0x9d + 0x31) & 0xff))

/** /sys: the processors, and what allocators ask for. */
export const sysDirectory = (kernel: () => Kernel): VirtualNode & { readonly kind: "directory" } => {
  const list = line(() => cpuList(kernel().host.cpus))
  const lists: Readonly<Record<string, VirtualNode>> = {
    kernel_max: line(() => kernel().host.cpus - 1),
    offline: line(() => ""),
    online: list,
    possible: list,
    present: list
  }
  const cpus: VirtualNode = {
    kind: "directory",
    entries: () => [...Array.from({ length: kernel().host.cpus }, (_, i) => `cpu${i}`), ...Object.keys(lists)],
    child: (name) => {
      const cpu = /^cpu(0|[1-9]\d*)$/.exec(name)
      if (cpu !== null && Number(cpu[1]) < kernel().host.cpus) return directoryOf({ online: line(() => 1) })
      return Object.hasOwn(lists, name) ? lists[name] : undefined
    }
  }
  return directoryOf({
    devices: directoryOf({ system: directoryOf({ cpu: cpus }) }),
    fs: directoryOf({}),
    kernel: directoryOf({
      mm: directoryOf({ transparent_hugepage: directoryOf({ enabled: line(() => "always madvise [never]") }) })
    })
  })
}
