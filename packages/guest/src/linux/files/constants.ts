/** Numbers of Linux's asm-generic file ABI, as riscv64 has them. */

/** Flags of openat. */
export const O = {
  RDONLY: 0,
  WRONLY: 1,
  RDWR: 2,
  ACCMODE: 3,
  CREAT: 0o100,
  EXCL: 0o200,
  NOCTTY: 0o400,
  TRUNC: 0o1000,
  APPEND: 0o2000,
  NONBLOCK: 0o4000,
  DSYNC: 0o10000,
  ASYNC: 0o20000,
  DIRECT: 0o40000,
  LARGEFILE: 0o100000,
  DIRECTORY: 0o200000,
  NOFOLLOW: 0o400000,
  NOATIME: 0o1000000,
  CLOEXEC: 0o2000000,
  SYNC: 0o4010000,
  PATH: 0o10000000,
  TMPFILE: 0o20200000
} as const

/** Flags that act once, at the open. */
export const openOnly = O.CREAT | O.EXCL | O.NOCTTY | O.TRUNC | O.CLOEXEC

/** Flags of the *at calls. */
export const AT = {
  FDCWD: -100,
  SYMLINK_NOFOLLOW: 0x100,
  REMOVEDIR: 0x200,
  EACCESS: 0x200,
  SYMLINK_FOLLOW: 0x400,
  NO_AUTOMOUNT: 0x800,
  EMPTY_PATH: 0x1000,
  STATX_SYNC_TYPE: 0x6000
} as const

/** File types in a mode. */
export const S = {
  IFMT: 0o170000,
  IFSOCK: 0o140000,
  IFLNK: 0o120000,
  IFREG: 0o100000,
  IFBLK: 0o060000,
  IFDIR: 0o040000,
  IFCHR: 0o020000,
  IFIFO: 0o010000,
  ISUID: 0o4000,
  ISGID: 0o2000
} as const

/** Events of poll, which epoll shares. */
export const POLL = { IN: 1, PRI: 2, OUT: 4, ERR: 8, HUP: 16, NVAL: 32, RDNORM: 64, WRNORM: 256, RDHUP: 0x2000 } as const

/** Longest path that a call accepts, with its terminator. */
export const PATH_MAX = 4096
/** Longest name of a directory entry. */
export const NAME_MAX = 255
/** Most buffers of readv and the like. */
export const IOV_MAX = 1024
/** Most bytes that one read or write moves. */
export const maxTransfer = 0x7ffff000

/** DT_ value of a file mode. */
export const direntType = (mode: number): number => (mode & S.IFMT) >>> 12
