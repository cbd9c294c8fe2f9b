/** `struct msghdr` and `struct mmsghdr` of 64 bits. */
import type { CpuState } from "@emu/tcg/CpuState"
import { Errno } from "../../kernel/errno.ts"
import { type UserBuffer, userVector } from "../../user/userBuffers.ts"
import { readable, writable } from "../../user/UserMemory.ts"

/** Most buffers of a message. */
const UIO_MAXIOV = 1024

/** Bytes of a header, and from one to the next of several. */
const headerSize = 56
export const headerStride = 64

/** A message header: where names, buffers and control messages are. */
export interface Header {
  readonly address: number
  readonly name: number
  readonly nameLength: number
  readonly buffers: ReadonlyArray<UserBuffer>
  readonly control: number
  readonly controlLength: number
}

/** Reads the header at an address, or gives a negative errno. */
export const readHeader = (state: CpuState, address: number): Header | number => {
  if (readable(state, address, headerSize) === undefined) return -Errno.EFAULT
  const word = (offset: number): number => Number(state.view.getBigUint64(address + offset, true))
  const nameLength = state.view.getInt32(address + 8, true)
  if (nameLength < 0) return -Errno.EINVAL
  if (word(24) > UIO_MAXIOV) return -Errno.EMSGSIZE
  const buffers = userVector(state, word(16), word(24))
  if (typeof buffers === "number") return buffers
  return { address, name: word(0), nameLength, buffers, control: word(32), controlLength: word(40) }
}

/** Stores what has come of a received message in its header: 0 or -EFAULT. */
export const writeHeader = (
  state: CpuState,
  address: number,
  { control, flags, name }: { readonly name: number; readonly control: number; readonly flags: number }
): number => {
  if (writable(state, address, headerSize) === undefined) return -Errno.EFAULT
  state.view.setUint32(address + 8, name, true)
  state.view.setBigUint64(address + 40, BigInt(control), true)
  state.view.setUint32(address + 48, flags, true)
  return 0
}

/** Stores the length of one of several messages. */
export const writeLength = (state: CpuState, address: number, length: number): void =>
  state.view.setUint32(address + headerSize, length, true)
