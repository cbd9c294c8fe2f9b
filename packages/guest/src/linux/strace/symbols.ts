/** Names of the flags and constants that arguments are made of. */
import { AT, O } from "../files/constants.ts"

/** How a number is spelled: one of some values, or a set of bits. */
export type Spelling = (value: number) => string

const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`

/** One of the named values; hexadecimal if it has no name. */
export const oneOf =
  (names: Readonly<Record<number, string>>): Spelling =>
  (value) =>
    names[value] ?? hex(value)

/** Named bits joined by `|`, then what is left in hexadecimal; `zero` for none. */
export const bits =
  (names: ReadonlyArray<readonly [number, string]>, zero = "0"): Spelling =>
  (value) => {
    const parts: Array<string> = []
    let rest = value >>> 0
    for (const [bit, name] of names) {
      if ((value & bit) === bit && (rest & bit) !== 0) {
        parts.push(name)
        rest = (rest & ~bit) >>> 0
      }
    }
    if (rest !== 0) parts.push(hex(rest))
    return parts.length === 0 ? zero : parts.join("|")
  }

const openBits = bits(
  [
    [O.SYNC, "O_SYNC"],
    [O.TMPFILE, "O_TMPFILE"],
    [O.CREAT, "O_CREAT"],
    [O.EXCL, "O_EXCL"],
    [O.NOCTTY, "O_NOCTTY"],
    [O.TRUNC, "O_TRUNC"],
    [O.APPEND, "O_APPEND"],
    [O.NONBLOCK, "O_NONBLOCK"],
    [O.DSYNC, "O_DSYNC"],
    [O.ASYNC, "O_ASYNC"],
    [O.DIRECT, "O_DIRECT"],
    [O.LARGEFILE, "O_LARGEFILE"],
    [O.DIRECTORY, "O_DIRECTORY"],
    [O.NOFOLLOW, "O_NOFOLLOW"],
    [O.NOATIME, "O_NOATIME"],
    [O.CLOEXEC, "O_CLOEXEC"],
    [O.PATH, "O_PATH"]
  ],
  ""
)

/** Flags of openat: the access mode first. */
export const openFlags: Spelling = (value) => {
  const mode = ["O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"][value & 3]!
  const rest = openBits(value & ~3)
  return rest === "" ? mode : `${mode}|${rest}`
}

/** Flags that a new descriptor may have (pipe2, dup3, eventfd2). */
export const descriptorFlags: Spelling = (value) => openBits(value) || "0"

/** A descriptor that may stand for the current directory. */
export const directoryFd: Spelling = (value) => (value === AT.FDCWD ? "AT_FDCWD" : `${value}`)

export const atFlags = bits([
  [AT.SYMLINK_NOFOLLOW, "AT_SYMLINK_NOFOLLOW"],
  [AT.SYMLINK_FOLLOW, "AT_SYMLINK_FOLLOW"],
  [AT.NO_AUTOMOUNT, "AT_NO_AUTOMOUNT"],
  [AT.EMPTY_PATH, "AT_EMPTY_PATH"]
])

export const unlinkFlags = bits([[AT.REMOVEDIR, "AT_REMOVEDIR"]])

export const accessMode = bits(
  [
    [4, "R_OK"],
    [2, "W_OK"],
    [1, "X_OK"]
  ],
  "F_OK"
)

export const whence = oneOf({ 0: "SEEK_SET", 1: "SEEK_CUR", 2: "SEEK_END", 3: "SEEK_DATA", 4: "SEEK_HOLE" })

export const protection = bits(
  [
    [1, "PROT_READ"],
    [2, "PROT_WRITE"],
    [4, "PROT_EXEC"]
  ],
  "PROT_NONE"
)

const mapBits = bits(
  [
    [0x10, "MAP_FIXED"],
    [0x20, "MAP_ANONYMOUS"],
    [0x100, "MAP_GROWSDOWN"],
    [0x800, "MAP_DENYWRITE"],
    [0x2000, "MAP_LOCKED"],
    [0x4000, "MAP_NORESERVE"],
    [0x8000, "MAP_POPULATE"],
    [0x20000, "MAP_STACK"],
    [0x40000, "MAP_HUGETLB"],
    [0x100000, "MAP_FIXED_NOREPLACE"]
  ],
  ""
)

export const mapFlags: Spelling = (value) => {
  const type = ["0", "MAP_SHARED", "MAP_PRIVATE", "MAP_SHARED_VALIDATE"][value & 3]!
  const rest = mapBits(value & ~3)
  return rest === "" ? type : `${type}|${rest}`
}

export const remapFlags = bits([
  [1, "MREMAP_MAYMOVE"],
  [2, "MREMAP_FIXED"],
  [4, "MREMAP_DONTUNMAP"]
])

export const advice = oneOf({
  0: "MADV_NORMAL",
  1: "MADV_RANDOM",
  2: "MADV_SEQUENTIAL",
  3: "MADV_WILLNEED",
  4: "MADV_DONTNEED",
  8: "MADV_FREE",
  14: "MADV_HUGEPAGE",
  15: "MADV_NOHUGEPAGE"
})

export const fcntlCommand = oneOf({
  0: "F_DUPFD",
  1: "F_GETFD",
  2: "F_SETFD",
  3: "F_GETFL",
  4: "F_SETFL",
  5: "F_GETLK",
  6: "F_SETLK",
  7: "F_SETLKW",
  8: "F_SETOWN",
  9: "F_GETOWN",
  36: "F_OFD_GETLK",
  37: "F_OFD_SETLK",
  38: "F_OFD_SETLKW",
  1030: "F_DUPFD_CLOEXEC",
  1031: "F_SETPIPE_SZ",
  1032: "F_GETPIPE_SZ"
})

export const ioctlRequest = oneOf({
  0x5401: "TCGETS",
  0x5402: "TCSETS",
  0x5403: "TCSETSW",
  0x5404: "TCSETSF",
  0x540f: "TIOCGPGRP",
  0x5410: "TIOCSPGRP",
  0x5413: "TIOCGWINSZ",
  0x541b: "FIONREAD",
  0x5421: "FIONBIO",
  0x5451: "FIOCLEX"
})

export const clock = oneOf({
  0: "CLOCK_REALTIME",
  1: "CLOCK_MONOTONIC",
  2: "CLOCK_PROCESS_CPUTIME_ID",
  3: "CLOCK_THREAD_CPUTIME_ID",
  4: "CLOCK_MONOTONIC_RAW",
  5: "CLOCK_REALTIME_COARSE",
  6: "CLOCK_MONOTONIC_COARSE",
  7: "CLOCK_BOOTTIME"
})

export const timerFlags = bits([[1, "TIMER_ABSTIME"]])

export const maskHow = oneOf({ 0: "SIG_BLOCK", 1: "SIG_UNBLOCK", 2: "SIG_SETMASK" })

const futexOperations = [
  "FUTEX_WAIT",
  "FUTEX_WAKE",
  "FUTEX_FD",
  "FUTEX_REQUEUE",
  "FUTEX_CMP_REQUEUE",
  "FUTEX_WAKE_OP",
  "FUTEX_LOCK_PI",
  "FUTEX_UNLOCK_PI",
  "FUTEX_TRYLOCK_PI",
  "FUTEX_WAIT_BITSET",
  "FUTEX_WAKE_BITSET"
]

export const futexOperation: Spelling = (value) => {
  const name = futexOperations[value & 0x7f] ?? hex(value & 0x7f)
  const flags = bits(
    [
      [128, "FUTEX_PRIVATE_FLAG"],
      [256, "FUTEX_CLOCK_REALTIME"]
    ],
    ""
  )(value & ~0x7f)
  return flags === "" ? name : `${name}|${flags}`
}

export const randomFlags = bits([
  [1, "GRND_NONBLOCK"],
  [2, "GRND_RANDOM"],
  [4, "GRND_INSECURE"]
])

export const resource = oneOf({
  0: "RLIMIT_CPU",
  1: "RLIMIT_FSIZE",
  2: "RLIMIT_DATA",
  3: "RLIMIT_STACK",
  4: "RLIMIT_CORE",
  5: "RLIMIT_RSS",
  6: "RLIMIT_NPROC",
  7: "RLIMIT_NOFILE",
  8: "RLIMIT_MEMLOCK",
  9: "RLIMIT_AS"
})

export const epollOperation = oneOf({ 1: "EPOLL_CTL_ADD", 2: "EPOLL_CTL_DEL", 3: "EPOLL_CTL_MOD" })

export const renameFlags = bits([
  [1, "RENAME_NOREPLACE"],
  [2, "RENAME_EXCHANGE"],
  [4, "RENAME_WHITEOUT"]
])

export const prctlOption = oneOf({
  1: "PR_SET_PDEATHSIG",
  3: "PR_GET_DUMPABLE",
  4: "PR_SET_DUMPABLE",
  15: "PR_SET_NAME",
  16: "PR_GET_NAME",
  23: "PR_CAPBSET_READ",
  38: "PR_SET_NO_NEW_PRIVS"
})
