/** Inodes of the file system in memory. */
import type { HostStat } from "../HostFs.ts"
import { S } from "../linux/files/constants.ts"

/** A file, directory, symbolic link or other node. What isn't its kind's stays empty. */
export class Inode {
  readonly ino: bigint
  mode: number
  uid = 0
  gid = 0
  nlink = 0
  atimeNs: bigint
  mtimeNs: bigint
  ctimeNs: bigint
  readonly birthtimeNs: bigint
  /** Contents of a regular file: the first `size` bytes. */
  bytes = new Uint8Array(0)
  size = 0
  /** Entries of a directory, without `.` and `..`. */
  readonly entries = new Map<string, Inode>()
  /** The directory above a directory. */
  parent: Inode = this
  /** Target of a symbolic link. */
  target = ""
  /** Takes what is written, in place of contents: the standard streams. */
  sink: ((bytes: Uint8Array) => void) | undefined

  constructor(ino: bigint, mode: number, now: bigint) {
    this.ino = ino
    this.mode = mode
    this.atimeNs = now
    this.mtimeNs = now
    this.ctimeNs = now
    this.birthtimeNs = now
  }

  get type(): number {
    return this.mode & S.IFMT
  }

  get isDirectory(): boolean {
    return this.type === S.IFDIR
  }

  /** Changes the size of a regular file: what is added is zero. */
  resize(length: number): void {
    if (length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(length, this.bytes.length * 2))
      grown.set(this.bytes.subarray(0, this.size))
      this.bytes = grown
    }
    if (length < this.size) this.bytes.fill(0, length, this.size)
    this.size = length
  }

  stat(): HostStat {
    const size = this.type === S.IFLNK ? this.target.length : this.isDirectory ? 4096 : this.size
    return {
      dev: 1n,
      ino: this.ino,
      mode: this.mode,
      nlink: this.nlink,
      uid: this.uid,
      gid: this.gid,
      rdev: 0n,
      size,
      blksize: 4096,
      blocks: this.type === S.IFREG ? Math.ceil(size / 4096) * 8 : 0,
      atimeNs: this.atimeNs,
      mtimeNs: this.mtimeNs,
      ctimeNs: this.ctimeNs,
      birthtimeNs: this.birthtimeNs
    }
  }
}
