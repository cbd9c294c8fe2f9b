/**
 * The walk along a path, component by component, as path_resolution(7) has it. It is done here and not by the host, so that every
 * component that the guest's own kernel answers (/proc, /sys, some devices) is recognised however a path gets there: by `..`, by
 * symbolic links, from a descriptor's directory. What comes out has no link and no dot-dot left for the host to follow.
 */
import { Errno } from "../../kernel/errno.ts"
import { S } from "../constants.ts"
import type { OpenFile } from "../open/OpenFile.ts"
import { type GuardedFs, isOurs } from "./HostGuard.ts"
import { join } from "./Path.ts"
import type { VirtualFs, VirtualNode } from "../virtual/VirtualNode.ts"

/** What a path leads to. */
export interface Target {
  /** The canonical path: the host's, or the guest's where `node` is set. */
  readonly path: string
  /** Whether something is there. Where not, its directory is. */
  readonly exists: boolean
  /** A named pipe is there. */
  readonly isFifo?: boolean
  /** What the guest's own kernel provides there. */
  readonly node?: VirtualNode
  /** The file of a descriptor, where a link of /proc/PID/fd led to it. */
  readonly file?: OpenFile
}

/** Host directories that a guest directory consists of; those in front hide those behind. The host's root is "". */
type Layers = ReadonlyArray<string>

/** Where walks take place. */
export interface World {
  readonly host: GuardedFs
  readonly virtual: VirtualFs
  /** Canonical path of the sysroot, without a slash at the end; undefined if there is none. */
  readonly sysroot: string | undefined
}

/** A directory on the way. */
interface Level {
  /** The path in the guest; "" for the root. */
  readonly path: string
  /** Those layers in which it is a directory. */
  readonly layers: Layers
  /** A directory of the guest's own kernel. */
  readonly node?: VirtualNode & { readonly kind: "directory" }
}

/** As many symbolic links as Linux follows. */
const maxLinks = 40

const execute = 1

export class Walk {
  readonly #world: World
  /** Layers of the root that absolute paths, those of links included, begin at. */
  readonly #layers: Layers
  #levels: Array<Level>
  /** Components to come, the next one last. */
  readonly #pending: Array<string>
  #links = 0

  /**
   * @param start the canonical path of the directory that a relative path begins at
   * @param inSysroot whether absolute paths are looked up in the sysroot first
   */
  constructor(world: World, start: string, path: string, inSysroot: boolean) {
    this.#world = world
    this.#layers = inSysroot && world.sysroot !== undefined && world.sysroot !== "" ? [world.sysroot, ""] : [""]
    this.#levels = [{ path: "", layers: this.#layers }]
    this.#pending = path.split("/").reverse()
    if (!path.startsWith("/")) this.#goTo(start)
  }

  /** Walks to the end: what is there, or a negative errno. */
  run(follow: boolean): Target | number {
    for (;;) {
      const name = this.#pending.pop()
      if (name === undefined) return this.#here()
      if (name === "" || name === ".") continue
      const end = name === ".." ? this.#up() : this.#step(name, this.#pending.length === 0, follow)
      if (end !== undefined) return end
    }
  }

