/** Waiting for several files: poll, select, epoll. */
import * as Effect from "effect/Effect"
import * as Layout from "@emu/tcg/Layout"
import { Errno } from "../../kernel/errno.ts"
import type { Kernel } from "../../kernel/Kernel.ts"
import { row } from "../../kernel/row.ts"
import type { SyscallResult } from "../../kernel/Syscall.ts"
import { ClockId } from "../../time/Clock.ts"
import { readTimespec, writeTimespec } from "../../user/timespec.ts"
import { allowed, writable } from "../../user/UserMemory.ts"
import { O, POLL } from "../constants.ts"
import { Epoll, EPOLL } from "../open/Epoll.ts"
import type { OpenFile } from "../open/OpenFile.ts"
import { seenBy } from "../open/SignalFd.ts"
import { getWords } from "../../user/userBuffers.ts"

const setSize = 8

/** A file and the bits that a caller waits for. */
interface Watched {
  readonly file: OpenFile
  readonly events: number
}

/**
 * Waits until `check` gives a number of ready files, or the time is up (then 0).
 *
 * @param timeout nanoseconds; undefined for ever
 * @param maskAddress a signal mask for the wait, 0 for none
 */
const waitFor = (
  kernel: Kernel,
  watched: ReadonlyArray<Watched>,
  timeout: bigint | undefined,
  maskAddress: number,
  maskSize: number,
  check: () => number
): SyscallResult => {
  let mask: bigint | undefined
  if (maskAddress !== 0) {
    if (maskSize !== setSize) return -Errno.EINVAL
    const words = getWords(kernel.state, maskAddress, 1)
    if (words === undefined) return -Errno.EFAULT
    mask = BigInt.asUintN(64, words[0]!)
  }
  const ready = check()
  if (ready !== 0) return ready
  const readsAhead = watched.some(({ file }) => file.hostFd >= 0)
  if (timeout === 0n && !readsAhead) return 0
  const { thread, time, signals } = kernel
  // The host tells only some time after it was asked whether a terminal or pipe has something.
  const least = readsAhead ? 1_000_000n : 0n
  const later = (limit: bigint): bigint => (time.now(ClockId.MONOTONIC) ?? 0n) + (limit < least ? least : limit)
  const end = timeout === undefined ? undefined : thread.deadline(() => later(timeout))
  const changed = Effect.suspend(() =>
    Effect.raceAllFirst([Effect.never, ...watched.map(({ file, events }) => file.wait(events, 65536))])
  )
  const again: Effect.Effect<number> = Effect.flatMap(changed, () => {
    const now = check()
    return now === 0 ? again : Effect.succeed(now)
  })
  const limited =
    end === undefined
      ? again
      : thread.keeping(end, Effect.raceFirst(again, Effect.as(time.sleepUntil(ClockId.MONOTONIC, end), 0)))
  const held = Effect.suspend(() => {
    for (const { file } of watched) file.hold()
    return Effect.ensuring(
      limited,
      Effect.sync(() => {
        for (const { file } of watched) file.release()
      })
    )
  })
  return mask === undefined ? held : signals.withMask(thread, mask, held)
}

/** A timeout argument: nanoseconds, undefined for ever (null pointer), or a negative errno. */
const timeoutAt = (kernel: Kernel, address: number): { readonly timeout: bigint | undefined } | number => {
  if (address === 0) return { timeout: undefined }
  const time = readTimespec(kernel.state, address)
  return typeof time === "number" ? time : { timeout: time }
}

/** Runs a wait and then writes what is left of its timeout back, as ppoll and pselect6 do. */
const withRemaining = (
  kernel: Kernel,
  address: number,
  timeout: bigint | undefined,
  result: SyscallResult
): SyscallResult => {
  if (timeout === undefined || !Effect.isEffect(result)) return result
  const { state, time } = kernel
  const end = (time.now(ClockId.MONOTONIC) ?? 0n) + timeout
  const write = Effect.sync(() => {
    const left = end - (time.now(ClockId.MONOTONIC) ?? 0n)
    writeTimespec(state, address, left > 0n ? left : 0n)
  })
  return Effect.ensuring(result, write)
}

