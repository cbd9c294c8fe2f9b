/** Directories made of a list of entries: those of /proc that the emulator answers. */
import type { HostDirent, HostStat } from "../../../HostFs.ts"
import { Errno } from "../../kernel/errno.ts"
import { O, openOnly } from "../constants.ts"
import { OpenFile } from "./OpenFile.ts"

/** An open directory that getdents64 can read. */
export interface Directory {
  /** The next entry, not yet passed; undefined at the end, or a negative errno. */
  readonly peekEntry: () => HostDirent | number | undefined
  /** Passes that entry; the position behind it. */
  readonly nextEntry: () => number
}

/** A virtual directory. */
export class ListedDirectory extends OpenFile implements Directory {
  readonly #path: string
  readonly #stat: HostStat
  readonly #entries: ReadonlyArray<HostDirent>
  #position = 0

  constructor(path: string, stat: HostStat, entries: ReadonlyArray<HostDirent>, flags: number) {
    super(flags)
    this.#path = path
    this.#stat = stat
    this.#entries = entries
  }

  override name(): string {
    return this.#path
  }

  override stat(): HostStat {
    return this.#stat
  }

  override reopen(flags: number): ListedDirectory | number {
    if ((flags & O.ACCMODE) !== O.RDONLY) return -Errno.EISDIR
    return new ListedDirectory(this.#path, this.#stat, this.#entries, flags & ~openOnly)
  }

  override read(): number {
    return -Errno.EISDIR
  }

  override seek(offset: number, whence: number): number {
    const target = whence === 0 ? offset : whence === 1 ? this.#position + offset : -1
    if (target < 0) return -Errno.EINVAL
    this.#position = target
    return target
  }

  peekEntry(): HostDirent | undefined {
    return this.#entries[this.#position]
  }

  nextEntry(): number {
    return ++this.#position
  }
}
