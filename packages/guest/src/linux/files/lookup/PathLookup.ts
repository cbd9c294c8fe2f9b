/** From a path that the guest names to the host's path, or to a node that the emulator provides. */
import type { HostFsShape, HostStat } from "../../../HostFs.ts"
import { Errno } from "../../kernel/errno.ts"
import { PATH_MAX } from "../constants.ts"
import { baseName, dirName, join } from "./Path.ts"
import { nodeStat, type VirtualFs, type VirtualNode } from "./VirtualFs.ts"

/** What a path leads to: a path of the host (which may not exist) or a virtual node. */
export interface Target {
  readonly path: string
  readonly node?: VirtualNode
}

/** What the lookup needs. */
export interface PathLookupOptions {
  readonly host: HostFsShape
  readonly sysroot: string | undefined
  readonly cwd: string
  readonly virtual: VirtualFs
  /** The path of a descriptor's directory (AT_FDCWD: the current one), or a negative errno. */
  readonly directoryOf: (fd: number) => string | number
}

/**
 * Path lookup with the sysroot rule: an absolute path is the sysroot's if it exists there, else the host's. It holds for
 * calls that look at files; those that change names or the current directory mean the host's (as under QEMU).
 */
export class PathLookup {
  readonly virtual: VirtualFs
  /** The current directory: an absolute path of the host. */
  cwd: string
  readonly #options: PathLookupOptions

  constructor(options: PathLookupOptions) {
    this.#options = options
    this.virtual = options.virtual
    this.cwd = options.cwd
  }

  /**
   * Resolves a path relative to a directory descriptor.
   *
   * @param follow whether a symbolic link at the end is followed by what comes next
   * @param inSysroot whether the sysroot rule holds
   * @returns the target, or a negative errno: ENOENT for an empty path, EBADF, ENOTDIR, ENAMETOOLONG, ELOOP
   */
  resolve(dirfd: number, path: string, follow: boolean, inSysroot = true): Target | number {
    if (path === "") return -Errno.ENOENT
    if (path.length >= PATH_MAX) return -Errno.ENAMETOOLONG
    let absolute = path
    if (!path.startsWith("/")) {
      const directory = this.#options.directoryOf(dirfd)
      if (typeof directory === "number") return directory
      absolute = join(directory, path)
    }
    return this.#target(absolute, inSysroot && path.startsWith("/"), follow, 0)
  }

  /** The host's path of an absolute guest path: in the sysroot if it exists there. For the loader, which opens by itself. */
  hostPath(path: string): string {
    const target = this.#target(path, true, true, 0)
    return typeof target === "number" ? path : target.path
  }

  /** Status of what a path leads to. */
  stat(dirfd: number, path: string, follow: boolean): HostStat | number {
    const target = this.resolve(dirfd, path, follow)
    if (typeof target === "number") return target
    if (target.node !== undefined) {
      if (target.node.kind === "link" && follow && target.node.file !== undefined) return target.node.file.stat()
      return nodeStat(target.node, target.path)
    }
    return follow ? this.#options.host.stat(target.path) : this.#options.host.lstat(target.path)
  }

  #target(path: string, fromGuest: boolean, follow: boolean, depth: number): Target | number {
    if (depth > 40) return -Errno.ELOOP
    const node = this.virtual.lookup(path)
    if (node !== undefined) return this.#virtual(node, path, follow, depth)
    if (this.virtual.owns(path)) return this.#below(path, depth)
    const { host, sysroot } = this.#options
    if (!fromGuest || sysroot === undefined) return { path }
    const inside = sysroot + path
    if (follow ? host.exists(inside) : typeof host.lstat(inside) !== "number") return { path: inside }
    // A link within the sysroot whose target is absolute means a path of the sysroot, which the host can't know.
    const link = follow ? host.readlink(inside) : -Errno.EINVAL
    return typeof link === "string" && link.startsWith("/") ? this.#target(link, true, true, depth + 1) : { path }
  }

  #virtual(node: VirtualNode, path: string, follow: boolean, depth: number): Target | number {
    if (node.kind !== "link" || !follow) return { path, node }
    if (node.file !== undefined && node.file.hostFd < 0) return { path, node }
    if (node.target.startsWith("/")) return this.#target(node.target, false, true, depth + 1)
    return this.#target(join(dirName(path), node.target), false, true, depth + 1)
  }

  /** A path below a virtual link to a directory, such as /proc/self/cwd/name. */
  #below(path: string, depth: number): Target | number {
    const parent = dirName(path)
    const node = parent === path ? undefined : this.virtual.lookup(parent)
    if (node?.kind === "text") return -Errno.ENOTDIR
    if (node?.kind !== "link") return -Errno.ENOENT
    const target = this.#virtual(node, parent, true, depth)
    return typeof target === "number" ? target : { path: join(target.path, baseName(path)) }
  }
}
