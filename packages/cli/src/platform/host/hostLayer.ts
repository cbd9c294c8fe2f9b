/** The host as the guest's kernel sees it: files, clocks, facts and identity. */
import * as Layer from "effect/Layer"
import type { HostClock } from "@emu/guest/HostClock"
import { HostFs, type HostFsShape } from "@emu/guest/HostFs"
import type { HostInfo } from "@emu/guest/HostInfo"
import type { HostNetwork } from "@emu/guest/HostNetwork"
import { isTerminal } from "../terminal/isTerminal.ts"
import * as NodeHostClock from "@emu/node/NodeHostClock"
import { makeNodeHostFs } from "@emu/node/NodeHostFs"
import * as NodeHostInfo from "@emu/node/NodeHostInfo"
import * as NodeHostNetwork from "@emu/node/NodeHostNetwork"
import { statusLine } from "../terminal/StatusLine.ts"

/**
 * Host files whose output to the terminal does not meet the status line. A terminal that the guest opens itself, or whose settings it
 * changes, is the guest's to arrange.
 */
const besideStatusLine = (fs: HostFsShape): HostFsShape => {
  const onTerminal = new Set([1, 2].filter(isTerminal))
  return {
    ...fs,
    open: (path, flags, mode) => {
      const fd = fs.open(path, flags, mode)
      if (fd > 2 && isTerminal(fd)) statusLine.turnOff()
      return fd
    },
    write: (fd, buffer) => {
      if (!onTerminal.has(fd)) return fs.write(fd, buffer)
      statusLine.erase()
      const count = fs.write(fd, buffer)
      statusLine.wrote(buffer[count - 1])
      return count
    },
    setTermios: (fd, termios) => {
      statusLine.turnOff()
      return fs.setTermios(fd, termios)
    }
  }
}

export interface HostOptions {
  /** Called before the guest writes to stdout or stderr, so that text of ours that waits comes first. */
  readonly beforeOutput: () => void
  /** Whether a status line may be on the terminal. */
  readonly hasStatusLine: boolean
}

/** The host of a run. */
export const hostLayer = ({
  beforeOutput,
  hasStatusLine
}: HostOptions): Layer.Layer<HostFs | HostClock | HostInfo | HostNetwork> =>
  Layer.mergeAll(
    NodeHostClock.layer,
    NodeHostInfo.layer,
    NodeHostNetwork.layer,
    Layer.sync(HostFs)(() => {
      const fs = hasStatusLine ? besideStatusLine(makeNodeHostFs()) : makeNodeHostFs()
      return {
        ...fs,
        write: (fd, buffer) => {
          if (fd === 1 || fd === 2) beforeOutput()
          return fs.write(fd, buffer)
        }
      }
    })
  )