/** ppoll: an array of `struct pollfd`, each descriptor, events and (written) revents. */
const ppoll = (
  kernel: Kernel,
  fds: number,
  count: number,
  timeoutAddress: number,
  mask: number,
  maskSize: number
): SyscallResult => {
  const { state, files } = kernel
  if (count > files.limit) return -Errno.EINVAL
  const limit = timeoutAt(kernel, timeoutAddress)
  if (typeof limit === "number") return limit
  if (!allowed(state, fds, count * 8, Layout.PageFlag.read | Layout.PageFlag.write)) return -Errno.EFAULT
  const entries = Array.from({ length: count }, (_, i) => {
    const fd = state.view.getInt32(fds + 8 * i, true)
    const file = files.get(fd)
    return {
      fd,
      file: file === undefined ? undefined : seenBy(kernel, file),
      events: state.view.getUint16(fds + 8 * i + 4, true)
    }
  })
  const check = (): number => {
    // anew each time: memory may have gone or moved while the call waited
    if (writable(state, fds, count * 8) === undefined) return -Errno.EFAULT
    let ready = 0
    entries.forEach(({ fd, file, events }, i) => {
      const bits = fd < 0 ? 0 : file === undefined || file.closed ? POLL.NVAL : file.poll() & (events | POLL.ERR | POLL.HUP)
      state.view.setUint16(fds + 8 * i + 6, bits, true)
      if (bits !== 0) ready++
    })
    return ready
  }
  const watched = entries.flatMap(({ file, events }) => (file === undefined ? [] : [{ file, events }]))
  const result = waitFor(kernel, watched, limit.timeout, mask, maskSize, check)
  return withRemaining(kernel, timeoutAddress, limit.timeout, result)
}

const selectSets = [
  { events: POLL.IN | POLL.RDNORM, ready: POLL.IN | POLL.RDNORM | POLL.HUP | POLL.ERR },
  { events: POLL.OUT | POLL.WRNORM, ready: POLL.OUT | POLL.WRNORM | POLL.ERR },
  { events: POLL.PRI, ready: POLL.PRI }
] as const

/** pselect6: three bit sets of descriptors; the last argument points to the address and size of a signal mask. */
const pselect6 = (
  kernel: Kernel,
  count: number,
  readSet: number,
  writeSet: number,
  exceptSet: number,
  timeoutAddress: number,
  maskArgument: number
): SyscallResult => {
  const { state, files } = kernel
  if (count < 0) return -Errno.EINVAL
  const limit = timeoutAt(kernel, timeoutAddress)
  if (typeof limit === "number") return limit
  const width = Math.min(count, Math.max(files.limit, 1024))
  const bytes = Math.ceil(width / 64) * 8
  const sets = [readSet, writeSet, exceptSet]
  const watched: Array<{ fd: number; set: number; file: OpenFile; events: number }> = []
  for (const [set, address] of sets.entries()) {
    if (address === 0) continue
    if (!allowed(state, address, bytes, Layout.PageFlag.read | Layout.PageFlag.write)) return -Errno.EFAULT
    for (let fd = 0; fd < width; fd++) {
      if ((state.view.getUint8(address + (fd >> 3)) & (1 << (fd & 7))) === 0) continue
      const file = files.get(fd)
      if (file === undefined) return -Errno.EBADF
      watched.push({ fd, set, file: seenBy(kernel, file), events: selectSets[set]!.events })
    }
  }
  const find = (): ReadonlyArray<(typeof watched)[number]> =>
    watched.filter(({ file, set }) => (file.poll() & selectSets[set]!.ready) !== 0)
  const store = (ready: ReadonlyArray<{ readonly fd: number; readonly set: number }>): number => {
    for (const address of sets) {
      if (address !== 0 && writable(state, address, bytes)?.fill(0) === undefined) return -Errno.EFAULT
    }
    for (const { fd, set } of ready) {
      const at = sets[set]! + (fd >> 3)
      state.view.setUint8(at, state.view.getUint8(at) | (1 << (fd & 7)))
    }
    return ready.length
  }
  const check = (): number => {
    const ready = find()
    return ready.length === 0 ? 0 : store(ready)
  }
  const mask = maskArgument === 0 ? [0n, 0n] : getWords(state, maskArgument, 2)
  if (mask === undefined) return -Errno.EFAULT
  const result = waitFor(kernel, watched, limit.timeout, Number(mask[0]), Number(mask[1]), check)
  const finish = (ready: number | bigint): number | bigint => (ready === 0 ? store([]) : ready)
  const stored = Effect.isEffect(result) ? Effect.map(result, finish) : finish(result)
  return withRemaining(kernel, timeoutAddress, limit.timeout, stored)
}

