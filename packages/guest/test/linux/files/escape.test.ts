/** Nothing that a guest can spell gets to the host's /proc, /sys, or devices that show the host. */
import { assert, describe, it } from "@effect/vitest"
import type { HostFsShape, HostStat } from "@emu/guest/HostFs"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { AT, O, S } from "@emu/guest/linux/files/constants"
import { guardHost } from "@emu/guest/linux/files/lookup/HostGuard"
import { makeMemoryFs } from "@emu/guest/MemoryFs"
import * as Schema from "effect/Schema"
import { makeFileKernel, out } from "../support/fileKernel.ts"

const { FDCWD } = AT
const secret = new TextEncoder().encode("the host's own")

const files = {
  "/bin/program": secret,
  "/d/f": new Uint8Array(1),
  "/d/e/f": new Uint8Array(1),
  "/root/bin/x": new Uint8Array(1),
  "/root/proc/x": new Uint8Array(1),
  "/proc/secret": secret,
  "/proc/self/mem": secret,
  "/proc/self/environ": secret,
  "/proc/self/task/7/mem": secret,
  "/proc/self/root/d/f": secret,
  "/proc/7/mem": secret,
  "/proc/1/environ": secret,
  "/proc/sys/kernel/core_pattern": secret,
  "/sys/secret": secret,
  "/sys/kernel/uevent_helper": secret
}

/** Links by path, as the host's user or the guest may have made them. */
const links: Readonly<Record<string, string>> = {
  "/lnk": "/proc",
  "/rel": "proc",
  "/d/up": "../proc",
  "/d/deep": "/lnk/self",
  "/d/sys": "/sys",
  "/d/self": "/proc/self",
  "/d/file": "/proc/self/mem",
  "/d/slash": "//proc/./self/../self/",
  "/d/root": "/",
  "/d/chain": "root/lnk",
  "/root/lnk": "/proc",
  "/root/up": "../proc",
  "/root/out": "../../proc/self/mem"
}

/** A host that keeps a list of what was asked of it that it should not have been. */
const watchedHost = () => {
  const memory = makeMemoryFs({ files })
  for (const [path, target] of Object.entries(links)) memory.symlink(target, path)
  const reached: Array<string> = []
  const isSecret = (path: string): boolean => /^\/(proc|sys)(\/|$)/.test(path)
  /** Where a path leads to, or would if it existed. */
  const watch = (name: string, path: string): void => {
    const directory = memory.realpath(path.slice(0, path.lastIndexOf("/")) || "/")
    const own = typeof directory === "string" ? `${directory}/${path.slice(path.lastIndexOf("/") + 1)}` : path
    const real = memory.realpath(path)
    for (const at of [path, own.replace("//", "/"), typeof real === "string" ? real : ""]) {
      if (isSecret(at)) reached.push(`${name} ${path}`)
    }
  }
  const paths = new Set<keyof HostFsShape>([
    "open",
    "stat",
    "lstat",
    "peek",
    "exists",
    "statfs",
    "readlink",
    "realpath",
    "mkdir",
    "mknod",
    "unlink",
    "rmdir",
    "chmod",
    "chown",
    "utimens",
    "truncate",
    "access",
    "rename",
    "link"
  ])
  const host = Object.fromEntries(
    Object.entries(memory).map(([name, run]) => [
      name,
      (...args: ReadonlyArray<unknown>) => {
        if (paths.has(name as never)) watch(name, args[0] as string)
        if (name === "rename" || name === "link" || name === "symlink") watch(name, args[1] as string)
        return (run as (...args: ReadonlyArray<unknown>) => unknown)(...args)
      }
    ])
  ) as unknown as HostFsShape
  // a link itself may be looked at and read: what it says is the guest's to know
  const isLink = (path: string): boolean => {
    const stat = memory.lstat(path)
    return typeof stat !== "number" && (stat.mode & S.IFMT) === S.IFLNK
  }
  const looks: HostFsShape = {
    ...host,
    open: (path, flags, mode) => (isLink(path) && (flags & O.NOFOLLOW) !== 0 ? memory : host).open(path, flags, mode),
    lstat: (path) => (isLink(path) ? memory : host).lstat(path),
    peek: (path) => (isLink(path) ? memory : host).peek(path),
    readlink: (path) => (isLink(path) ? memory : host).readlink(path),
    unlink: (path) => (isLink(path) ? memory : host).unlink(path),
    rmdir: (path) => (isLink(path) ? memory : host).rmdir(path),
    rename: (from, to) => (isLink(from) || isLink(to) ? 0 : host.rename(from, to))
  }
  return { host: looks, reached }
}

type Kit = ReturnType<typeof makeFileKernel>

