/** Calls that wait until a file is ready. */
import * as Effect from "effect/Effect"
import { Errno } from "../kernel/errno.ts"
import type { SyscallResult } from "../kernel/Syscall.ts"
import type { OpenFile } from "./open/OpenFile.ts"

/**
 * Tries an operation, and again each time the file becomes ready, until it gives something else than `-EAGAIN`. With
 * O_NONBLOCK (or `wait` false) it is tried once. The file stays open meanwhile, even if its descriptor is closed.
 *
 * @param events POLL bits to wait for
 * @param length bytes that the operation takes, for files read ahead
 */
export const whenReady = (
  file: OpenFile,
  events: number,
  length: number,
  attempt: () => number,
  wait = !file.nonBlocking
): SyscallResult => {
  const first = attempt()
  if (first !== -Errno.EAGAIN || !wait) return first
  const again: Effect.Effect<number> = Effect.flatMap(file.wait(events, length), () => {
    const result = attempt()
    return result === -Errno.EAGAIN ? again : Effect.succeed(result)
  })
  return Effect.suspend(() => {
    file.hold()
    return Effect.ensuring(
      again,
      Effect.sync(() => file.release())
    )
  })
}
