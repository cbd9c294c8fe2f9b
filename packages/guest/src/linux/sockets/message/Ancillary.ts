/** What goes along with the bytes of a message: open files, and who has sent it. */
import type { OpenFile } from "../../files/open/OpenFile.ts"

/** Ids of a process, `struct ucred`. */
export interface Credentials {
  readonly pid: number
  readonly uid: number
  readonly gid: number
}

/** What is said of a sender that nobody knows. */
export const nobody: Credentials = { pid: 0, uid: 65534, gid: 65534 }

export interface Ancillary {
  /** Files on their way (SCM_RIGHTS), which the message holds. */
  readonly files: ReadonlyArray<OpenFile>
  readonly credentials: Credentials | undefined
}

/** Lets go of the files of a message that nobody will receive. */
export const discard = (ancillary: Ancillary | undefined): void => {
  for (const file of ancillary?.files ?? []) file.release()
}