/** Each call that takes a path, with the path as its argument. */
const calls: Readonly<Record<string, (kit: Kit, dirfd: number, path: string) => number>> = {
  openat: ({ call }, dirfd, path) => call("openat", dirfd, path, O.RDONLY, 0),
  "openat for writing": ({ call }, dirfd, path) => call("openat", dirfd, path, O.RDWR, 0),
  "openat with O_TRUNC": ({ call }, dirfd, path) => call("openat", dirfd, path, O.WRONLY | O.TRUNC, 0),
  "openat with O_CREAT": ({ call }, dirfd, path) => call("openat", dirfd, path, O.RDWR | O.CREAT, 0o600),
  "openat with O_NOFOLLOW": ({ call }, dirfd, path) => call("openat", dirfd, path, O.NOFOLLOW, 0),
  "openat with O_PATH": ({ call, text, kernel }, dirfd, path) => {
    const fd = call("openat", dirfd, path, O.PATH, 0)
    if (fd < 0) return fd
    call("newfstatat", fd, "", out, AT.EMPTY_PATH)
    call("readlinkat", fd, "", out, 99)
    call("openat", fd, "mem", O.RDWR, 0)
    call("openat", FDCWD, `/proc/self/fd/${fd}`, O.RDONLY, 0)
    call("openat", FDCWD, `/dev/fd/${fd}/mem`, O.RDONLY, 0)
    call("faccessat2", fd, "", 4, AT.EMPTY_PATH)
    call("statfs", `/proc/self/fd/${fd}`, out)
    call("fstatfs", fd, out)
    call("execveat", fd, "", 0, 0, AT.EMPTY_PATH)
    const before = kernel.files.paths.cwd
    if (call("fchdir", fd) === 0) {
      call("openat", FDCWD, "self/mem", O.RDWR, 0)
      call("openat", FDCWD, "mem", O.RDWR, 0)
      call("newfstatat", FDCWD, "../proc/self", out, 0)
      call("getcwd", out, 4096)
      text(10)
    }
    kernel.files.paths.cwd = before
    return fd
  },
  openat2: ({ call, state }, dirfd, path) => {
    state.u8.fill(0, out, out + 24)
    return call("openat2", dirfd, path, out, 24)
  },
  newfstatat: ({ call }, dirfd, path) => call("newfstatat", dirfd, path, out, 0),
  "newfstatat of a link": ({ call }, dirfd, path) => call("newfstatat", dirfd, path, out, AT.SYMLINK_NOFOLLOW),
  statx: ({ call }, dirfd, path) => call("statx", dirfd, path, 0, 0xfff, out),
  faccessat: ({ call }, dirfd, path) => call("faccessat", dirfd, path, 4),
  faccessat2: ({ call }, dirfd, path) => call("faccessat2", dirfd, path, 4, AT.SYMLINK_NOFOLLOW),
  readlinkat: ({ call }, dirfd, path) => call("readlinkat", dirfd, path, out, 99),
  statfs: ({ call }, _, path) => call("statfs", path, out),
  chdir: ({ call, kernel }, _, path) => {
    const before = kernel.files.paths.cwd
    const result = call("chdir", path)
    call("openat", FDCWD, "mem", O.RDWR, 0)
    call("openat", FDCWD, "../../proc/self/mem", O.RDWR, 0)
    kernel.files.paths.cwd = before
    return result
  },
  truncate: ({ call }, _, path) => call("truncate", path, 0),
  fchmodat: ({ call }, dirfd, path) => call("fchmodat", dirfd, path, 0o777),
  fchmodat2: ({ call }, dirfd, path) => call("fchmodat2", dirfd, path, 0o777, AT.SYMLINK_NOFOLLOW),
  fchownat: ({ call }, dirfd, path) => call("fchownat", dirfd, path, 0, 0, 0),
  utimensat: ({ call }, dirfd, path) => call("utimensat", dirfd, path, 0, 0),
  mkdirat: ({ call }, dirfd, path) => call("mkdirat", dirfd, `${path}/new`, 0o777),
  mknodat: ({ call }, dirfd, path) => call("mknodat", dirfd, `${path}/new`, S.IFREG | 0o666, 0),
  symlinkat: ({ call }, dirfd, path) => call("symlinkat", "/d", dirfd, `${path}/new`),
  unlinkat: ({ call }, dirfd, path) => call("unlinkat", dirfd, `${path}/secret`, 0),
  rmdir: ({ call }, dirfd, path) => call("unlinkat", dirfd, `${path}/self`, AT.REMOVEDIR),
  "renameat2 from": ({ call }, dirfd, path) => call("renameat2", dirfd, `${path}/secret`, FDCWD, "/d/stolen", 0),
  "renameat2 to": ({ call }, dirfd, path) => call("renameat2", FDCWD, "/d/e/f", dirfd, `${path}/secret`, 0),
  "linkat from": ({ call }, dirfd, path) => call("linkat", dirfd, path, FDCWD, "/d/copy", AT.SYMLINK_FOLLOW),
  "linkat to": ({ call }, dirfd, path) => call("linkat", FDCWD, "/d/f", dirfd, `${path}/new`, 0),
  getxattr: ({ call }, _, path) => call("getxattr", path, "user.x", out, 10),
  execveat: ({ call }, dirfd, path) => call("execveat", dirfd, path, 0, 0, 0)
}

