/** The program `emu`: runs a command line and ends the process with its status. */
import * as Effect from "effect/Effect"
import { runCommandLine } from "./commandLine.ts"
import { endLeftovers, endUnfinishedReads } from "./platform/endProcess.ts"

const main = async (): Promise<void> => {
  // A guest may wait for nothing that keeps Node alive (a futex, say); it ends when it ends, or by a signal.
  const keepAlive = setInterval(() => {}, 2 ** 31 - 1)
  const status = await Effect.runPromise(runCommandLine(process.argv.slice(2)))
  process.exitCode = status

  // Node ends by itself now, unless a read that the guest left unfinished keeps it, or something of a plugin. process.exit is no way
  // to end: it waits for V8's compiler threads, and one that waits for a garbage collection of this thread waits for ever (Node 26.10).
  clearInterval(keepAlive)
  endUnfinishedReads(status)
  endLeftovers(status)
}

// No await at the top: what is loaded later could not import from a module that waits for the end of the run.
void main()