  get #level(): Level {
    return this.#levels.at(-1)!
  }

  #here(): Target {
    const { path, node, layers } = this.#level
    if (node !== undefined) return { path, exists: true, node }
    const host = layers[0]! + path
    return { path: host === "" ? "/" : host, exists: true }
  }

  #up(): number | undefined {
    const { layers, node, path } = this.#level
    if (this.#levels.length === 1) return undefined
    if (node === undefined) {
      const denied = this.#world.host.access(layers[0]! + path, execute)
      if (denied < 0) return denied
    }
    this.#levels.pop()
    return undefined
  }

  #step(name: string, isLast: boolean, follow: boolean): Target | number | undefined {
    const { node, path } = this.#level
    const child = `${path}/${name}`
    if (node !== undefined) {
      const next = node.child(name)
      return next === undefined ? -Errno.ENOENT : this.#virtual(next, child, isLast, follow)
    }
    const ours = path === "" ? this.#world.virtual.top(name) : path === "/dev" ? this.#world.virtual.device(name) : undefined
    return ours === undefined ? this.#onHost(child, isLast, follow) : this.#virtual(ours, child, isLast, follow)
  }

  #virtual(node: VirtualNode, path: string, isLast: boolean, follow: boolean): Target | number | undefined {
    if (node.kind === "directory") {
      this.#levels.push({ path, layers: [], node })
      return undefined
    }
    if (node.kind !== "link") return isLast ? { path, exists: true, node } : -Errno.ENOTDIR
    if (isLast && !follow) return { path, exists: true, node }
    if (node.leadsTo === undefined) return this.#follow(node.target)
    if (++this.#links > maxLinks) return -Errno.ELOOP
    if (typeof node.leadsTo === "string") {
      this.#goTo(node.leadsTo)
      return undefined
    }
    if (isLast) return { path: node.leadsTo.name(), exists: true, file: node.leadsTo }
    const stat = node.leadsTo.stat()
    if (typeof stat === "number") return stat
    if ((stat.mode & S.IFMT) !== S.IFDIR) return -Errno.ENOTDIR
    this.#goTo(node.leadsTo.name())
    return undefined
  }

  #onHost(child: string, isLast: boolean, follow: boolean): Target | number | undefined {
    const { host } = this.#world
    const { layers } = this.#level
    const directories: Array<string> = []
    for (const layer of layers) {
      const path = layer + child
      const mode = host.directories.has(path) ? S.IFDIR : host.look(path)
      if (mode < 0) return mode
      if (mode === S.IFDIR) directories.push(layer)
      else if (mode !== 0 && directories.length === 0) return this.#leaf(path, mode, isLast, follow)
      if (isLast && directories.length > 0) break
    }
    if (directories.length === 0) return this.#missing(child)
    this.#levels.push({ path: child, layers: directories })
    return undefined
  }

  #leaf(path: string, mode: number, isLast: boolean, follow: boolean): Target | number | undefined {
    if (mode !== S.IFLNK) return isLast ? { path, exists: true, isFifo: mode === S.IFIFO } : -Errno.ENOTDIR
    if (isLast && !follow) return { path, exists: true }
    const target = this.#world.host.readlink(path)
    return typeof target === "number" ? target : this.#follow(target)
  }

  /** Nothing is there: the end of the path may be about to be made, on the host where the directory is of both. */
  #missing(path: string): Target | number | undefined {
    if (path === "/dev") {
      this.#levels.push({ path, layers: [], node: this.#world.virtual.devices })
      return undefined
    }
    if (this.#pending.some((name) => name !== "")) return -Errno.ENOENT
    const slash = this.#pending.length > 0 ? "/" : ""
    return { path: this.#levels[0]!.layers.at(-1)! + path + slash, exists: false }
  }

  #follow(target: string): undefined | number {
    if (++this.#links > maxLinks) return -Errno.ELOOP
    if (target === "") return -Errno.ENOENT
    if (target.startsWith("/")) this.#levels = [{ path: "", layers: this.#layers }]
    this.#pending.push(...target.split("/").reverse())
    return undefined
  }

  /** Goes to a canonical path: the host's, or one of ours. */
  #goTo(path: string): void {
    const { sysroot } = this.#world
    if (isOurs(path)) {
      this.#levels = [{ path: "", layers: this.#layers }]
      this.#pending.push(...path.split("/").reverse())
      return
    }
    const isInside = sysroot !== undefined && sysroot !== "" && (path === sysroot || path.startsWith(`${sysroot}/`))
    const layers = [isInside ? sysroot : ""]
    const inGuest = isInside ? path.slice(sysroot.length) : path
    this.#levels = [{ path: "", layers }]
    for (const name of inGuest.split("/")) {
      if (name !== "") this.#levels.push({ path: join(this.#level.path, name), layers })
    }
  }
}
