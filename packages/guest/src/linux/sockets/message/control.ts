/** Control messages: `struct cmsghdr` (length 0, level 8, type 12), data from 16 on, each padded to 8 bytes (cmsg(3)). */
import type { CpuState } from "@emu/tcg/CpuState"
import type { OpenFile } from "../../files/open/OpenFile.ts"
import { Errno } from "../../kernel/errno.ts"
import type { Kernel } from "../../kernel/Kernel.ts"
import { readable, writable } from "../../user/UserMemory.ts"
import { AF, MSG, SCM, SCM_MAX_FD, SOL_SOCKET } from "../constants.ts"
import { SO } from "../options/optionTable.ts"
import type { Socket } from "../Socket.ts"
import type { Ancillary, Credentials } from "./Ancillary.ts"

const headerSize = 16
const padded = (length: number): number => (length + 7) & ~7
/** Longest list of control messages (net.core.optmem_max). */
const maxControl = 131072

/** Reads what goes along with a message, and holds its files: undefined for nothing, or a negative errno. */
export const readControl = (
  kernel: Kernel,
  socket: Socket,
  address: number,
  length: number,
  own: Credentials
): Ancillary | undefined | number => {
  if (length === 0) return undefined
  if (length > maxControl) return -Errno.ENOBUFS
  if (readable(kernel.state, address, length) === undefined) return -Errno.EFAULT
  const { view } = kernel.state
  const files: Array<OpenFile> = []
  let credentials = own
  for (let at = address; at + headerSize <= address + length;) {
    const size = Number(view.getBigUint64(at, true))
    if (size < headerSize || at + size > address + length) return -Errno.EINVAL
    const level = view.getInt32(at + 8, true)
    const type = view.getInt32(at + 12, true)
    const data = { at: at + headerSize, length: size - headerSize }
    if (level === SOL_SOCKET && socket.kind.family === AF.UNIX) {
      const error =
        type === SCM.RIGHTS
          ? readFiles(kernel, data, files)
          : type === SCM.CREDENTIALS
            ? data.length === 12
              ? 0
              : -Errno.EINVAL
            : -Errno.EINVAL
      if (error < 0) return error
      if (type === SCM.CREDENTIALS) {
        const claimed = readCredentials(kernel.state, data.at)
        if (!mayClaim(kernel, claimed)) return -Errno.EPERM
        credentials = claimed
      }
    } else if (socket.kind.family !== AF.UNIX) return -Errno.EINVAL
    at += padded(size)
  }
  for (const file of files) file.hold()
  return { files, credentials }
}

interface Data {
  readonly at: number
  readonly length: number
}

const readFiles = (kernel: Kernel, { at, length }: Data, files: Array<OpenFile>): number => {
  for (let i = 0; i + 4 <= length; i += 4) {
    const file = kernel.files.get(kernel.state.view.getInt32(at + i, true))
    if (file === undefined) return -Errno.EBADF
    files.push(file)
  }
  return files.length > SCM_MAX_FD ? -Errno.EINVAL : 0
}

const readCredentials = ({ view }: CpuState, at: number): Credentials => ({
  pid: view.getInt32(at, true),
  uid: view.getUint32(at + 4, true),
  gid: view.getUint32(at + 8, true)
})

/** Only root says that somebody else has sent it. */
const mayClaim = ({ process }: Kernel, { gid, pid, uid }: Credentials): boolean =>
  process.euid === 0 ||
  (pid === process.pid && (uid === process.uid || uid === process.euid) && (gid === process.gid || gid === process.egid))

/** What was stored of control messages. */
interface Stored {
  readonly length: number
  /** MSG_CTRUNC where not all had room. */
  readonly flags: number
}

/** Stores what came along with a message, and gives the process descriptors of its files. */
export const writeControl = (
  kernel: Kernel,
  socket: Socket,
  ancillary: Ancillary | undefined,
  room: { readonly address: number; readonly length: number },
  closeOnExec: boolean
): Stored => {
  const { state } = kernel
  const length = writable(state, room.address, room.length) === undefined ? 0 : room.length
  let used = 0
  let flags = 0
  const put = (type: number, words: ReadonlyArray<number>): void => {
    const at = room.address + used
    state.view.setBigUint64(at, BigInt(headerSize + 4 * words.length), true)
    state.view.setInt32(at + 8, SOL_SOCKET, true)
    state.view.setInt32(at + 12, type, true)
    words.forEach((word, i) => state.view.setInt32(at + headerSize + 4 * i, word, true))
    used = Math.min(length, used + padded(headerSize + 4 * words.length))
  }
  if (socket.options.has(SO.PASSCRED) && socket.kind.family === AF.UNIX) {
    const { gid, pid, uid } = ancillary?.credentials ?? { pid: 0, uid: 65534, gid: 65534 }
    if (length >= headerSize + 12) put(SCM.CREDENTIALS, [pid, uid, gid])
    else flags = MSG.CTRUNC
  }
  const files = ancillary?.files ?? []
  const places = Math.min(files.length, Math.max(0, Math.floor((length - used - headerSize) / 4)))
  const descriptors: Array<number> = []
  for (const file of files.slice(0, places)) {
    const fd = kernel.files.install(file, closeOnExec)
    if (fd < 0) break
    descriptors.push(fd)
  }
  if (descriptors.length > 0) put(SCM.RIGHTS, descriptors)
  if (descriptors.length < files.length) flags = MSG.CTRUNC
  return { length: used, flags }
}
