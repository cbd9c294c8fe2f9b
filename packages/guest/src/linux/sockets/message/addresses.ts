/** Addresses in guest memory. */
import { Errno } from "../../kernel/errno.ts"
import type { Kernel } from "../../kernel/Kernel.ts"
import { getInt, putInt } from "../../user/userBuffers.ts"
import { readable, writable } from "../../user/UserMemory.ts"
import { decodeAddress, encodeAddress, maxAddress, type SocketAddress } from "../address/SocketAddress.ts"
import type { Socket } from "../Socket.ts"

/** Reads an address for a socket, or gives a negative errno. */
export const readAddress = (kernel: Kernel, socket: Socket, at: number, length: number): SocketAddress | number => {
  if (length < 0 || length > maxAddress) return -Errno.EINVAL
  const bytes = readable(kernel.state, at, length)
  return bytes === undefined ? -Errno.EFAULT : decodeAddress(bytes.slice(), socket.kind.family)
}

/**
 * Stores an address as far as there is room; its whole length (0 for none), or a negative errno.
 *
 * @param room bytes at `at`
 */
export const storeAddress = (
  kernel: Kernel,
  socket: Socket,
  address: SocketAddress | undefined,
  at: number,
  room: number
): number => {
  if (address === undefined) return 0
  const bytes = encodeAddress(address, socket.kind.family)
  const part = bytes.subarray(0, Math.max(0, room))
  const target = writable(kernel.state, at, part.length)
  if (target === undefined) return -Errno.EFAULT
  target.set(part)
  return bytes.length
}

/** Stores an address where the room is told by a number in memory, which becomes the whole length: 0 or a negative errno. */
export const putAddress = (
  kernel: Kernel,
  socket: Socket,
  address: SocketAddress | undefined,
  at: number,
  lengthAt: number
): number => {
  const room = getInt(kernel.state, lengthAt)
  if (room === undefined) return -Errno.EFAULT
  if (room < 0) return -Errno.EINVAL
  const length = storeAddress(kernel, socket, address, at, room)
  return length < 0 ? length : putInt(kernel.state, lengthAt, length)
}