const spellings: ReadonlyArray<string> = [
  "/proc",
  "/proc/",
  "//proc//self//mem",
  "/./proc/self/mem",
  "/d/../proc/self/mem",
  "/d/e/../../proc/./self/./mem",
  "/proc/self/../secret",
  "/proc/self/../self/mem",
  "/proc/./self/mem",
  "/proc/7/mem",
  "/proc/1/environ",
  "/proc/self/task/7/mem",
  "/proc/thread-self/mem",
  "/proc/thread-self/../../../mem",
  "/proc/self/root/proc/7/mem",
  "/proc/self/root/lnk/7/mem",
  "/proc/self/cwd/proc/7/mem",
  "/proc/self/cwd/../proc/7/mem",
  "/proc/self/cwd/../../../../proc/secret",
  "/proc/self/exe",
  "/proc/self/fd/../../secret",
  "/proc/self/fd/9/../secret",
  "/proc/sys/kernel/core_pattern",
  "/proc/../proc/secret",
  "/lnk/self/mem",
  "/lnk/7/mem",
  "/rel/secret",
  "/d/up/secret",
  "/d/deep/mem",
  "/d/deep/../secret",
  "/d/sys/secret",
  "/d/self/../secret",
  "/d/file",
  "/d/file/",
  "/d/slash",
  "/d/slash/mem",
  "/d/root/proc/secret",
  "/d/root/d/root/lnk/secret",
  "/d/chain/secret",
  "/sys/secret",
  "/sys/../sys/kernel/uevent_helper",
  "/dev/../proc/secret",
  "/dev/fd/../secret",
  "/dev/fd/../../secret",
  "/dev/stdin/../secret",
  "../proc/secret",
  "../../../proc/self/mem",
  "up/secret",
  "./deep/mem",
  "file",
  "root/proc/secret"
]

/** Every call on a path from every kind of directory; what of the host was reached. */
const tryAll = (
  path: string,
  names: ReadonlyArray<string> = Object.keys(calls),
  sysroot?: string
): ReadonlyArray<string> => {
  const { host, reached } = watchedHost()
  const kit = makeFileKernel({ host, cwd: "/d", ...(sysroot === undefined ? {} : { sysroot }) })
  const directories = [
    FDCWD,
    kit.call("openat", FDCWD, "/", O.DIRECTORY, 0),
    kit.call("openat", FDCWD, "/d", O.DIRECTORY | O.PATH, 0),
    kit.call("openat", FDCWD, "/proc", O.DIRECTORY, 0),
    kit.call("openat", FDCWD, "/proc/self", O.DIRECTORY | O.PATH, 0),
    kit.call("openat", FDCWD, "/lnk", O.DIRECTORY, 0),
    kit.call("openat", FDCWD, "/sys", O.DIRECTORY, 0)
  ]
  for (const name of names) {
    for (const dirfd of directories) {
      const result = calls[name]!(kit, dirfd, path)
      if (result > 2 && !directories.includes(result)) kit.call("close", result)
    }
  }
  return reached
}

describe("the host's /proc and /sys are not reached", () => {
  it.each(spellings)("by %s", (path) => {
    assert.deepStrictEqual(tryAll(path), [])
    assert.deepStrictEqual(tryAll(path, undefined, "/root"), [])
  })

  const names = "proc self sys d e lnk rel up deep root chain slash file dev 7 100 1 task fd 3 cwd thread-self mem secret x"
  const Component = Schema.Literals(["..", "..", "..", ".", "", ...names.split(" ")])
  it.prop(
    "by what is put together at random",
    [Schema.Array(Component), Schema.Boolean, Schema.Literals(Object.keys(calls)), Schema.Boolean],
    ([parts, isAbsolute, name, hasSysroot]) => {
      const path = (isAbsolute ? "/" : "") + parts.join("/")
      assert.deepStrictEqual(tryAll(path, [name], hasSysroot ? "/root" : undefined), [], `${name} ${path}`)
    },
    { arbitrary: { runs: 3000, size: 12 } }
  )

  it("by a link that the guest makes, nor by its own renaming on the way", () => {
    const { host, reached } = watchedHost()
    const { call } = makeFileKernel({ host, cwd: "/d" })
    call("mkdirat", FDCWD, "a", 0o777)
    call("mkdirat", FDCWD, "a/b", 0o777)
    assert.strictEqual(call("newfstatat", FDCWD, "a/b", out, 0), 0)
    call("renameat2", FDCWD, "a", FDCWD, "c", 0)
    assert.strictEqual(call("symlinkat", "/proc", FDCWD, "a"), 0)
    assert.strictEqual(call("openat", FDCWD, "a/secret", O.RDONLY, 0), -Errno.ENOENT)
    assert.strictEqual(call("newfstatat", FDCWD, "a/b", out, 0), -Errno.ENOENT)
    assert.deepStrictEqual(reached, [])
  })

  it("and what is found there is the guest's", () => {
    const { host } = watchedHost()
    const { call, text } = makeFileKernel({ host, cwd: "/d" })
    for (const path of ["/d/../proc/self/environ", "up/self/environ", "/lnk/100/environ", "/d/slash/environ"]) {
      const fd = call("openat", FDCWD, path, O.RDONLY, 0)
      assert.strictEqual(text(call("read", fd, out, 99)), "A=b\0", path)
    }
    const proc = call("openat", FDCWD, "/lnk", O.DIRECTORY, 0)
    assert.strictEqual(text(call("readlinkat", proc, "self", out, 99)), "100")
  })
})

