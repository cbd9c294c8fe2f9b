/** Ending the process while something is left that Node would wait for. */
import { readsInFlight } from "@emu/node/NodeHostFs"

/**
 * Ends the process at once where Node would not end by itself: a read of a terminal or pipe blocks one of its threads, and
 * even `process.exit` waits for that thread. Becoming another program, which exits with the status, waits for nobody.
 */
export const endUnfinishedReads = (status: number): void => {
  if (readsInFlight() > 0) end(status)
}

/**
 * Ends the process soon if plugins have left timers, servers or the like behind, which would keep it alive for good. What they
 * are still writing is waited for.
 */
export const endLeftovers = (status: number): void => {
  const look = () => {
    if (!process.getActiveResourcesInfo().some((kind) => /Req|WriteWrap|ShutdownWrap/.test(kind))) end(status)
  }
  setInterval(look, patience).unref()
}

/** Milliseconds that plugins have for what ends by itself. */
const patience = 200

const end = (status: number): void => {
  if (process.platform === "win32" || process.execve === undefined) process.exit(status)
  process.execve("/bin/sh", ["sh", "-c", `exit ${status}`], {})
}
