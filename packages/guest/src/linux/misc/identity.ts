/** Who the process is: users, groups, process groups, sessions, capabilities. */
import { Errno } from "../kernel/errno.ts"
import { putBytes, putInt } from "../user/userBuffers.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { row } from "../kernel/row.ts"
import { readable, writable } from "../user/UserMemory.ts"

/** "No change" in the set*id calls: -1, unsigned in the register. */
const same = 0xffff_ffff

/** Changing ids: allowed to those that the process has already. Nothing else, since the host's user stays. */
const setIds =
  (kind: "user" | "group") =>
  ({ process }: Kernel, ...wanted: ReadonlyArray<number>): number => {
    const mine = kind === "user" ? [process.uid, process.euid] : [process.gid, process.egid]
    return wanted.every((id) => id === same || mine.includes(id)) ? 0 : -Errno.EPERM
  }

const setUser = setIds("user")
const setGroup = setIds("group")

const put3 = (
  kernel: Kernel,
  addresses: readonly [number, number, number],
  ids: readonly [number, number, number]
): number => addresses.reduce((error, address, i) => error || putInt(kernel.state, address, ids[i]!), 0)

const getgroups = (kernel: Kernel, size: number, address: number): number => {
  const { groups } = kernel.host
  if (size < 0) return -Errno.EINVAL
  if (size === 0) return groups.length
  if (size < groups.length) return -Errno.EINVAL
  return putBytes(kernel.state, address, new Uint8Array(Uint32Array.from(groups).buffer)) || groups.length
}

/** Whether a pid argument means this process: 0 does too. */
export const isSelf = ({ process, threads }: Kernel, pid: number): boolean =>
  pid === 0 || pid === process.pid || threads.list().some((thread) => thread.tid === pid)

/** The process that a pid argument means, also a zombie; 0 is the caller's. */
const processOf = (kernel: Kernel, pid: number): Kernel | undefined =>
  isSelf(kernel, pid) ? kernel : kernel.processes.find(pid)?.kernel

const getpgid = (kernel: Kernel, pid: number): number => processOf(kernel, pid)?.attributes.processGroup ?? -Errno.ESRCH

const getsid = (kernel: Kernel, pid: number): number => processOf(kernel, pid)?.attributes.session ?? -Errno.ESRCH

/** setpgid: of the process itself or a child of its session, to a group of its own or one of the session. */
const setpgid = (kernel: Kernel, pid: number, group: number): number => {
  if (group < 0) return -Errno.EINVAL
  const target = processOf(kernel, pid)
  if (target === undefined || (target !== kernel && target.node.parent !== kernel.node)) return -Errno.ESRCH
  const { attributes, process } = target
  const wanted = group === 0 ? process.pid : group
  if (attributes.session === process.pid || attributes.session !== kernel.attributes.session) return -Errno.EPERM
  const isInSession = kernel.processes
    .group(wanted)
    .some((member) => member.kernel.attributes.session === attributes.session)
  if (wanted !== process.pid && !isInSession) return -Errno.EPERM
  attributes.processGroup = wanted
  return 0
}

/** setsid: refused to the leader of a process group, which the first process of a run is. */
const setsid = ({ attributes, process, processes }: Kernel): number => {
  if (processes.group(process.pid).length > 0) return -Errno.EPERM
  attributes.processGroup = process.pid
  attributes.session = process.pid
  return process.pid
}

const capabilityVersion = 0x20080522

/** Capabilities 0 to 40, of which root has all. */
const allCapabilities = 0x1ff_ffff_ffffn

/** capget: `struct __user_cap_header_struct` (version, pid), then two halves of effective, permitted, inheritable. */
const capget = (kernel: Kernel, header: number, data: number): number => {
  const { state } = kernel
  if (writable(state, header, 8) === undefined) return -Errno.EFAULT
  if (state.view.getUint32(header, true) !== capabilityVersion) {
    state.view.setUint32(header, capabilityVersion, true)
    return data === 0 ? 0 : -Errno.EINVAL
  }
  if (!isSelf(kernel, state.view.getInt32(header + 4, true))) return -Errno.ESRCH
  const held = kernel.process.euid === 0 ? allCapabilities : 0n
  const [low, high] = [Number(held & 0xffff_ffffn), Number(held >> 32n)]
  return data === 0 ? 0 : putBytes(state, data, new Uint8Array(Uint32Array.of(low, low, 0, high, high, 0).buffer))
}

/** capset: accepted from root, who keeps what the host gives; others may only ask for none. */
const capset = (kernel: Kernel, header: number, data: number): number => {
  if (readable(kernel.state, header, 8) === undefined) return -Errno.EFAULT
  const sets = readable(kernel.state, data, 24)
  if (sets === undefined) return -Errno.EFAULT
  return kernel.process.euid !== 0 && sets.some((byte) => byte !== 0) ? -Errno.EPERM : 0
}

const ownIdsOnly = "only to ids that the process has"

export const identitySyscalls = [
  row(90, "capget", ["pointer", "pointer"], capget, "all for root, none for others"),
  row(91, "capset", ["pointer", "pointer"], capset, "without effect"),
  row(143, "setregid", ["uint", "uint"], setGroup, ownIdsOnly),
  row(144, "setgid", ["uint"], setGroup, ownIdsOnly),
  row(145, "setreuid", ["uint", "uint"], setUser, ownIdsOnly),
  row(146, "setuid", ["uint"], setUser, ownIdsOnly),
  row(147, "setresuid", ["uint", "uint", "uint"], setUser, ownIdsOnly),
  row(148, "getresuid", ["pointer", "pointer", "pointer"], (kernel, real, effective, saved) => {
    const { uid, euid } = kernel.process
    return put3(kernel, [real, effective, saved], [uid, euid, euid])
  }),
  row(149, "setresgid", ["uint", "uint", "uint"], setGroup, ownIdsOnly),
  row(150, "getresgid", ["pointer", "pointer", "pointer"], (kernel, real, effective, saved) => {
    const { gid, egid } = kernel.process
    return put3(kernel, [real, effective, saved], [gid, egid, egid])
  }),
  row(151, "setfsuid", ["uint"], ({ process }) => process.euid, "never changes it"),
  row(152, "setfsgid", ["uint"], ({ process }) => process.egid, "never changes it"),
  row(154, "setpgid", ["int", "int"], setpgid, "known to the emulator only"),
  row(155, "getpgid", ["int"], getpgid, "of processes of this run"),
  row(156, "getsid", ["int"], getsid, "of processes of this run"),
  row(157, "setsid", [], setsid, "known to the emulator only"),
  row(158, "getgroups", ["int", "pointer"], getgroups),
  row(159, "setgroups", ["size", "pointer"], () => -Errno.EPERM, "always EPERM"),
  row(172, "getpid", [], ({ process }) => process.pid),
  row(173, "getppid", [], ({ process }) => process.ppid),
  row(174, "getuid", [], ({ process }) => process.uid),
  row(175, "geteuid", [], ({ process }) => process.euid),
  row(176, "getgid", [], ({ process }) => process.gid),
  row(177, "getegid", [], ({ process }) => process.egid)
]
