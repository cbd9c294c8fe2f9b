/** Calls that wait until a file is ready. */
import * as Effect from "effect/Effect"
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import type { SyscallResult } from "../kernel/Syscall.ts"
import { ClockId } from "../time/Clock.ts"
import type { OpenFile } from "./open/OpenFile.ts"

/**
 * Tries an operation, and again each time the file becomes ready, until it gives something else than `-EAGAIN`. With
 * O_NONBLOCK (or `wait` false) it is tried once. The file stays open meanwhile, even if its descriptor is closed.
 *
 * @param events POLL bits to wait for
 * @param length bytes that the operation takes, for files read ahead
 * @param attempt told whether it is the last try: then it gives what it has done already
 * @param kernel whose clock and thread it is, for files that wait no longer than some time
 */
export const whenReady = (
  file: OpenFile,
  events: number,
  length: number,
  attempt: (isLast?: boolean) => number,
  wait = !file.nonBlocking,
  kernel?: Kernel
): SyscallResult => {
  const first = attempt()
  if (first !== -Errno.EAGAIN || !wait) return first
  const again: Effect.Effect<number> = Effect.flatMap(file.wait(events, length), () => {
    const result = attempt()
    return result === -Errno.EAGAIN ? again : Effect.succeed(result)
  })
  const limit = kernel === undefined ? undefined : file.timeout(events)
  const limited = kernel === undefined || limit === undefined ? again : upTo(kernel, limit, again, attempt)
  return Effect.suspend(() => {
    file.hold()
    return Effect.ensuring(
      limited,
      Effect.sync(() => file.release())
    )
  })
}

/** Waits no longer than `limit` nanoseconds. A signal that ends such a wait ends the call (signal(7)). */
const upTo = (
  { thread, time }: Kernel,
  limit: bigint,
  wait: Effect.Effect<number>,
  attempt: (isLast?: boolean) => number
): Effect.Effect<number> => {
  thread.isTimedWait = true
  const end = (time.now(ClockId.MONOTONIC) ?? 0n) + limit
  const over = Effect.map(time.sleepUntil(ClockId.MONOTONIC, end), () => attempt(true))
  return Effect.raceFirst(wait, over)
}
