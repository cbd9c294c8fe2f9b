/**
 * What stands between the guest's kernel and the host's files: nothing gets to what shows or changes the host itself. Paths arrive here
 * canonical, see `Walk`. What they lead to is looked at once more when it is open, since others may have changed it meanwhile.
 */
import type { HostFsShape } from "../../../HostFs.ts"
import { Errno } from "../../kernel/errno.ts"
import { O, S } from "../constants.ts"

/** The host's files, guarded. */
export interface GuardedFs extends HostFsShape {
  /** Paths that were directories, by no link, when a walk came by. Forgotten where names of the guest's change. */
  readonly directories: Set<string>
  /**
   * The type (S_IFMT bits) of what is at a path, a link itself; 0 if nothing is, or a negative errno: EACCES for a directory of a file
   * system that shows the host. Directories are remembered.
   */
  readonly look: (path: string) => number
}

/** Whether a canonical path lies where the host is never asked. */
export const isOurs = (path: string): boolean => /^\/(proc|sys)(\/|$)/.test(path)

/** File systems that show or change the host, by the magic number of statfs(2): wherever they are mounted. */
const forbiddenFileSystems: ReadonlyMap<bigint, string> = new Map([
  [0x9fa0n, "proc"],
  [0x62656572n, "sysfs"],
  [0x64626720n, "debugfs"],
  [0x74726163n, "tracefs"],
  [0x73636673n, "securityfs"],
  [0x62656570n, "configfs"],
  [0xde5e81e4n, "efivarfs"],
  [0x27e0ebn, "cgroup"],
  [0x63677270n, "cgroup2"],
  [0xcafe4a11n, "bpf"],
  [0x6165676cn, "pstore"],
  [0xf97cff8cn, "selinuxfs"],
  [0x43415d53n, "smackfs"],
  [0x42494e4dn, "binfmt_misc"],
  [0x6e736673n, "nsfs"],
  [0x65735543n, "fusectl"],
  [0x7655821n, "resctrl"],
  [0x67596969n, "rpc_pipefs"]
])

/** Majors of the character devices that may be opened: terminals, serial lines. Those of memory are `memoryDevices`. */
const terminalMajors: ReadonlySet<bigint> = new Set([
  2n,
  3n,
  4n,
  5n,
  136n,
  137n,
  138n,
  139n,
  140n,
  141n,
  142n,
  143n,
  166n,
  188n,
  204n
])

/** Minors of major 1: null, zero, full, random, urandom. Others are the host's memory, its ports and its log. */
const memoryDevices: ReadonlySet<bigint> = new Set([3n, 5n, 7n, 8n, 9n])

const isAllowedDevice = (rdev: bigint): boolean => {
  const major = (rdev >> 8n) & 0xfffn
  return major === 1n ? memoryDevices.has(rdev & 0xffn) : terminalMajors.has(major)
}

/** As many directories are remembered. */
const maxDirectories = 65536

/** @returns the same files, without those that lead out */
export const guardHost = (host: HostFsShape): GuardedFs => {
  const directories = new Set<string>()
  /** Devices of file systems, and whether those show the host. */
  const fileSystems = new Map<bigint, boolean>()

  const showsHost = (dev: bigint, type: () => bigint | undefined): boolean => {
    const known = fileSystems.get(dev)
    if (known !== undefined) return known
    const magic = type()
    const result = magic !== undefined && forbiddenFileSystems.has(BigInt.asUintN(32, magic))
    fileSystems.set(dev, result)
    return result
  }

  const look = (path: string): number => {
    if (isOurs(path)) return -Errno.EACCES
    const found = host.peek(path)
    if (found === undefined) return 0
    if (typeof found === "number") return found
    const type = found.mode & S.IFMT
    if (type !== S.IFDIR) return type
    const typeHere = (): bigint | undefined => {
      const stat = host.statfs(path)
      return typeof stat === "number" ? undefined : stat.type
    }
    if (showsHost(BigInt(found.dev), typeHere)) return -Errno.EACCES
    if (directories.size >= maxDirectories) directories.clear()
    directories.add(path)
    return type
  }

  /** An open descriptor that may be kept; else it is closed, and the errno given. */
  const checked = (fd: number): number => {
    if (fd < 0) return fd
    const stat = host.fstat(fd)
    if (typeof stat === "number") return fd
    const type = stat.mode & S.IFMT
    const typeHere = (): bigint | undefined => {
      const status = host.fstatfs(fd)
      return typeof status === "number" ? undefined : status.type
    }
    const isDevice = type === S.IFBLK || (type === S.IFCHR && !isAllowedDevice(stat.rdev))
    if (!isDevice && !showsHost(stat.dev, typeHere)) return fd
    host.close(fd)
    return -Errno.EACCES
  }

  /** Opening a device may do something by itself, so that it is looked at before. */
  const isForbiddenDevice = (path: string, flags: number): boolean => {
    if (!path.startsWith("/dev/") || (flags & O.PATH) === O.PATH) return false
    const stat = host.stat(path)
    if (typeof stat === "number") return false
    const type = stat.mode & S.IFMT
    return type === S.IFBLK || (type === S.IFCHR && !isAllowedDevice(stat.rdev))
  }

  /** Guards a function whose first argument is a path. */
  const onPath =
    <Rest extends ReadonlyArray<unknown>, A>(run: (path: string, ...rest: Rest) => A) =>
    (path: string, ...rest: Rest): A | number =>
      isOurs(path) ? -Errno.EACCES : run(path, ...rest)

  const onPaths =
    (run: (from: string, to: string) => number, changesNames: boolean) =>
    (from: string, to: string): number => {
      if (isOurs(from) || isOurs(to)) return -Errno.EACCES
      if (changesNames) directories.clear()
      return run(from, to)
    }

  return {
    ...host,
    directories,
    look,
    open: (path, flags, mode) =>
      isOurs(path) || isForbiddenDevice(path, flags) ? -Errno.EACCES : checked(host.open(path, flags, mode)),
    reopen: (fd, flags) => checked(host.reopen(fd, flags)),
    peek: onPath(host.peek),
    stat: onPath(host.stat),
    lstat: onPath(host.lstat),
    exists: (path) => !isOurs(path) && host.exists(path),
    statfs: onPath(host.statfs),
    readlink: onPath(host.readlink),
    realpath: onPath(host.realpath),
    mkdir: onPath(host.mkdir),
    mknod: onPath(host.mknod),
    unlink: onPath(host.unlink),
    rmdir: (path) => {
      if (isOurs(path)) return -Errno.EACCES
      directories.clear()
      return host.rmdir(path)
    },
    rename: onPaths(host.rename, true),
    link: onPaths(host.link, false),
    // the first argument is what the link says, whatever that means
    symlink: (target, path) => (isOurs(path) ? -Errno.EACCES : host.symlink(target, path)),
    chmod: onPath(host.chmod),
    chown: onPath(host.chown),
    utimens: onPath(host.utimens),
    truncate: onPath(host.truncate),
    access: onPath(host.access)
  }
}
