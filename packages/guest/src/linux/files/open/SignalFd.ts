/** Signals as files (signalfd(2)): a read takes those that are pending. */
import type { HostStat } from "../../../HostFs.ts"
import { Errno } from "../../kernel/errno.ts"
import type { Kernel } from "../../kernel/Kernel.ts"
import { Sig } from "../../signals/constants.ts"
import type { SignalInfo } from "../../signals/SignalInfo.ts"
import type { Signals } from "../../signals/Signals.ts"
import type { Thread } from "../../threads/Thread.ts"
import { O, POLL } from "../constants.ts"
import { OpenFile, syntheticStat } from "./OpenFile.ts"

/** Size of `struct signalfd_siginfo`. */
const infoSize = 128

/** Whose signals a file is about. */
interface Side {
  readonly signals: Signals
  readonly threads: () => ReadonlyArray<Thread>
}

export class SignalFd extends OpenFile {
  readonly #side: Side
  /** The same for all that look at the file. */
  readonly #wanted: { mask: bigint }

  /** @param side those who have made it: the signals that epoll tells of */
  constructor(side: Side, mask: bigint, flags: number, wanted = { mask }) {
    super(O.RDWR | flags, side.signals.arrivals)
    this.#side = side
    this.#wanted = wanted
  }

  get mask(): bigint {
    return this.#wanted.mask
  }

  set mask(mask: bigint) {
    this.#wanted.mask = mask
    this.waiters.wake()
  }

  /** The file as a thread sees it that reads or polls: the signals are its own and those of its process. */
  seenBy({ signals, thread }: Pick<Kernel, "signals" | "thread">): SignalFd {
    return new View(this, { signals, threads: () => [thread] }, this.#wanted)
  }

  override name(): string {
    return "anon_inode:[signalfd]"
  }

  override stat(): HostStat {
    return syntheticStat(0o600, 1n)
  }

  override read(into: Uint8Array): number {
    if (into.length < infoSize) return -Errno.EINVAL
    let done = 0
    while (into.length - done >= infoSize) {
      const info = this.#take()
      if (info === undefined) break
      into.set(encode(info), done)
      done += infoSize
    }
    return done === 0 ? -Errno.EAGAIN : done
  }

  override poll(): number {
    const { signals, threads } = this.#side
    const pending = threads().reduce((set, thread) => set | thread.pending.set, signals.pending.set)
    return (pending & this.#wanted.mask) === 0n ? 0 : POLL.IN | POLL.RDNORM
  }

  #take(): SignalInfo | undefined {
    for (const thread of this.#side.threads()) {
      const info = this.#side.signals.take(thread, this.#wanted.mask)
      if (info !== undefined) return info
    }
    return undefined
  }
}

/** What one thread sees of a file; the file itself is what is held. */
class View extends SignalFd {
  readonly #file: SignalFd

  constructor(file: SignalFd, side: Side, wanted: { mask: bigint }) {
    super(side, wanted.mask, file.flags, wanted)
    this.#file = file
  }

  override hold(): this {
    this.#file.hold()
    return this
  }

  override release(): void {
    this.#file.release()
  }

  override get closed(): boolean {
    return this.#file.closed
  }
}

/** The file as the calling thread sees it. */
export const seenBy = (kernel: Kernel, file: OpenFile): OpenFile => (file instanceof SignalFd ? file.seenBy(kernel) : file)

const encode = (info: SignalInfo): Uint8Array => {
  const bytes = new Uint8Array(infoSize)
  const view = new DataView(bytes.buffer)
  const { code, pid = 0, signal, timer, uid = 0, value = 0n } = info
  view.setUint32(0, signal, true)
  view.setInt32(8, code, true)
  view.setUint32(12, timer === undefined ? pid : 0, true)
  view.setUint32(16, timer === undefined ? uid : 0, true)
  view.setUint32(24, timer?.id ?? 0, true)
  view.setUint32(32, timer?.overrun ?? 0, true)
  if (signal === Sig.CHLD && code > 0) {
    view.setInt32(40, Number(BigInt.asIntN(32, value)), true)
  } else {
    view.setInt32(44, Number(BigInt.asIntN(32, value)), true)
    view.setBigUint64(48, BigInt.asUintN(64, value), true)
  }
  view.setBigUint64(72, BigInt.asUintN(64, info.address ?? 0n), true)
  return bytes
}
