/** The host as the guest's kernel sees it: files, clocks, facts and identity. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { HostFs } from "@emu/guest/HostFs"

/** Ids of emu's own process, which are the guest's. */
export const hostIdentity = () => ({
  pid: process.pid,
  ppid: process.ppid,
  uid: process.getuid?.() ?? 0,
  euid: process.geteuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
  egid: process.getegid?.() ?? 0
})
