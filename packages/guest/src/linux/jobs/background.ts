/** What processes in the background may not do with their terminal (credentials(7), tty_ioctl(4)). */
import { O, S } from "../files/constants.ts"
import type { OpenFile } from "../files/open/OpenFile.ts"
import { HostFile } from "../files/open/HostFile.ts"
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { internalResult } from "../kernel/Syscall.ts"
import { Sig, SigCode, signalBit } from "../signals/constants.ts"
import { isOrphaned } from "./orphans.ts"
import type { Terminal } from "./Terminals.ts"

/** The terminal that a file is; undefined for other files. */
export const terminalOf = (kernel: Kernel, file: OpenFile): Terminal | undefined => {
  if (!(file instanceof HostFile) || !file.isTerminal || (file.flags & O.PATH) === O.PATH) return undefined
  const stat = file.stat()
  if (typeof stat === "number" || (stat.mode & S.IFMT) !== S.IFCHR) return undefined
  return kernel.terminals.of(stat.rdev, kernel.attributes.session)
}

/** Whether a terminal controls the caller's session, and another group of it is in the foreground. */
const isInBackground = ({ attributes }: Kernel, terminal: Terminal): boolean =>
  terminal.session === attributes.session && terminal.foreground !== attributes.processGroup

/**
 * Before a read of a terminal: one in the background is stopped by SIGTTIN, and reads when it has come to the foreground.
 *
 * @returns undefined where the read may go on, else its result: -EIO where nobody could make the process go on, or it will not hear
 */
export const beforeRead = (kernel: Kernel, file: OpenFile): number | undefined => {
  const terminal = terminalOf(kernel, file)
  if (terminal === undefined || !isInBackground(kernel, terminal)) return undefined
  if (isDeaf(kernel, Sig.TTIN) || isOrphaned(kernel.processes, kernel.attributes.processGroup)) return -Errno.EIO
  return stopGroup(kernel, Sig.TTIN)
}

/**
 * Before a change of a terminal's settings or foreground: as `beforeRead`, with SIGTTOU; who ignores or blocks that may change them.
 */
export const beforeChange = (kernel: Kernel, terminal: Terminal): number | undefined => {
  if (!isInBackground(kernel, terminal) || isDeaf(kernel, Sig.TTOU)) return undefined
  if (isOrphaned(kernel.processes, kernel.attributes.processGroup)) return -Errno.EIO
  return stopGroup(kernel, Sig.TTOU)
}

const isDeaf = ({ signals, thread }: Kernel, signal: number): boolean =>
  signals.isIgnored(signal) || (thread.mask & signalBit(signal)) !== 0n

/** The call is made again when the group goes on, unless a handler decides otherwise. */
const stopGroup = ({ attributes, processes, thread }: Kernel, signal: number): number => {
  for (const { end, kernel } of processes.group(attributes.processGroup)) {
    if (end === undefined) kernel.signals.sendToProcess({ signal, code: SigCode.kernel })
  }
  thread.interrupted = "restartable"
  thread.attention = true
  return internalResult.restart
}
