/** From what the run's processes do to files, to those who watch them. */
import { S } from "../constants.ts"
import type { HostFsShape } from "../../../HostFs.ts"
import { IN, type Inotify, type Watchers } from "./Inotify.ts"

/** What is at a path. */
export interface Subject {
  readonly identity: string
  readonly isDirectory: boolean
  readonly links: number
}

export class Notifier implements Watchers {
  readonly #instances = new Map<string, Set<Inotify>>()
  readonly #host: Pick<HostFsShape, "lstat">
  #cookie = 0

  constructor(host: Pick<HostFsShape, "lstat">) {
    this.#host = host
  }

  /** Whether anything is watched at all. */
  get isActive(): boolean {
    return this.#instances.size > 0
  }

  add(identity: string, instance: Inotify): void {
    this.#instances.set(identity, (this.#instances.get(identity) ?? new Set()).add(instance))
  }

  remove(identity: string, instance: Inotify): void {
    const instances = this.#instances.get(identity)
    instances?.delete(instance)
    if (instances?.size === 0) this.#instances.delete(identity)
  }

  /** What is at a path, a link itself; undefined where nothing is. */
  subject(path: string): Subject | undefined {
    const stat = this.#host.lstat(path)
    if (typeof stat === "number") return undefined
    const isDirectory = (stat.mode & S.IFMT) === S.IFDIR
    return { identity: `${stat.dev}:${stat.ino}`, isDirectory, links: stat.nlink }
  }

  /** Tells those who watch a file, and those who watch its directory. */
  happened(path: string, mask: number, subject = this.subject(path)): void {
    const kind = subject?.isDirectory === true ? IN.ISDIR : 0
    this.inDirectory(path, mask | kind)
    if (subject !== undefined) this.#tell(subject.identity, mask | kind)
  }

  /** Tells those who watch the directory of a path. */
  inDirectory(path: string, mask: number, cookie = 0): void {
    const slash = path.lastIndexOf("/")
    const parent = this.subject(path.slice(0, slash) || "/")
    if (parent !== undefined) this.#tell(parent.identity, mask, path.slice(slash + 1), cookie)
  }

  /** A name was taken away from a file, which may have been its last one. */
  unlinked(path: string, { identity, isDirectory, links }: Subject): void {
    const isLast = isDirectory || links <= 1
    if (!isDirectory) this.#tell(identity, IN.ATTRIB)
    this.inDirectory(path, IN.DELETE | (isDirectory ? IN.ISDIR : 0))
    if (isLast) this.#gone(identity)
  }

  /** A file has another name. */
  renamed(from: string, to: string, { identity, isDirectory }: Subject, replaced: Subject | undefined): void {
    const kind = isDirectory ? IN.ISDIR : 0
    const cookie = ++this.#cookie
    this.inDirectory(from, IN.MOVED_FROM | kind, cookie)
    this.inDirectory(to, IN.MOVED_TO | kind, cookie)
    if (replaced !== undefined && replaced.identity !== identity) {
      if (!replaced.isDirectory) this.#tell(replaced.identity, IN.ATTRIB)
      if (replaced.isDirectory || replaced.links <= 1) this.#gone(replaced.identity)
    }
    this.#tell(identity, IN.MOVE_SELF)
  }

  #gone(identity: string): void {
    this.#tell(identity, IN.DELETE_SELF)
    for (const instance of this.#instances.get(identity) ?? []) instance.gone(identity)
  }

  #tell(identity: string, mask: number, name = "", cookie = 0): void {
    for (const instance of this.#instances.get(identity) ?? []) instance.tell(identity, mask, name, cookie)
  }
}
