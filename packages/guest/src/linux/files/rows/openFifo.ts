/** Opening a named pipe: who opens one end waits for the other (fifo(7)). */
import * as Effect from "effect/Effect"
import { Errno } from "../../kernel/errno.ts"
import type { Kernel } from "../../kernel/Kernel.ts"
import { O, openOnly, S } from "../constants.ts"
import { Fifo, type FifoNode } from "../open/Fifo.ts"
import type { OpenFile } from "../open/OpenFile.ts"

/** A file, a negative errno, or an Effect of it where the other end has to come first. */
export type Opened = OpenFile | number | Effect.Effect<OpenFile | number>

/** Opens a named pipe of the host; undefined where the path is something else by now. */
export const openFifo = ({ files }: Kernel, path: string, flags: number): Opened | undefined => {
  const stat = files.host.lstat(path)
  if (typeof stat === "number" || (stat.mode & S.IFMT) !== S.IFIFO) return undefined
  if ((flags & (O.CREAT | O.EXCL)) === (O.CREAT | O.EXCL)) return -Errno.EEXIST
  if ((flags & O.DIRECTORY) !== 0) return -Errno.ENOTDIR
  const node = files.fifos.of(stat)
  const open = (): Fifo | number => {
    const fd = files.host.open(path, (flags & ~(O.CREAT | O.TRUNC)) | O.NONBLOCK | O.NOFOLLOW, 0)
    return fd < 0 ? fd : new Fifo(files.host, node, fd, path, (flags & ~openOnly) | O.LARGEFILE)
  }
  const isWriter = (flags & O.ACCMODE) === O.WRONLY
  const seen = node.writersSeen
  const first = open()
  if ((flags & (O.NONBLOCK | O.PATH)) !== 0) return first
  if (isWriter) return first === -Errno.ENXIO ? untilReader(node, open) : first
  if (typeof first === "number" || (flags & O.ACCMODE) === O.RDWR) return first
  const meetsWriter = (): boolean => node.writersSeen !== seen || first.meetsWriter()
  if (meetsWriter()) return first
  // a signal that ends the wait closes what nobody holds yet
  const giveUp = Effect.sync(() => first.hold().release())
  return Effect.onInterrupt(Effect.as(first.lookAgain(meetsWriter), first), () => giveUp)
}

/** Tries again until somebody has opened the pipe for reading. */
const untilReader = (node: FifoNode, open: () => Fifo | number): Effect.Effect<Fifo | number> =>
  Effect.suspend(() => {
    const opened = open()
    if (opened !== -Errno.ENXIO) return Effect.succeed(opened)
    const changed = node.waiters.wait(() => Effect.void)
    return Effect.flatMap(Effect.raceFirst(changed, Effect.sleep(5)), () => untilReader(node, open))
  })
