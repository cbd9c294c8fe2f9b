/** Executing another program: execve(2), execveat(2). */
import { CpuSlot } from "@emu/tcg/Layout"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { Errno } from "../kernel/errno.ts"
import { AT, S } from "../files/constants.ts"
import { fromText, toText } from "../user/byteStrings.ts"
import { userPath, userString } from "../user/userBuffers.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { type LoadedProgram, loadProgram } from "../loader/loadProgram.ts"
import type { SyscallResult } from "../kernel/Syscall.ts"
import { leaveTraces } from "../threads/exit.ts"
import type { Thread } from "../threads/Thread.ts"
import { readable } from "../user/UserMemory.ts"
import { findProgram, hostPathOf, type Named, type Program } from "./findProgram.ts"
import type { GuestMemory } from "../memory/GuestMemory.ts"

/** Bytes of one argument at most (MAX_ARG_STRLEN). */
const maxString = 131072

export const execve = (kernel: Kernel, path: number, argv: number, env: number): SyscallResult =>
  execveat(kernel, AT.FDCWD, path, argv, env, 0)

/**
 * execveat. The program is loaded in a memory of its own: until that has succeeded nothing is lost.
 *
 * @returns a negative errno, or an Effect after which the thread runs the program
 */
export const execveat = (
  kernel: Kernel,
  dirfd: number,
  path: number,
  argv: number,
  env: number,
  flags: number
): SyscallResult => {
  const named = nameOf(kernel, dirfd, path, flags)
  if (typeof named === "number") return named
  const args = readStrings(kernel, argv)
  if (typeof args === "number") return args
  const variables = readStrings(kernel, env)
  if (typeof variables === "number") return variables
  // as Linux has it: a program always has a name
  const program = findProgram(kernel, named, args.length === 0 ? [""] : args)
  if (typeof program === "number") return program
  const guestMemory = kernel.runner.guestMemories.take()
  if (guestMemory === undefined) return -Errno.ENOMEM
  const loaded = load(kernel, guestMemory, program, variables)
  if (typeof loaded === "number") {
    kernel.runner.guestMemories.leave(guestMemory)
    return loaded
  }
  const { thread } = kernel
  return Effect.andThen(
    kernel.runner.endOthers(kernel, thread),
    Effect.sync(() => enter(kernel, thread, { guestMemory, program, variables, loaded }))
  )
}

const nameOf = (kernel: Kernel, dirfd: number, address: number, flags: number): Named | number => {
  if ((flags & ~(AT.EMPTY_PATH | AT.SYMLINK_NOFOLLOW)) !== 0) return -Errno.EINVAL
  const path = userPath(kernel.state, address)
  if (typeof path === "number") return path
  if (path === "" && (flags & AT.EMPTY_PATH) !== 0) {
    const file = kernel.files.get(dirfd)
    const isGoneThen = kernel.files.closeOnExec(dirfd) === true
    return file === undefined ? -Errno.EBADF : { path: `/dev/fd/${dirfd}`, hostPath: file.name(), isGoneThen }
  }
  const follow = (flags & AT.SYMLINK_NOFOLLOW) === 0
  const hostPath = hostPathOf(kernel, path, dirfd, follow)
  if (typeof hostPath === "number") return hostPath
  if (!follow && isLink(kernel, dirfd, path)) return -Errno.ELOOP
  if (dirfd === AT.FDCWD || path.startsWith("/")) return { path, hostPath }
  return { path: `/dev/fd/${dirfd}/${path}`, hostPath, isGoneThen: kernel.files.closeOnExec(dirfd) === true }
}

const isLink = ({ files }: Kernel, dirfd: number, path: string): boolean => {
  const stat = files.paths.stat(dirfd, path, false)
  return typeof stat !== "number" && (stat.mode & S.IFMT) === S.IFLNK
}

/** The strings that an array of pointers names, up to a null pointer; none for a null array. */
const readStrings = ({ process, state }: Kernel, array: number): ReadonlyArray<string> | number => {
  const strings: Array<string> = []
  let size = 0
  if (array === 0) return strings
  for (let at = array; ; at += 8) {
    if (readable(state, at, 8) === undefined) return -Errno.EFAULT
    const pointer = Number(state.view.getBigUint64(at, true))
    if (pointer === 0) return strings
    const text = userString(state, pointer, maxString, -Errno.E2BIG)
    if (typeof text === "number") return text
    size += text.length + 9
    if (size > process.stackSize / 4) return -Errno.E2BIG
    strings.push(text)
  }
}

/** Loads a program in an empty memory; a negative errno where that fails. */
const load = (
  kernel: Kernel,
  guestMemory: GuestMemory,
  program: Program,
  variables: ReadonlyArray<string>
): LoadedProgram | number => {
  const { abi, files, process, random, warn } = kernel
  const hostPath = toText(program.hostPath)
  const loaded = loadProgram(files.host, abi, guestMemory.addressSpace, {
    hostPath,
    shownPath: hostPath,
    argv: program.argv,
    env: variables,
    execFn: program.execFn,
    path: hostPath,
    stackSize: process.stackSize,
    random: random.bytes(16),
    identity: process,
    hostPathOf: (path) => {
      const found = files.paths.hostPath(fromText(path))
      return typeof found === "number" ? found : toText(found)
    }
  })
  if (Result.isSuccess(loaded)) return loaded.success
  // the program hears of an errno only, which says little of a file that is meant for another machine
  if (loaded.failure._tag === "ElfError") warn(loaded.failure.message)
  return loaded.failure._tag === "ElfError" ? -Errno.ENOEXEC : -loaded.failure.errno
}

/** The thread, the only one now, goes on in another memory. */
const enter = (
  kernel: Kernel,
  thread: Thread,
  {
    loaded,
    guestMemory,
    program,
    variables
  }: {
    readonly guestMemory: GuestMemory
    readonly program: Program
    readonly variables: ReadonlyArray<string>
    readonly loaded: LoadedProgram
  }
): number => {
  const { attributes, files, node, process, runner, signals } = kernel
  leaveTraces(kernel, thread)
  const old = kernel.guestMemory
  for (const slot of [CpuSlot.vcpuIndex, CpuSlot.instructions]) guestMemory.state.u64[slot] = old.state.u64[slot]!
  old.loaded = undefined
  kernel.guestMemory = guestMemory
  thread.guestMemory = guestMemory
  guestMemory.loaded = thread

  const executable = toText(program.hostPath)
  const name = program.name.slice(0, 15)
  Object.assign(process, {
    executable,
    argv: program.argv.map(toText),
    env: variables.map(toText),
    auxv: loaded.aux,
    vdsoBase: loaded.vdsoBase,
    leaderStatus: undefined,
    name
  })
  thread.exec(process.pid, name)
  signals.exec()
  files.closeForExec()
  attributes.parentDeathSignal = 0
  attributes.dumpable = 1
  runner.loaded(kernel, loaded.image)
  runner.guestMemories.leave(old)
  node.release()
  return 0
}
