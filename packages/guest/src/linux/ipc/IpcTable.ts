/** System V objects of one kind by id and by key: sysvipc(7). */
import { Errno } from "../kernel/errno.ts"

export const IPC = { CREAT: 0o1000, EXCL: 0o2000, NOWAIT: 0o4000, RMID: 0, SET: 1, STAT: 2, INFO: 3 } as const

/** The key of objects that nobody finds by key. */
const IPC_PRIVATE = 0

/** Who makes a call: what of a kernel decides on access. */
export interface IpcCaller {
  readonly process: { readonly euid: number; readonly egid: number }
  readonly host: { readonly groups: ReadonlyArray<number> }
}

/** Whose an object is, and who may use it: `struct ipc64_perm`. */
export interface Permissions {
  key: number
  uid: number
  gid: number
  readonly creatorUid: number
  readonly creatorGid: number
  /** Permission bits, and SHM_DEST. */
  mode: number
  readonly sequence: number
}

export interface IpcObject {
  readonly permissions: Permissions
}

/** Ids are an index, and above these bits how often it was used before. */
const indexBits = 15
const maxSequence = 0xffff

/** What somebody wants to do with an object. */
export const Access = { read: 4, write: 2 } as const

export class IpcTable<T extends IpcObject> {
  readonly #slots: Array<T | undefined> = []
  readonly #sequences: Array<number> = []
  readonly #limit: number

  /** @param limit how many objects there are at most */
  constructor(limit: number) {
    this.#limit = limit
  }

  /**
   * Finds or makes an object, as the *get calls do.
   *
   * @param check what is wrong with one that is there: 0 or a negative errno
   * @param make makes one, or gives a negative errno
   * @returns its id or a negative errno
   */
  get(
    caller: IpcCaller,
    key: number,
    flags: number,
    check: (object: T) => number,
    make: (permissions: Permissions) => T | number
  ): number {
    const found = key === IPC_PRIVATE ? -1 : this.#slots.findIndex((object) => object?.permissions.key === key)
    if (found < 0) {
      return key !== IPC_PRIVATE && (flags & IPC.CREAT) === 0 ? -Errno.ENOENT : this.#add(caller, key, flags, make)
    }
    if ((flags & (IPC.CREAT | IPC.EXCL)) === (IPC.CREAT | IPC.EXCL)) return -Errno.EEXIST
    const object = this.#slots[found]!
    // the bits of one class that are asked for must be there
    const wanted = ((flags >> 6) | (flags >> 3) | flags) & 0o7
    if (!mayAccess(caller, object.permissions, wanted)) return -Errno.EACCES
    return check(object) || this.#idAt(found)
  }

  #add(caller: IpcCaller, key: number, flags: number, make: (permissions: Permissions) => T | number): number {
    const free = this.#slots.indexOf(undefined)
    const index = free < 0 ? this.#slots.length : free
    if (index >= this.#limit) return -Errno.ENOSPC
    const { egid, euid } = caller.process
    const sequence = this.#sequences[index] ?? 0
    const own = { uid: euid, gid: egid, creatorUid: euid, creatorGid: egid }
    const object = make({ key, ...own, mode: flags & 0o777, sequence })
    if (typeof object === "number") return object
    this.#slots[index] = object
    this.#sequences[index] = sequence
    return this.#idAt(index)
  }

  #idAt(index: number): number {
    return (this.#sequences[index]! % (0x7fff_ffff >> indexBits)) * 2 ** indexBits + index
  }

  /** The object of an id; undefined where there is none any more. */
  find(id: number): T | undefined {
    const index = id & ((1 << indexBits) - 1)
    return id >= 0 && this.#slots[index] !== undefined && this.#idAt(index) === id ? this.#slots[index] : undefined
  }

  /** Takes an object away. Its id does not come back soon. */
  remove(object: T): void {
    const index = this.#slots.indexOf(object)
    if (index < 0) return
    this.#slots[index] = undefined
    this.#sequences[index] = (this.#sequences[index]! + 1) % maxSequence
  }

  /** Nobody finds it by its key any more. */
  hide(object: T): void {
    object.permissions.key = IPC_PRIVATE
  }

  all(): ReadonlyArray<T> {
    return this.#slots.filter((object) => object !== undefined)
  }
}

/** Whether a process may read (4), write (2) or both. */
export const mayAccess = ({ host, process }: IpcCaller, permissions: Permissions, wanted: number): boolean => {
  if (process.euid === 0) return true
  const isOwner = process.euid === permissions.uid || process.euid === permissions.creatorUid
  const groups = new Set([process.egid, ...host.groups])
  const isGroup = groups.has(permissions.gid) || groups.has(permissions.creatorGid)
  const granted = isOwner ? permissions.mode >> 6 : isGroup ? permissions.mode >> 3 : permissions.mode
  return (wanted & ~granted & 0o7) === 0
}

/** Whether a process may change or remove an object. */
export const mayControl = ({ process }: IpcCaller, { creatorUid, uid }: Permissions): boolean =>
  process.euid === 0 || process.euid === uid || process.euid === creatorUid