const epollOf = (kernel: Kernel, fd: number): Epoll | number => {
  const file = kernel.files.get(fd)
  return file === undefined ? -Errno.EBADF : file instanceof Epoll ? file : -Errno.EINVAL
}

/** epoll_create1: `flags` is EPOLL_CLOEXEC (O_CLOEXEC) or 0. */
const epollCreate = (kernel: Kernel, flags: number): number =>
  (flags & ~O.CLOEXEC) !== 0 ? -Errno.EINVAL : kernel.files.install(new Epoll(), flags !== 0)

/** epoll_ctl: `operation` is EPOLL_CTL_ADD 1, DEL 2 or MOD 3; `struct epoll_event` is 16 bytes with data at 8. */
const epollCtl = (kernel: Kernel, epollFd: number, operation: number, fd: number, event: number): number => {
  const { state, files } = kernel
  if (operation !== 2 && !allowed(state, event, 16, Layout.PageFlag.read)) return -Errno.EFAULT
  const file = files.get(fd)
  if (file === undefined) return -Errno.EBADF
  const epoll = epollOf(kernel, epollFd)
  if (typeof epoll === "number") return epoll
  if (operation === 2) return epoll.remove(fd, file)
  const events = state.view.getUint32(event, true)
  const data = state.view.getBigUint64(event + 8, true)
  if (operation === 1) return epoll.add(fd, file, events, data)
  if (operation === 3) return (events & EPOLL.EXCLUSIVE) !== 0 ? -Errno.EINVAL : epoll.modify(fd, file, events, data)
  return -Errno.EINVAL
}

const epollWait = (
  kernel: Kernel,
  epollFd: number,
  events: number,
  limit: number,
  timeout: bigint | undefined,
  mask: number,
  maskSize: number
): SyscallResult => {
  const { state } = kernel
  if (limit <= 0 || limit > 0x7ff_ffff) return -Errno.EINVAL
  if (!allowed(state, events, limit * 16, Layout.PageFlag.write)) return -Errno.EFAULT
  const epoll = epollOf(kernel, epollFd)
  if (typeof epoll === "number") return epoll
  const check = (): number => {
    if (writable(state, events, limit * 16) === undefined) return -Errno.EFAULT
    const ready = epoll.take(limit)
    ready.forEach((event, i) => {
      state.view.setUint32(events + 16 * i, event.events, true)
      state.view.setUint32(events + 16 * i + 4, 0, true)
      state.view.setBigUint64(events + 16 * i + 8, event.data, true)
    })
    return ready.length
  }
  return waitFor(kernel, [{ file: epoll, events: POLL.IN }], timeout, mask, maskSize, check)
}

/** epoll_pwait: `timeout` in milliseconds, negative for ever. */
const epollPwait = (
  kernel: Kernel,
  fd: number,
  events: number,
  limit: number,
  timeout: number,
  mask: number,
  size: number
): SyscallResult => epollWait(kernel, fd, events, limit, timeout < 0 ? undefined : BigInt(timeout) * 1_000_000n, mask, size)

const epollPwait2 = (
  kernel: Kernel,
  fd: number,
  events: number,
  limit: number,
  timeout: number,
  mask: number,
  size: number
): SyscallResult => {
  const time = timeoutAt(kernel, timeout)
  return typeof time === "number" ? time : epollWait(kernel, fd, events, limit, time.timeout, mask, size)
}

export const pollingSyscalls = [
  row(20, "epoll_create1", ["flags"], epollCreate),
  row(21, "epoll_ctl", ["fd", "int", "fd", "pointer"], epollCtl),
  row(22, "epoll_pwait", ["fd", "pointer", "int", "int", "pointer", "size"], epollPwait),
  row(72, "pselect6", ["int", "pointer", "pointer", "pointer", "pointer", "pointer"], pselect6),
  row(73, "ppoll", ["pointer", "uint", "pointer", "pointer", "size"], ppoll),
  row(441, "epoll_pwait2", ["fd", "pointer", "int", "pointer", "pointer", "size"], epollPwait2)
]
