/** How particular calls' arguments are spelled, where their kind doesn't say it. */
import * as Symbols from "./symbols.ts"

/** An argument: a spelling of its number, `data` (bytes whose count is the next argument), or undefined for that of its kind. */
export type ArgumentSpelling = Symbols.Spelling | "data" | undefined

/** By name of the call. Arguments behind the list, and undefined ones, are spelled by kind. */
export const spellings: Readonly<Record<string, ReadonlyArray<ArgumentSpelling>>> = {
  clock_getres: [Symbols.clock],
  clock_gettime: [Symbols.clock],
  clock_nanosleep: [Symbols.clock, Symbols.timerFlags],
  clock_settime: [Symbols.clock],
  dup3: [undefined, undefined, Symbols.descriptorFlags],
  epoll_create1: [Symbols.descriptorFlags],
  epoll_ctl: [undefined, Symbols.epollOperation],
  eventfd2: [undefined, Symbols.descriptorFlags],
  faccessat: [Symbols.directoryFd, undefined, Symbols.accessMode],
  faccessat2: [Symbols.directoryFd, undefined, Symbols.accessMode, Symbols.atFlags],
  fchmodat: [Symbols.directoryFd],
  fchownat: [Symbols.directoryFd, undefined, undefined, undefined, Symbols.atFlags],
  fcntl: [undefined, Symbols.fcntlCommand],
  futex: [undefined, Symbols.futexOperation],
  getrandom: [undefined, undefined, Symbols.randomFlags],
  getrlimit: [Symbols.resource],
  ioctl: [undefined, Symbols.ioctlRequest],
  linkat: [Symbols.directoryFd, undefined, Symbols.directoryFd, undefined, Symbols.atFlags],
  lseek: [undefined, undefined, Symbols.whence],
  madvise: [undefined, undefined, Symbols.advice],
  mkdirat: [Symbols.directoryFd],
  mknodat: [Symbols.directoryFd],
  mmap: [undefined, undefined, Symbols.protection, Symbols.mapFlags],
  mprotect: [undefined, undefined, Symbols.protection],
  mremap: [undefined, undefined, undefined, Symbols.remapFlags],
  newfstatat: [Symbols.directoryFd, undefined, undefined, Symbols.atFlags],
  openat: [Symbols.directoryFd, undefined, Symbols.openFlags],
  pipe2: [undefined, Symbols.descriptorFlags],
  prctl: [Symbols.prctlOption],
  prlimit64: [undefined, Symbols.resource],
  pwrite64: [undefined, "data"],
  readlinkat: [Symbols.directoryFd],
  renameat2: [Symbols.directoryFd, undefined, Symbols.directoryFd, undefined, Symbols.renameFlags],
  rt_sigprocmask: [Symbols.maskHow],
  sendto: [undefined, "data"],
  setrlimit: [Symbols.resource],
  statx: [Symbols.directoryFd, undefined, Symbols.atFlags],
  symlinkat: [undefined, Symbols.directoryFd],
  timerfd_create: [Symbols.clock, Symbols.descriptorFlags],
  unlinkat: [Symbols.directoryFd, undefined, Symbols.unlinkFlags],
  utimensat: [Symbols.directoryFd, undefined, undefined, Symbols.atFlags],
  write: [undefined, "data"]
}

/** Calls whose result is an address. */
export const addressResults: ReadonlySet<string> = new Set(["brk", "mmap", "mremap"])
