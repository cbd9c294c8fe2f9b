/** Ending the process while reads of the guest's are unfinished. */
import { readsInFlight } from "./StreamInput.ts"

/**
 * Ends the process at once where Node would not end by itself: a read of a terminal or pipe blocks one of its threads, and
 * even `process.exit` waits for that thread. Becoming another program, which exits with the status, waits for nobody.
 */
export const endUnfinishedReads = (status: number): void => {
  if (readsInFlight() === 0) return
  if (process.platform === "win32" || process.execve === undefined) process.exit(status)
  process.execve("/bin/sh", ["sh", "-c", `exit ${status}`], {})
}
