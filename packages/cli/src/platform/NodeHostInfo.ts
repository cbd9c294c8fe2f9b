/** Facts about the machine that Node runs on. */
import * as Os from "node:os"
import * as Layer from "effect/Layer"
import { HostInfo, type HostInfoShape } from "@emu/guest/HostInfo"

const nodeInfo = (): HostInfoShape => ({
  groups: process.getgroups?.() ?? [],
  nodeName: Os.hostname(),
  version: Os.version(),
  cpus: Os.availableParallelism(),
  totalMemory: Os.totalmem(),
  freeMemory: Os.freemem,
  uptime: Os.uptime,
  loadAverage: () => Os.loadavg() as [number, number, number],
  maxResidentBytes: () => process.resourceUsage().maxRSS * 1024
})

export const layer: Layer.Layer<HostInfo> = Layer.sync(HostInfo)(nodeInfo)
