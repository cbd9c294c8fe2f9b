/** Files and directories that the guest's own kernel provides: /proc, /sys, and a few devices. */
import type { OpenFile } from "../open/OpenFile.ts"
import type { DeviceName } from "../open/DeviceFile.ts"

/** How a file of ours is opened. */
export interface OpenRequest {
  /** Its path in the guest. */
  readonly path: string
  /** Access mode and status flags. */
  readonly flags: number
}

/** What a path of ours leads to. */
export type VirtualNode =
  | {
      readonly kind: "file"
      /** Permission bits. */
      readonly mode: number
      readonly open: (request: OpenRequest) => OpenFile | number
    }
  | {
      readonly kind: "link"
      /** What readlink(2) says. */
      readonly target: string
      /** Where it leads instead of along its text: to an open file, or to a canonical path of the host. */
      readonly leadsTo?: OpenFile | string
    }
  | {
      readonly kind: "directory"
      readonly entries: () => ReadonlyArray<string>
      readonly child: (name: string) => VirtualNode | undefined
    }
  | { readonly kind: "device"; readonly device: DeviceName }

/** A directory of ours. */
export type VirtualDirectory = VirtualNode & { readonly kind: "directory" }

/** What a process finds of ours. */
export interface VirtualFs {
  /** A directory at the root: `proc` or `sys`. */
  readonly top: (name: string) => VirtualDirectory | undefined
  /** What is in /dev whatever the host has there. */
  readonly device: (name: string) => VirtualNode | undefined
  /** /dev where the host has none. */
  readonly devices: VirtualDirectory
}

/** A directory of a fixed list of names. */
export const directoryOf = (children: Readonly<Record<string, VirtualNode>>): VirtualDirectory => ({
  kind: "directory",
  entries: () => Object.keys(children),
  child: (name) => (Object.hasOwn(children, name) ? children[name] : undefined)
})
