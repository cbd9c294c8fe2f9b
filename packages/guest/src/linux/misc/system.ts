/** The system: uname, sysinfo, random bytes, processors, prctl. */
import * as Layout from "@emu/tcg/Layout"
import { Errno } from "../kernel/errno.ts"
import { fromText, toBytes } from "../user/byteStrings.ts"
import { accessible, putBytes, putInt } from "../user/userBuffers.ts"
import { bytesAt } from "../user/UserMemory.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { row } from "../kernel/row.ts"
import { prctl } from "./prctl.ts"

const fieldSize = 65

/** uname: six fields of 65 bytes. */
const uname = (kernel: Kernel, address: number): number => {
  const { host, process } = kernel
  const fields = ["Linux", host.nodeName, process.unameRelease, host.version, kernel.abi.machine, "(none)"]
  const bytes = new Uint8Array(6 * fieldSize)
  fields.forEach((text, i) => bytes.set(toBytes(fromText(text)).subarray(0, fieldSize - 1), i * fieldSize))
  return putBytes(kernel.state, address, bytes)
}

/** sysinfo: `struct sysinfo` of 112 bytes; load averages in 1/65536. */
const sysinfo = (kernel: Kernel, address: number): number => {
  const { host } = kernel
  const bytes = new Uint8Array(112)
  const view = new DataView(bytes.buffer)
  view.setBigInt64(0, BigInt(Math.floor(host.uptime())), true)
  host.loadAverage().forEach((load, i) => view.setBigUint64(8 + 8 * i, BigInt(Math.round(load * 65536)), true))
  view.setBigUint64(32, BigInt(host.totalMemory), true)
  view.setBigUint64(40, BigInt(host.freeMemory()), true)
  view.setUint16(80, kernel.threads.list().length, true)
  view.setUint32(104, 1, true)
  return putBytes(kernel.state, address, bytes)
}

/** getrandom; `flags`: GRND_NONBLOCK 1, GRND_RANDOM 2, GRND_INSECURE 4. */
const getrandom = (kernel: Kernel, address: number, size: number, flags: number): number => {
  if ((flags & ~7) !== 0 || (flags & 6) === 6) return -Errno.EINVAL
  const length = accessible(kernel.state, address, Math.min(size, 0x1ff_ffff), Layout.PageFlag.write)
  if (length === 0 && size > 0) return -Errno.EFAULT
  const bytes = bytesAt(kernel.state, address, length)
  if (bytes === undefined) return -Errno.EFAULT
  kernel.random.fill(bytes)
  return length
}

/** getcpu: threads take turns on one processor. */
const getcpu = (kernel: Kernel, cpu: number, node: number): number =>
  (cpu === 0 ? 0 : putInt(kernel.state, cpu, 0)) || (node === 0 ? 0 : putInt(kernel.state, node, 0))

const personality = ({ attributes }: Kernel, value: number): number => {
  const before = attributes.personality
  if (value !== 0xffff_ffff) attributes.personality = value
  return before
}

const refused = (): number => -Errno.EPERM

export const systemSyscalls = [
  row(40, "mount", ["path", "path", "path", "flags", "pointer"], refused, "always EPERM"),
  row(39, "umount2", ["path", "flags"], refused, "always EPERM"),
  row(41, "pivot_root", ["path", "path"], refused, "always EPERM"),
  row(89, "acct", ["path"], refused, "always EPERM"),
  row(92, "personality", ["uint"], personality, "kept, without effect"),
  row(97, "unshare", ["flags"], (_, flags) => (flags === 0 ? 0 : -Errno.EPERM), "always EPERM"),
  row(116, "syslog", ["int", "pointer", "int"], refused, "always EPERM"),
  row(142, "reboot", ["int", "int", "int", "pointer"], refused, "always EPERM"),
  row(160, "uname", ["pointer"], uname),
  row(161, "sethostname", ["pointer", "int"], refused, "always EPERM"),
  row(162, "setdomainname", ["pointer", "int"], refused, "always EPERM"),
  row(
    167,
    "prctl",
    ["int", "long", "long", "long", "long"],
    prctl,
    "names, death signal, dumpable, no_new_privs and the like"
  ),
  row(168, "getcpu", ["pointer", "pointer", "pointer"], getcpu),
  row(179, "sysinfo", ["pointer"], sysinfo),
  row(224, "swapon", ["path", "flags"], refused, "always EPERM"),
  row(225, "swapoff", ["path"], refused, "always EPERM"),
  row(278, "getrandom", ["pointer", "size", "flags"], getrandom)
]
