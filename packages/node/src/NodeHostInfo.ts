/** Facts about the machine that Node runs on. */
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Layer from "effect/Layer"
import { HostInfo, portableInfo, type HostInfoShape } from "@emu/guest/HostInfo"

const entropySource = "/dev/urandom"

/** From the kernel's device where there is one: loading Node's crypto takes a tenth of a short run. */
const fillRandom = (bytes: Uint8Array): void => {
  if (!Fs.existsSync(entropySource)) return portableInfo.fillRandom(bytes)
  const fd = Fs.openSync(entropySource, "r")
  try {
    for (let at = 0; at < bytes.length;) at += Fs.readSync(fd, bytes, at, bytes.length - at, null)
  } finally {
    Fs.closeSync(fd)
  }
}

const nodeInfo = (): HostInfoShape => ({
  identity: {
    pid: process.pid,
    ppid: process.ppid,
    uid: process.getuid?.() ?? 0,
    euid: process.geteuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    egid: process.getegid?.() ?? 0
  },
  groups: process.getgroups?.() ?? [],
  nodeName: Os.hostname(),
  version: Os.version(),
  cpus: Os.availableParallelism(),
  totalMemory: Os.totalmem(),
  freeMemory: Os.freemem,
  uptime: Os.uptime,
  loadAverage: () => Os.loadavg() as [number, number, number],
  maxResidentBytes: () => process.resourceUsage().maxRSS * 1024,
  fillRandom
})

export const layer: Layer.Layer<HostInfo> = Layer.sync(HostInfo)(nodeInfo)
