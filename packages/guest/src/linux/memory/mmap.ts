/** mmap, munmap and mremap: mmap(2), munmap(2), mremap(2), with the address choice of QEMU's linux-user. */
import * as Layout from "@emu/tcg/Layout"
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { type AddressSpace, isAligned, pageUp } from "./AddressSpace.ts"
import { Prot } from "./Prot.ts"

const MapFlag = {
  shared: 1,
  private: 2,
  sharedValidate: 3,
  type: 0xf,
  fixed: 0x10,
  anonymous: 0x20,
  fixedNoReplace: 0x10_0000
}

/** Flags that MAP_SHARED_VALIDATE knows: all but MAP_SYNC, and those that do not exist. */
const validated = 0x17_f93f

/**
 * mmap. Large mappings cost nothing until they are used (MAP_NORESERVE or not); MAP_GROWSDOWN, MAP_LOCKED and the like are
 * accepted and change nothing.
 *
 * @returns the address or a negative errno
 */
export const mmap = (
  kernel: Kernel,
  address: number,
  length: number,
  prot: number,
  flags: number,
  fd: number,
  offset: number
): number => {
  const space = kernel.memory
  const type = flags & MapFlag.type
  if (length === 0 || !isAligned(offset)) return -Errno.EINVAL
  if (type !== MapFlag.shared && type !== MapFlag.private && type !== MapFlag.sharedValidate) return -Errno.EINVAL
  const size = pageUp(length)
  const isFixed = (flags & (MapFlag.fixed | MapFlag.fixedNoReplace)) !== 0
  if (isFixed && !isAligned(address)) return -Errno.EINVAL
  if (size > Layout.userEnd) return -Errno.ENOMEM
  if (isFixed && !space.inRange(address, address + size)) return address < Layout.guestBase ? -Errno.EPERM : -Errno.ENOMEM

  const shared = type !== MapFlag.private
  const isAnonymous = (flags & MapFlag.anonymous) !== 0
  const found = isAnonymous
    ? "anonymous"
    : kernel.files.mappedFile(fd, { read: true, write: shared && (prot & Prot.write) !== 0 })
  if (typeof found === "number") return found
  const file = found === "anonymous" ? undefined : found
  const refused =
    file === undefined
      ? 0
      : offset + size > Number.MAX_SAFE_INTEGER
        ? Errno.EOVERFLOW
        : type === MapFlag.sharedValidate && (flags & ~validated) !== 0
          ? Errno.EOPNOTSUPP
          : 0
  if (refused !== 0) {
    file?.close()
    return -refused
  }

  const start = isFixed ? address : space.choose(size, address)
  const failure =
    start === undefined
      ? Errno.ENOMEM
      : (flags & MapFlag.fixedNoReplace) !== 0 && !space.regions.isFree(start, start + size)
        ? Errno.EEXIST
        : space.makeRoom(start, start + size)
          ? undefined
          : Errno.ENOMEM
  if (start === undefined || failure !== undefined) {
    file?.close()
    return -(failure ?? Errno.ENOMEM)
  }
  if (shared) kernel.shareMemory()
  space.map(start, start + size, { prot: prot & 7, shared, ...(file === undefined ? {} : { file, offset }) })
  return start
}

/** munmap: 0 or a negative errno; holes in the range are fine. */
export const munmap = (kernel: Kernel, address: number, length: number): number => {
  if (!isAligned(address) || length === 0) return -Errno.EINVAL
  const end = address + pageUp(length)
  if (!kernel.memory.inRange(address, end)) return -Errno.EINVAL
  kernel.memory.unmap(address, end)
  return 0
}

const RemapFlag = { mayMove: 1, fixed: 2, dontUnmap: 4 }

/**
 * mremap. A mapping that grows and may move always moves, to the first hole that fits while the old one is still there; one
 * that shrinks stays. That is what QEMU does, so addresses agree.
 *
 * @returns the new address or a negative errno
 */
export const mremap = (
  kernel: Kernel,
  address: number,
  oldLength: number,
  newLength: number,
  flags: number,
  newAddress: number
): number => {
  const space = kernel.memory
  const mayMove = (flags & RemapFlag.mayMove) !== 0
  const isFixed = (flags & RemapFlag.fixed) !== 0
  const keepOld = (flags & RemapFlag.dontUnmap) !== 0
  const oldSize = pageUp(oldLength)
  const newSize = pageUp(newLength)
  if (!isAligned(address) || newSize === 0 || (flags & ~7) !== 0) return -Errno.EINVAL
  if ((isFixed || keepOld) && !mayMove) return -Errno.EINVAL
  if (keepOld && oldSize !== newSize) return -Errno.EINVAL
  if (newSize > Layout.userEnd) return -Errno.ENOMEM
  if (oldSize === 0) return secondView(space, address, newSize, flags, newAddress)
  if (!space.inRange(address, address + oldSize) || !space.regions.isFull(address, address + oldSize)) return -Errno.EFAULT

  if (isFixed) {
    const end = newAddress + newSize
    if (!isAligned(newAddress) || !space.inRange(newAddress, end)) return -Errno.EINVAL
    if (newAddress < address + oldSize && address < end) return -Errno.EINVAL
    if (!space.makeRoom(newAddress, end)) return -Errno.ENOMEM
    space.move(address, oldSize, newAddress, newSize, keepOld)
    return newAddress
  }
  if (newSize <= oldSize && !keepOld) {
    if (newSize < oldSize) space.unmap(address + newSize, address + oldSize)
    return address
  }
  if (!mayMove) return growInPlace(kernel, address, oldSize, newSize)
  const to = space.choose(newSize, 0)
  if (to === undefined) return -Errno.ENOMEM
  space.move(address, oldSize, to, newSize, keepOld)
  return to
}

/** An old length of 0 asks for another mapping of what a shared one shows from an address on. */
const secondView = (space: AddressSpace, address: number, size: number, flags: number, newAddress: number): number => {
  const region = space.inRange(address, address) ? space.regions.at(address) : undefined
  if (region === undefined) return -Errno.EFAULT
  const isFixed = (flags & RemapFlag.fixed) !== 0
  if (region.segment === undefined || (flags & (RemapFlag.mayMove | RemapFlag.dontUnmap)) !== RemapFlag.mayMove) {
    return -Errno.EINVAL
  }
  const end = newAddress + size
  if (isFixed && (!isAligned(newAddress) || !space.inRange(newAddress, end))) return -Errno.EINVAL
  if (isFixed && newAddress < region.end && region.start < end) return -Errno.EINVAL
  const to = isFixed ? newAddress : space.choose(size, 0)
  if (to === undefined || !space.makeRoom(to, to + size)) return -Errno.ENOMEM
  const { file, name, offset, prot, segment, start } = region
  space.map(to, to + size, { prot, shared: true, name, segment, ...(file && { file }), offset: offset + address - start })
  return to
}

const growInPlace = (kernel: Kernel, address: number, oldSize: number, newSize: number): number => {
  const space = kernel.memory
  const oldEnd = address + oldSize
  const end = address + newSize
  const last = space.regions.at(oldEnd - 1)!
  if (end > Layout.userEnd || !space.regions.isFree(oldEnd, end) || !space.makeRoom(oldEnd, end)) return -Errno.ENOMEM
  space.map(oldEnd, end, {
    prot: last.prot,
    shared: last.shared,
    name: last.name,
    ...(last.segment && { segment: last.segment }),
    ...(last.file === undefined ? {} : { file: last.file }),
    offset: last.shared || last.file !== undefined ? last.offset + (oldEnd - last.start) : 0
  })
  return address
}
