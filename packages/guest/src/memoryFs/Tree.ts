/** The tree of names of the file system in memory. */
import { Errno } from "../linux/kernel/errno.ts"
import { NAME_MAX, S } from "../linux/files/constants.ts"
import { Inode } from "./Inode.ts"

/** Where a path ends: the directory, the name in it, and what is there now. */
export interface Place {
  readonly directory: Inode
  readonly name: string
  readonly inode: Inode | undefined
  /** The path ended in a slash, so only a directory will do. */
  readonly mustBeDirectory: boolean
}

const mostLinks = 40

/**
 * Whether a symbolic link at the end of a path leads on: always; only before a slash, as for calls that look at a file; or
 * never, as for calls that change a name.
 */
export type Follow = "always" | "before slash" | "never"

/** Names and inodes. Functions give a negative errno on failure. */
export class Tree {
  readonly root: Inode
  readonly now: () => bigint
  #nextInode = 2n

  constructor(now: () => bigint) {
    this.now = now
    this.root = new Inode(1n, S.IFDIR | 0o755, now())
    this.root.nlink = 2
  }

  /** Makes an inode that has no name yet. */
  make(mode: number): Inode {
    return new Inode(this.#nextInode++, mode, this.now())
  }

  /** Finds the place that an absolute path means. */
  place(path: string, follow: Follow): Place | number {
    return this.#walk(this.root, path, follow, { links: 0 })
  }

  /** Finds what an absolute path leads to. */
  find(path: string, follow: boolean): Inode | number {
    const place = this.place(path, follow ? "always" : "before slash")
    if (typeof place === "number") return place
    if (place.inode === undefined) return -Errno.ENOENT
    return place.mustBeDirectory && !place.inode.isDirectory ? -Errno.ENOTDIR : place.inode
  }

  /** Puts an inode under a name. */
  link(directory: Inode, name: string, inode: Inode): void {
    const before = directory.entries.get(name)
    if (before !== undefined) this.unlink(directory, name, before)
    directory.entries.set(name, inode)
    inode.nlink++
    if (inode.isDirectory) {
      inode.parent = directory
      inode.nlink++
      directory.nlink++
    }
    this.#touched(directory)
    inode.ctimeNs = this.now()
  }

  /** Takes a name away. */
  unlink(directory: Inode, name: string, inode: Inode): void {
    directory.entries.delete(name)
    inode.nlink--
    if (inode.isDirectory) {
      inode.nlink--
      directory.nlink--
    }
    this.#touched(directory)
    inode.ctimeNs = this.now()
  }

  /** The absolute path of an inode, by its first name. */
  pathOf(inode: Inode): string | undefined {
    if (inode === this.root) return "/"
    const visit = (directory: Inode, path: string): string | undefined => {
      for (const [name, entry] of directory.entries) {
        if (entry === inode) return `${path}/${name}`
        const below = entry.isDirectory ? visit(entry, `${path}/${name}`) : undefined
        if (below !== undefined) return below
      }
      return undefined
    }
    return visit(this.root, "")
  }

  #touched(directory: Inode): void {
    directory.mtimeNs = this.now()
    directory.ctimeNs = directory.mtimeNs
  }

  #walk(start: Inode, path: string, follow: Follow, count: { links: number }): Place | number {
    let directory = path.startsWith("/") ? this.root : start
    const names = path.split("/").filter((name) => name !== "")
    const mustBeDirectory = path.endsWith("/")
    if (names.length === 0) return { directory, name: ".", inode: directory, mustBeDirectory }
    for (let i = 0; ; i++) {
      const name = names[i]!
      const isLast = i === names.length - 1
      if (!directory.isDirectory) return -Errno.ENOTDIR
      if (name.length > NAME_MAX) return -Errno.ENAMETOOLONG
      const inode = name === "." ? directory : name === ".." ? directory.parent : directory.entries.get(name)
      const leadsOn = inode?.type === S.IFLNK && (!isLast || follow === "always" || (mustBeDirectory && follow !== "never"))
      if (leadsOn) {
        if (++count.links > mostLinks) return -Errno.ELOOP
        const end = this.#walk(directory, inode.target, "always", count)
        if (typeof end === "number") return end
        if (isLast) return { ...end, mustBeDirectory: end.mustBeDirectory || mustBeDirectory }
        if (end.inode === undefined) return -Errno.ENOENT
        directory = end.inode
        continue
      }
      if (isLast) return { directory, name, inode, mustBeDirectory }
      if (inode === undefined) return -Errno.ENOENT
      directory = inode
    }
  }
}
