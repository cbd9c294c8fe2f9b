/** A System V message queue. */
import { WaitQueue } from "../files/open/WaitQueue.ts"
import type { IpcObject, Permissions } from "./IpcTable.ts"

/** Bytes of a queue (MSGMNB). */
export const queueBytes = 16384

interface Message {
  readonly type: bigint
  readonly bytes: Uint8Array
}

export class Messages implements IpcObject {
  readonly permissions: Permissions
  readonly messages: Array<Message> = []
  /** Woken at each change. */
  readonly waiters = new WaitQueue()
  limit = queueBytes
  lastSender = 0
  lastReceiver = 0
  sendTime = 0n
  receiveTime = 0n
  changeTime: bigint
  isRemoved = false

  constructor(permissions: Permissions, now: bigint) {
    this.permissions = permissions
    this.changeTime = now
  }

  get size(): number {
    return this.messages.reduce((sum, { bytes }) => sum + bytes.length, 0)
  }
}