describe("what gets past the walk is stopped where it is open", () => {
  const statOf = (host: HostFsShape, path: string): HostStat => host.stat(path) as HostStat

  /** A host where a file system of the given kind is mounted at /jail/proc. */
  const mounted = (type: bigint) => {
    const memory = makeMemoryFs({ files: { "/jail/proc/1/environ": secret, "/jail/f": secret } })
    const inside = (path: string | number): boolean => typeof path === "string" && path.startsWith("/jail/proc")
    const at = (path: string) => (inside(path) ? { dev: 77n } : {})
    return guardHost({
      ...memory,
      peek: (path) => {
        const found = memory.peek(path)
        return typeof found === "object" ? { mode: found.mode, dev: 1, ...at(path) } : found
      },
      fstat: (fd) => ({ ...(memory.fstat(fd) as HostStat), ...at(memory.fdPath(fd) as string) }),
      statfs: (path) => ({ ...(memory.statfs(path) as object), type: inside(path) ? type : 0xef53n }) as never,
      fstatfs: (fd) => ({ ...(memory.fstatfs(fd) as object), type: inside(memory.fdPath(fd)) ? type : 0xef53n }) as never
    })
  }

  it.each([
    ["proc", 0x9fa0n],
    ["sysfs", 0x62656572n],
    ["cgroup2", 0x63677270n],
    ["selinuxfs", BigInt.asIntN(32, 0xf97cff8cn)]
  ])("%s that is mounted elsewhere", (_, type) => {
    const host = mounted(type)
    assert.strictEqual(host.open("/jail/proc/1/environ", O.RDONLY, 0), -Errno.EACCES)
    assert.isAtLeast(host.open("/jail/f", O.RDONLY, 0), 3)
    const { call } = makeFileKernel({ host, cwd: "/" })
    assert.strictEqual(call("newfstatat", FDCWD, "/jail/proc/1/environ", out, 0), -Errno.EACCES)
    assert.strictEqual(call("newfstatat", FDCWD, "/jail/f", out, 0), 0)
  })

  it.each([
    ["the host's memory", S.IFCHR, 0x101n, false],
    ["kernel memory", S.IFCHR, 0x102n, false],
    ["ports", S.IFCHR, 0x104n, false],
    ["the kernel's log", S.IFCHR, 0x10bn, false],
    ["a disk", S.IFBLK, 0x800n, false],
    ["a raw disk (sg)", S.IFCHR, 0x1500n, false],
    ["a virtual machine", S.IFCHR, 0xae8n, false],
    ["the null device", S.IFCHR, 0x103n, true],
    ["a terminal", S.IFCHR, 0x8800n, true],
    ["a serial line", S.IFCHR, 0x440n, true]
  ] as const)("devices: %s", (_, type, rdev, isAllowed) => {
    const memory = makeMemoryFs({ files: { "/dev/it": secret, "/elsewhere": secret } })
    let opened = 0
    const device = { mode: type | 0o666, rdev }
    const host = guardHost({
      ...memory,
      open: (...args) => {
        opened++
        return memory.open(...args)
      },
      stat: (path) => ({ ...statOf(memory, path), ...device }),
      fstat: (fd) => ({ ...(memory.fstat(fd) as HostStat), ...device })
    })
    assert.strictEqual(host.open("/dev/it", O.RDWR, 0) >= 0, isAllowed)
    assert.strictEqual(opened, isAllowed ? 1 : 0, "opening may do something by itself")
    assert.strictEqual(host.open("/elsewhere", O.RDWR, 0) >= 0, isAllowed)
  })
})
