/** A segment of System V shared memory. */
import { SharedSegment } from "../memory/SharedSegment.ts"
import type { IpcObject, Permissions } from "./IpcTable.ts"

/** A segment. Times are seconds. */
export class SharedMemory implements IpcObject {
  readonly permissions: Permissions
  readonly size: number
  readonly segment = new SharedSegment(true)
  readonly creator: number
  lastUser = 0
  attachTime = 0n
  detachTime = 0n
  changeTime: bigint

  constructor(permissions: Permissions, size: number, creator: number, now: bigint) {
    this.permissions = permissions
    this.size = size
    this.creator = creator
    this.changeTime = now
  }
}
