/** The program `emu`: runs a command line and ends the process with its status. */
import * as Effect from "effect/Effect"
import { runCommandLine } from "./commandLine.ts"

// A guest may wait for nothing that keeps Node alive (a futex, say); it ends when it ends, or by a signal.
setInterval(() => {}, 2 ** 31 - 1)

// Nothing is buffered any more then; reads of stdin that the guest left unfinished must not keep the process.
process.exit(await Effect.runPromise(runCommandLine(process.argv.slice(2))))
