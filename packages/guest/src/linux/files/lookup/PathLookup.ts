/** From a path that the guest names to the host's path, or to what the guest's own kernel provides. */
import type { HostStat } from "../../../HostFs.ts"
import { Errno } from "../../kernel/errno.ts"
import { PATH_MAX, S } from "../constants.ts"
import type { VirtualFs } from "../virtual/VirtualNode.ts"
import { nodeStat } from "../virtual/nodeStatus.ts"
import type { GuardedFs } from "./HostGuard.ts"
import { type Target, Walk, type World } from "./Walk.ts"

/** What the lookup needs. */
export interface PathLookupOptions {
  readonly host: GuardedFs
  /** Canonical, without a slash at the end. */
  readonly sysroot: string | undefined
  readonly cwd: string
  readonly virtual: VirtualFs
  /** The path of a descriptor's directory (AT_FDCWD: the current one), or a negative errno. */
  readonly directoryOf: (fd: number) => string | number
}

/**
 * Path lookup with the sysroot rule: an absolute path is the sysroot's if it exists there, else the host's. It holds for calls that
 * look at files; those that change names or the current directory mean the host's (as under QEMU). Paths that begin at a directory of
 * the sysroot stay in it.
 */
export class PathLookup {
  /** The current directory: a canonical path of the host, or of what the guest's own kernel provides. */
  cwd: string
  readonly #options: PathLookupOptions
  readonly #world: World

  constructor(options: PathLookupOptions) {
    this.#options = options
    this.#world = options
    this.cwd = options.cwd
  }

  /**
   * Resolves a path relative to a directory descriptor.
   *
   * @param follow whether a symbolic link at the end is followed
   * @param inSysroot whether the sysroot rule holds
   * @returns the target, or a negative errno: ENOENT for an empty path or a missing directory, EBADF, ENOTDIR, EACCES, ENAMETOOLONG,
   *   ELOOP
   */
  resolve(dirfd: number, path: string, follow: boolean, inSysroot = true): Target | number {
    if (path === "") return -Errno.ENOENT
    if (path.length >= PATH_MAX) return -Errno.ENAMETOOLONG
    const start = path.startsWith("/") ? "/" : this.#options.directoryOf(dirfd)
    if (typeof start === "number") return start
    return new Walk(this.#world, start, path, inSysroot).run(follow)
  }

  /** The host's path of an absolute guest path, or a negative errno: EACCES for what is not the host's. For the loader. */
  hostPath(path: string): string | number {
    const target = new Walk(this.#world, "/", path, true).run(true)
    if (typeof target === "number") return target
    return target.node === undefined ? target.path : -Errno.EACCES
  }

  /** Status of what a path leads to. */
  stat(dirfd: number, path: string, follow: boolean): HostStat | number {
    const target = this.resolve(dirfd, path, follow)
    return typeof target === "number" ? target : this.statTarget(target)
  }

  /** Status of what a lookup has found. */
  statTarget({ exists, file, node, path }: Target): HostStat | number {
    if (file !== undefined) return file.stat()
    if (node !== undefined) return nodeStat(node, path)
    // a link that was to be followed has been
    return exists ? this.#options.host.lstat(path) : -Errno.ENOENT
  }

  /** Whether the current directory is still there. */
  get hasCwd(): boolean {
    const here = this.stat(-100, ".", true)
    return typeof here !== "number" && (here.mode & S.IFMT) === S.IFDIR
  }
}
