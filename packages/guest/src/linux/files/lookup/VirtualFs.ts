/** Paths that the emulator answers itself: /proc of the guest process, and a few devices. */
import type { HostDirent, HostStat } from "../../../HostFs.ts"
import { S } from "../constants.ts"
import { deviceStat, devices, type DeviceName } from "../open/DeviceFile.ts"
import { syntheticStat, type OpenFile } from "../open/OpenFile.ts"
import { baseName, tidy } from "./Path.ts"

/** What a path of ours leads to. */
export type VirtualNode =
  | { readonly kind: "text"; readonly read: () => Uint8Array }
  | { readonly kind: "link"; readonly target: string; readonly file?: OpenFile }
  | { readonly kind: "directory"; readonly entries: () => ReadonlyArray<string> }
  | { readonly kind: "device"; readonly device: DeviceName }

/** What /proc tells of a process. Texts are made when a file is opened. */
export interface ProcessView {
  readonly pid: number
  /** Contents of the files of /proc/self, by name. */
  readonly texts: Readonly<Record<string, () => Uint8Array>>
  /** Targets of its links: `exe`, `cwd`, `root`. */
  readonly links: Readonly<Record<string, () => string>>
  /** Contents of files of /proc itself. */
  readonly system: Readonly<Record<string, () => Uint8Array>>
  readonly threads: () => ReadonlyArray<number>
}

/** The virtual paths of one process. */
export class VirtualFs {
  readonly #process: ProcessView
  readonly #files: () => ReadonlyMap<number, OpenFile>

  constructor(process: ProcessView, files: () => ReadonlyMap<number, OpenFile>) {
    this.#process = process
    this.#files = files
  }

  /** The node at an absolute path, or undefined if the path is the host's (or doesn't exist among ours). */
  lookup(path: string): VirtualNode | undefined {
    if (!path.startsWith("/proc/") && !path.startsWith("/dev/")) return undefined
    const [, top, name, ...rest] = tidy(path).split("/")
    if (name === undefined) return undefined
    if (top === "dev") return this.#device(name, rest)
    if (name === "self" || name === `${this.#process.pid}`) return this.#ofProcess(rest, name)
    if (name === "thread-self") return this.#ofProcess(rest, `self/task/${this.#process.pid}`)
    const text = rest.length === 0 ? own(this.#process.system, name) : undefined
    return text === undefined ? undefined : { kind: "text", read: text }
  }

  /** Whether a path lies where only our nodes exist, so that the host isn't asked. */
  owns(path: string): boolean {
    return /^\/proc\/(self|thread-self)\/./.test(tidy(path)) || tidy(path).startsWith(`/proc/${this.#process.pid}/`)
  }

  #device(name: string, rest: ReadonlyArray<string>): VirtualNode | undefined {
    if (name === "fd") return this.#descriptors(rest)
    const standard = ["stdin", "stdout", "stderr"].indexOf(name)
    if (standard >= 0 && rest.length === 0) return this.#descriptors([`${standard}`])
    return rest.length === 0 && Object.hasOwn(devices, name) ? { kind: "device", device: name as DeviceName } : undefined
  }

  #ofProcess(rest: ReadonlyArray<string>, self: string): VirtualNode | undefined {
    const [name, ...below] = rest
    if (name === undefined) return self === "self" ? { kind: "link", target: `${this.#process.pid}` } : this.#root()
    if (name === "fd") return this.#descriptors(below)
    if (name === "task") {
      const threads = this.#process.threads().map(String)
      const [thread, ...inThread] = below
      if (thread === undefined) return { kind: "directory", entries: () => threads }
      if (!threads.includes(thread)) return undefined
      return inThread.length === 0 ? this.#root() : inThread[0] === "task" ? undefined : this.#ofProcess(inThread, thread)
    }
    if (below.length > 0) return undefined
    const text = own(this.#process.texts, name)
    if (text !== undefined) return { kind: "text", read: text }
    const link = own(this.#process.links, name)
    return link === undefined ? undefined : { kind: "link", target: link() }
  }

  #root(): VirtualNode {
    const { texts, links } = this.#process
    return { kind: "directory", entries: () => ["fd", "task", ...Object.keys(texts), ...Object.keys(links)] }
  }

  #descriptors(rest: ReadonlyArray<string>): VirtualNode | undefined {
    const files = this.#files()
    if (rest.length === 0) return { kind: "directory", entries: () => [...files.keys()].map(String) }
    const file = /^\d+$/.test(rest[0]!) ? files.get(Number(rest[0])) : undefined
    return file === undefined || rest.length > 1 ? undefined : { kind: "link", target: file.name(), file }
  }
}

/** Status of a node; of a link itself. */
export const nodeStat = (node: VirtualNode, path: string): HostStat => {
  switch (node.kind) {
    case "text":
      return syntheticStat(S.IFREG | 0o444, inodeOf(path))
    case "link":
      return syntheticStat(S.IFLNK | 0o777, inodeOf(path))
    case "directory":
      return syntheticStat(S.IFDIR | 0o555, inodeOf(path), { nlink: 2 })
    case "device":
      return deviceStat(node.device)
  }
}

/** Directory entries of a node's names, as far as `lookup` finds them. */
export const nodeEntries = (names: ReadonlyArray<string>, path: string, virtual: VirtualFs): Array<HostDirent> => [
  { name: ".", type: 4, ino: inodeOf(path) },
  { name: "..", type: 4, ino: inodeOf(path.slice(0, -baseName(path).length)) },
  ...names.map((name): HostDirent => {
    const node = virtual.lookup(`${path}/${name}`)
    const type = node === undefined ? 0 : (nodeStat(node, path).mode & S.IFMT) >>> 12
    return { name, type, ino: inodeOf(`${path}/${name}`) }
  })
]

/** A stable inode number for a path (FNV-1a). */
const inodeOf = (path: string): bigint => {
  let hash = 0x811c9dc5
  for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 0x01000193)
  return BigInt(0x1_0000_0000 + (hash >>> 0))
}

const own = <A>(record: Readonly<Record<string, A>>, name: string): A | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined
