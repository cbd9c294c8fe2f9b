/** Processes as files (pidfd_open(2)): readable from their end on. */
import type { HostStat } from "../../../HostFs.ts"
import { O, POLL } from "../constants.ts"
import { OpenFile, syntheticStat } from "./OpenFile.ts"
import type { WaitQueue } from "./WaitQueue.ts"

/** What such a file knows of its process. */
export interface PidTarget {
  readonly pid: number
  /** How it has ended; undefined as long as it has not. */
  readonly end: object | undefined
  /** Woken at its end. */
  readonly ended: WaitQueue
}

export class PidFd extends OpenFile {
  readonly target: PidTarget

  constructor(target: PidTarget, flags: number) {
    super(O.RDWR | flags, target.ended)
    this.target = target
  }

  override name(): string {
    return "anon_inode:[pidfd]"
  }

  override stat(): HostStat {
    return syntheticStat(0o600, 1n)
  }

  override poll(): number {
    return this.target.end === undefined ? 0 : POLL.IN | POLL.RDNORM
  }
}
