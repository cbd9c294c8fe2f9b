/** What IPC_STAT and IPC_SET move: `struct shmid64_ds`, `semid64_ds` and `msqid64_ds` of 64 bits, each behind a `struct ipc64_perm`. */
import type { CpuState } from "@emu/tcg/CpuState"
import { Errno } from "../kernel/errno.ts"
import { putBytes } from "../user/userBuffers.ts"
import { readable } from "../user/UserMemory.ts"
import type { Permissions } from "./IpcTable.ts"

const permissionsSize = 48

/**
 * Stores permissions and what follows them: 0 or -EFAULT.
 *
 * @param size of the whole structure
 * @param words 64-bit words by offset
 * @param halves 32-bit words by offset
 */
export const putRecord = (
  state: CpuState,
  at: number,
  permissions: Permissions,
  size: number,
  words: ReadonlyArray<readonly [number, number | bigint]>,
  halves: ReadonlyArray<readonly [number, number]> = []
): number => {
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  const { creatorGid, creatorUid, gid, key, mode, sequence, uid } = permissions
  view.setInt32(0, key, true)
  ;[uid, gid, creatorUid, creatorGid, mode].forEach((word, i) => view.setUint32(4 + 4 * i, word, true))
  view.setUint16(24, sequence, true)
  for (const [offset, word] of words) view.setBigInt64(offset, BigInt(word), true)
  for (const [offset, half] of halves) view.setInt32(offset, half, true)
  return putBytes(state, at, bytes)
}

/** Takes over owner and permission bits as IPC_SET has them: 0 or -EFAULT. */
export const takePermissions = (state: CpuState, at: number, permissions: Permissions): number => {
  const bytes = readable(state, at, permissionsSize)
  if (bytes === undefined) return -Errno.EFAULT
  permissions.uid = state.view.getUint32(at + 4, true)
  permissions.gid = state.view.getUint32(at + 8, true)
  permissions.mode = (permissions.mode & ~0o777) | (state.view.getUint32(at + 20, true) & 0o777)
  return 0
}
