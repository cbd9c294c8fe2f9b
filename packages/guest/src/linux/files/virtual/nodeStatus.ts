/** Status and directory entries of virtual nodes. */
import type { HostDirent, HostStat } from "../../../HostFs.ts"
import { O, S } from "../constants.ts"
import { dirName } from "../lookup/Path.ts"
import { deviceStat } from "../open/DeviceFile.ts"
import { syntheticStat } from "../open/OpenFile.ts"
import type { VirtualDirectory, VirtualNode } from "./VirtualNode.ts"

/** Status of a node; of a link itself. */
export const nodeStat = (node: VirtualNode, path: string): HostStat => {
  switch (node.kind) {
    case "file":
      return syntheticStat(S.IFREG | node.mode, inodeOf(path))
    case "link":
      return syntheticStat(S.IFLNK | 0o777, inodeOf(path))
    case "directory":
      return syntheticStat(S.IFDIR | 0o555, inodeOf(path), { nlink: 2 })
    case "device":
      return deviceStat(node.device)
  }
}

/** Directory entries of a directory of ours. */
export const nodeEntries = (node: VirtualDirectory, path: string): Array<HostDirent> => [
  { name: ".", type: 4, ino: inodeOf(path) },
  { name: "..", type: 4, ino: inodeOf(dirName(path)) },
  ...node.entries().map((name): HostDirent => {
    const child = node.child(name)
    const type = child === undefined ? 0 : (nodeStat(child, path).mode & S.IFMT) >>> 12
    return { name, type, ino: inodeOf(`${path}/${name}`) }
  })
]

/** Whether the owner may open a file of such permissions with such flags: root meets the same, since there is nothing to override. */
export const mayOpen = (mode: number, flags: number): boolean => {
  const access = flags & O.ACCMODE
  const wanted = (access === O.RDONLY ? 0 : 0o200) | (access === O.WRONLY ? 0 : 0o400)
  return (flags & O.PATH) !== 0 || (mode & wanted) === wanted
}

/** A stable inode number for a path (FNV-1a). */
export const inodeOf = (path: string): bigint => {
  let hash = 0x811c9dc5
  for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 0x01000193)
  return BigInt(0x1_0000_0000 + (hash >>> 0))
}
