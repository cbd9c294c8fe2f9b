/** The host as the guest's kernel sees it: files, clocks, facts and identity. */
import * as Layer from "effect/Layer"
import type { HostClock } from "@emu/guest/HostClock"
import { HostFs } from "@emu/guest/HostFs"
import type { HostInfo } from "@emu/guest/HostInfo"
import * as NodeHostClock from "./NodeHostClock.ts"
import { makeNodeHostFs } from "./NodeHostFs.ts"
import * as NodeHostInfo from "./NodeHostInfo.ts"

/** Ids of emu's own process, which are the guest's. */
export const hostIdentity = () => ({
  pid: process.pid,
  ppid: process.ppid,
  uid: process.getuid?.() ?? 0,
  euid: process.geteuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
  egid: process.getegid?.() ?? 0
})

/** @param beforeOutput called before the guest writes to stdout or stderr, so that text of ours that waits comes first */
export const hostLayer = (beforeOutput: () => void): Layer.Layer<HostFs | HostClock | HostInfo> =>
  Layer.mergeAll(
    NodeHostClock.layer,
    NodeHostInfo.layer,
    Layer.sync(HostFs)(() => {
      const fs = makeNodeHostFs()
      return {
        ...fs,
        write: (fd, buffer) => {
          if (fd === 1 || fd === 2) beforeOutput()
          return fs.write(fd, buffer)
        }
      }
    })
  )
