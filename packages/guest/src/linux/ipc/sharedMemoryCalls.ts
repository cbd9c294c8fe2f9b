/** System V shared memory: shmget(2), shmat(2), shmdt(2), shmctl(2). A segment is that of a shared mapping, which outlives its mappings. */
import * as Layout from "@emu/tcg/Layout"
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { isAligned, pageDown, pageUp } from "../memory/AddressSpace.ts"
import { Prot } from "../memory/Prot.ts"
import type { Region } from "../memory/Region.ts"
import { seconds } from "./seconds.ts"
import { Access, IPC, mayAccess, mayControl } from "./IpcTable.ts"
import { SharedMemory } from "./SharedMemory.ts"
import { putRecord, takePermissions } from "./records.ts"

const SHM = {
  RDONLY: 0o10000,
  RND: 0o20000,
  REMAP: 0o40000,
  EXEC: 0o100000,
  DEST: 0o1000,
  HUGETLB: 0o4000,
  LOCK: 11,
  UNLOCK: 12
} as const

/** Bytes that all segments together may have. */
const maxTotal = 2 ** 31

export const shmget = (kernel: Kernel, key: number, size: number, flags: number): number => {
  const { segments } = kernel.ipc
  return segments.get(
    kernel,
    key,
    flags,
    (found) => (size > found.size ? -Errno.EINVAL : 0),
    (permissions) => {
      if (size === 0) return -Errno.EINVAL
      if ((flags & SHM.HUGETLB) !== 0) return -Errno.ENOMEM
      const total = segments.all().reduce((sum, segment) => sum + segment.size, size)
      if (total > maxTotal) return -Errno.ENOSPC
      return new SharedMemory(permissions, size, kernel.process.pid, seconds(kernel))
    }
  )
}

/** Where a segment is attached, in all processes: regions that begin with its first byte. */
const attachments = ({ processes }: Kernel, { segment }: SharedMemory): ReadonlyArray<Region> => {
  const spaces = new Set(processes.live().map(({ kernel }) => kernel.memory))
  return [...spaces].flatMap((space) =>
    space.regions.all.filter((region) => region.segment === segment && region.offset === 0)
  )
}

/** A segment by id. One that was removed goes with its last attachment. */
const find = (kernel: Kernel, id: number): SharedMemory | undefined => {
  const { segments } = kernel.ipc
  const found = segments.find(id)
  if (found === undefined || (found.permissions.mode & SHM.DEST) === 0) return found
  if (attachments(kernel, found).length > 0) return found
  segments.remove(found)
  return undefined
}

export const shmat = (kernel: Kernel, id: number, address: number, flags: number): number => {
  const found = find(kernel, id)
  if (found === undefined) return -Errno.EINVAL
  const readOnly = (flags & SHM.RDONLY) !== 0
  if (!mayAccess(kernel, found.permissions, readOnly ? Access.read : Access.read | Access.write)) return -Errno.EACCES
  const size = pageUp(found.size)
  const start = placeFor(kernel, address, size, flags)
  if (start < 0) return start
  kernel.shareMemory()
  const prot = Prot.read | (readOnly ? 0 : Prot.write) | ((flags & SHM.EXEC) === 0 ? 0 : Prot.exec)
  const name = `/SYSV${(found.permissions.key >>> 0).toString(16).padStart(8, "0")} (deleted)`
  kernel.memory.map(start, start + size, { prot, shared: true, segment: found.segment, name })
  found.lastUser = kernel.process.pid
  found.attachTime = seconds(kernel)
  return start
}

const placeFor = (kernel: Kernel, address: number, size: number, flags: number): number => {
  const { memory } = kernel
  if (address === 0) {
    if ((flags & SHM.REMAP) !== 0) return -Errno.EINVAL
    return memory.choose(size, 0) ?? -Errno.ENOMEM
  }
  const start = (flags & SHM.RND) === 0 ? address : pageDown(address)
  if (!isAligned(start) || start < Layout.guestBase) return -Errno.EINVAL
  if (!memory.inRange(start, start + size)) return -Errno.EINVAL
  const isFree = memory.regions.isFree(start, start + size)
  return isFree || (flags & SHM.REMAP) !== 0 ? start : -Errno.EINVAL
}

/** shmdt: takes away what is left of the attachment that begins at an address. */
export const shmdt = (kernel: Kernel, address: number): number => {
  const { ipc, memory } = kernel
  if (!isAligned(address)) return -Errno.EINVAL
  const first = memory.inRange(address, address) ? memory.regions.at(address) : undefined
  const object = ipc.segments.all().find(({ segment }) => segment === first?.segment)
  if (first === undefined || object === undefined || first.offset !== 0 || first.start !== address) return -Errno.EINVAL
  const parts = memory.regions.all.filter(
    ({ offset, segment, start }) => segment === object.segment && start - offset === address
  )
  for (const { end, start } of parts) memory.unmap(start, end)
  object.lastUser = kernel.process.pid
  object.detachTime = seconds(kernel)
  return 0
}

export const shmctl = (kernel: Kernel, id: number, command: number, buffer: number): number => {
  const found = find(kernel, id)
  if (found === undefined) return -Errno.EINVAL
  const { permissions } = found
  switch (command) {
    case IPC.STAT:
      return mayAccess(kernel, permissions, Access.read) ? putStatus(kernel, found, buffer) : -Errno.EACCES
    case IPC.SET: {
      if (!mayControl(kernel, permissions)) return -Errno.EPERM
      found.changeTime = seconds(kernel)
      return takePermissions(kernel.state, buffer, permissions)
    }
    case IPC.RMID:
      if (!mayControl(kernel, permissions)) return -Errno.EPERM
      permissions.mode |= SHM.DEST
      kernel.ipc.segments.hide(found)
      find(kernel, id)
      return 0
    // memory is never paged out here
    case SHM.LOCK:
    case SHM.UNLOCK:
      return mayControl(kernel, permissions) ? 0 : -Errno.EPERM
    default:
      return -Errno.EINVAL
  }
}

const putStatus = (kernel: Kernel, found: SharedMemory, buffer: number): number =>
  putRecord(
    kernel.state,
    buffer,
    found.permissions,
    112,
    [
      [48, found.size],
      [56, found.attachTime],
      [64, found.detachTime],
      [72, found.changeTime],
      [88, attachments(kernel, found).length]
    ],
    [
      [80, found.creator],
      [84, found.lastUser]
    ]
  )
