/** A host whose standard streams are pipes to code. */
import type { HostFsShape, HostStat } from "@emu/guest/HostFs"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { O, POLL, S } from "@emu/guest/linux/files/constants"
import * as Effect from "effect/Effect"
import { InputPipe, type OutputFunction, type OutputPipe } from "./Pipe.ts"

/** The pipes of a run by descriptor; a descriptor without one is the host's. */
export interface Pipes {
  readonly 0: InputPipe | undefined
  readonly 1: OutputPipe | OutputFunction | undefined
  readonly 2: OutputPipe | OutputFunction | undefined
}

type Pipe = InputPipe | OutputPipe | OutputFunction

/** What takes a descriptor: all of it has to be told what pipes do. */
type OnDescriptor = {
  [Name in keyof HostFsShape]: Parameters<HostFsShape[Name]>[0] extends number ? Name : never
}[keyof HostFsShape]

const pollIn = POLL.IN | POLL.RDNORM
const pollOut = POLL.OUT | POLL.WRNORM

const pollOf = (pipe: Pipe): number => {
  if (!(pipe instanceof InputPipe)) return pipe.isFull ? 0 : pollOut
  return pipe.isReady ? pollIn | (pipe.isAtEnd ? POLL.HUP : 0) : 0
}

const statOf = (fd: number, now: bigint): HostStat => ({
  dev: 0n,
  ino: BigInt(fd + 1),
  mode: S.IFIFO | 0o600,
  nlink: 1,
  uid: 0,
  gid: 0,
  rdev: 0n,
  size: 0,
  blksize: 4096,
  blocks: 0,
  atimeNs: now,
  mtimeNs: now,
  ctimeNs: now,
  birthtimeNs: now
})

/**
 * Puts pipes in place of standard streams.
 *
 * @param now nanoseconds since the epoch: the times of the pipes
 */
export const pipedFs = (host: HostFsShape, pipes: Pipes, now: bigint): HostFsShape => {
  const pipeOf = (fd: number): Pipe | undefined => (fd === 0 || fd === 1 || fd === 2 ? pipes[fd] : undefined)
  /** What a call on a descriptor gives for a pipe, and for the rest. */
  const on =
    <Rest extends ReadonlyArray<unknown>, A>(
      forHost: (fd: number, ...rest: Rest) => A,
      forPipe: (pipe: Pipe, fd: number, ...rest: Rest) => A
    ) =>
    (fd: number, ...rest: Rest): A => {
      const pipe = pipeOf(fd)
      return pipe === undefined ? forHost(fd, ...rest) : forPipe(pipe, fd, ...rest)
    }
  const noSeeking = () => -Errno.ESPIPE
  const noTerminal = () => -Errno.ENOTTY
  const invalid = () => -Errno.EINVAL
  const accepted = () => 0

  const onDescriptors: Pick<HostFsShape, OnDescriptor> = {
    readdir: on<[], ReturnType<HostFsShape["readdir"]>>(host.readdir, () => -Errno.ENOTDIR),
    fstatfs: on<[], ReturnType<HostFsShape["fstatfs"]>>(host.fstatfs, invalid),
    // another descriptor of the same pipe; closing one does nothing
    reopen: on(host.reopen, (_, fd) => fd),
    close: on(host.close, accepted),
    read: on(host.read, (pipe, _, into) => (pipe instanceof InputPipe ? pipe.read(into) : -Errno.EBADF)),
    write: on(host.write, (pipe, _, from) => (pipe instanceof InputPipe ? -Errno.EBADF : pipe.write(from))),
    pread: on(host.pread, noSeeking),
    pwrite: on(host.pwrite, noSeeking),
    lseek: on(host.lseek, noSeeking),
    fstat: on<[], HostStat | number>(host.fstat, (_, fd) => statOf(fd, now)),
    fdPath: on<[], string | number>(host.fdPath, (_, fd) => `pipe:[${fd + 1}]`),
    fchmod: on(host.fchmod, accepted),
    fchown: on(host.fchown, accepted),
    futimens: on(host.futimens, accepted),
    ftruncate: on(host.ftruncate, invalid),
    fsync: on(host.fsync, invalid),
    statusFlags: on(host.statusFlags, (pipe) => (pipe instanceof InputPipe ? O.RDONLY : O.WRONLY)),
    isatty: on(host.isatty, () => false),
    windowSize: on(host.windowSize, noTerminal),
    getTermios: on(host.getTermios, noTerminal),
    setTermios: on(host.setTermios, noTerminal),
    poll: on(host.poll, pollOf),
    available: on(host.available, (pipe) => (pipe instanceof InputPipe ? pipe.available : -Errno.ENOTTY)),
    pollWait: on(host.pollWait, (pipe, _, events) => {
      if ((pollOf(pipe) & (events | POLL.HUP | POLL.ERR)) !== 0) return Effect.void
      const isWanted = (events & (pipe instanceof InputPipe ? pollIn : pollOut)) !== 0
      return isWanted ? pipe.wait : Effect.never
    })
  }
  return { ...host, ...onDescriptors }
}
