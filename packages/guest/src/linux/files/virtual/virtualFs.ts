/** What a process finds in /proc, /sys and /dev of its own kernel. */
import type { Kernel } from "../../kernel/Kernel.ts"
import { type DeviceName, devices } from "../open/DeviceFile.ts"
import { processDirectory } from "./proc/processDirectory.ts"
import { sysDirectory, systemFiles } from "./proc/systemFiles.ts"
import { directoryOf, type VirtualDirectory, type VirtualFs, type VirtualNode } from "./VirtualNode.ts"

/** /proc: processes and threads by id, and files of the machine. */
const procDirectory = (kernel: () => Kernel): VirtualDirectory => {
  const system = systemFiles(kernel)
  const child = (name: string): VirtualNode | undefined => {
    const { process, processes, threads } = kernel()
    if (name === "self") return { kind: "link", target: `${process.pid}` }
    if (name === "thread-self") return { kind: "link", target: `${process.pid}/task/${threads.current?.tid ?? process.pid}` }
    if (!/^[1-9]\d*$/.test(name)) return Object.hasOwn(system, name) ? system[name] : undefined
    // threads have no entry in the listing, and are found all the same
    const id = Number(name)
    const node = processes.find(id) ?? processes.live().find((live) => live.kernel.threads.find(id) !== undefined)
    return node === undefined ? undefined : processDirectory(node.kernel)
  }
  return {
    kind: "directory",
    entries: () => [
      ...kernel()
        .processes.all()
        .map(({ pid }) => String(pid)),
      "self",
      "thread-self",
      ...Object.keys(system)
    ],
    child
  }
}

/** Links of /dev to the descriptors. */
const links: Readonly<Record<string, string>> = {
  fd: "/proc/self/fd",
  stdin: "/proc/self/fd/0",
  stdout: "/proc/self/fd/1",
  stderr: "/proc/self/fd/2"
}

const device = (name: string): VirtualNode | undefined => {
  if (Object.hasOwn(links, name)) return { kind: "link", target: links[name]! }
  return Object.hasOwn(devices, name) ? { kind: "device", device: name as DeviceName } : undefined
}

const deviceDirectory = directoryOf(
  Object.fromEntries([...Object.keys(devices), ...Object.keys(links)].map((name) => [name, device(name)!]))
)

/**
 * Makes the virtual files of a process. `kernel` is called when one is looked up or read, so it may be the record that this becomes
 * part of.
 */
export const makeVirtualFs = (kernel: () => Kernel): VirtualFs => {
  const tops = new Map([
    ["proc", procDirectory(kernel)],
    ["sys", sysDirectory(kernel)]
  ])
  return { top: (name) => tops.get(name), device, devices: deviceDirectory }
}
