/** System calls on regular files, directories and descriptors. */
import { assert, describe, it } from "@effect/vitest"
import { AT, O, S } from "@emu/guest/linux/files/constants"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { makeVirtualFs } from "@emu/guest/linux/files/virtual/virtualFs"
import { makeMemoryFs } from "@emu/guest/MemoryFs"
import { bad, base, makeFileKernel, out, readOnly } from "../support/fileKernel.ts"

const { FDCWD } = AT
const create = O.RDWR | O.CREAT

describe("opening", () => {
  it("takes the lowest free descriptor", () => {
    const { call } = makeFileKernel()
    assert.deepStrictEqual(
      [
        call("openat", FDCWD, "a", create, 0o644),
        call("dup", 3),
        call("close", 3),
        call("openat", FDCWD, "a", 0, 0),
        call("dup3", 0, 9, 0),
        call("fcntl", 0, 0, 9)
      ],
      [3, 4, 0, 3, 9, 10]
    )
  })

  const failures: ReadonlyArray<readonly [name: string, path: string | number, flags: number, error: number]> = [
    ["nothing there", "none", O.RDONLY, Errno.ENOENT],
    ["empty path", "", O.RDONLY, Errno.ENOENT],
    ["bad pointer", bad, O.RDONLY, Errno.EFAULT],
    ["exists", "file", create | O.EXCL, Errno.EEXIST],
    ["file as directory", "file/x", O.RDONLY, Errno.ENOTDIR],
    ["O_DIRECTORY", "file", O.DIRECTORY, Errno.ENOTDIR],
    ["directory for writing", "dir", O.WRONLY, Errno.EISDIR],
    ["O_NOFOLLOW on a link", "link", O.NOFOLLOW, Errno.ELOOP],
    ["a loop", "loop", O.RDONLY, Errno.ELOOP],
    ["long name", "x".repeat(256), O.RDONLY, Errno.ENAMETOOLONG],
    ["long path", "x/".repeat(3000), O.RDONLY, Errno.ENAMETOOLONG]
  ]
  it.each(failures)("%s", (_, path, flags, error) => {
    const { call } = makeFileKernel({
      host: makeMemoryFs({ files: { "/file": new Uint8Array(3), "/dir/f": new Uint8Array(0) } })
    })
    call("symlinkat", "file", FDCWD, "link")
    call("symlinkat", "loop", FDCWD, "loop")
    assert.strictEqual(call("openat", FDCWD, path, flags, 0o644), -error)
  })

  it("looks relative paths up from the directory of a descriptor", () => {
    const { call } = makeFileKernel({ host: makeMemoryFs({ files: { "/dir/f": new Uint8Array(3) } }) })
    const directory = call("openat", FDCWD, "dir", O.DIRECTORY, 0)
    assert.isAbove(call("openat", directory, "f", 0, 0), directory)
    assert.strictEqual(call("openat", directory + 1, "f", 0, 0), -Errno.ENOTDIR)
    assert.strictEqual(call("openat", 77, "f", 0, 0), -Errno.EBADF)
    assert.isAbove(call("openat", 77, "/dir/f", 0, 0), 0, "an absolute path ignores the descriptor")
    call("renameat2", FDCWD, "dir", FDCWD, "moved", 0)
    assert.isAbove(call("openat", directory, "f", 0, 0), 0, "the directory was renamed meanwhile")
  })

  it("applies the umask to what it creates", () => {
    const { call, host } = makeFileKernel()
    call("umask", 0o027)
    call("openat", FDCWD, "a", create, 0o666)
    call("mkdirat", FDCWD, "d", 0o777)
    const modes = ["/a", "/d"].map((path) => (host.stat(path) as { mode: number }).mode & 0o777)
    assert.deepStrictEqual(modes, [0o640, 0o750])
    assert.strictEqual(call("umask", 0), 0o027)
  })

  it("stops at RLIMIT_NOFILE", () => {
    const { call, state } = makeFileKernel()
    state.view.setBigUint64(base, 5n, true)
    state.view.setBigUint64(base + 8, 5n, true)
    assert.strictEqual(call("setrlimit", 7, base), 0)
    assert.deepStrictEqual([call("dup", 0), call("dup", 0), call("dup", 0)], [3, 4, -Errno.EMFILE])
    assert.strictEqual(call("dup3", 0, 5, 0), -Errno.EBADF)
    assert.strictEqual(call("fcntl", 0, 0, 5), -Errno.EINVAL)
  })
})

describe("reading and writing", () => {
  const opened = (flags: number = O.RDWR) => {
    const kit = makeFileKernel({ host: makeMemoryFs({ files: { "/f": new TextEncoder().encode("0123456789") } }) })
    return { ...kit, fd: kit.call("openat", FDCWD, "f", flags, 0) }
  }

  it("moves the position; positioned calls do not", () => {
    const { call, fd, text } = opened()
    assert.strictEqual(call("read", fd, out, 4), 4)
    assert.strictEqual(text(4), "0123")
    assert.strictEqual(call("pread64", fd, out, 3, 7), 3)
    assert.strictEqual(text(3), "789")
    assert.strictEqual(call("lseek", fd, 0, 1), 4)
    assert.strictEqual(call("pwrite64", fd, "ab", 2, 9), 2)
    assert.deepStrictEqual([call("lseek", fd, 0, 2), call("read", fd, out, 5)], [11, 0])
  })

  it.each([
    ["before the start", -1, 0, -Errno.EINVAL],
    ["bad whence", 0, 99, -Errno.EINVAL],
    ["beyond the end", 100, 0, 100],
    ["data", 3, 3, 3],
    ["data beyond the end", 30, 3, -Errno.ENXIO],
    ["hole", 3, 4, 10]
  ] as const)("lseek %s", (_, offset, whence, expected) => {
    const { call, fd } = opened()
    assert.strictEqual(call("lseek", fd, offset, whence), expected)
  })

  it("transfers what is accessible before a hole in memory, and fails at once in one", () => {
    const { call, fd } = opened()
    assert.strictEqual(call("read", fd, readOnly - 3, 10), 3)
    assert.strictEqual(call("read", fd, readOnly, 10), -Errno.EFAULT)
    assert.strictEqual(call("write", fd, readOnly + 4094, 10), 2)
    assert.strictEqual(call("write", fd, bad, 1), -Errno.EFAULT)
    assert.strictEqual(call("write", fd, bad, 0), 0)
    assert.strictEqual(call("lseek", fd, 0, 1), 5, "failed calls move nothing")
  })

  it.each([
    ["read", O.WRONLY],
    ["write", O.RDONLY],
    ["readv", O.WRONLY],
    ["writev", O.RDONLY],
    ["pread64", O.WRONLY],
    ["pwrite64", O.RDONLY],
    ["read", O.PATH],
    ["write", O.PATH]
  ] as const)("%s needs the descriptor's permission (flags %i)", (name, flags) => {
    const { call, fd } = opened(flags)
    assert.strictEqual(call(name, fd, out, 1), -Errno.EBADF)
    assert.strictEqual(call(name, 99, out, 1), -Errno.EBADF)
  })

  it("appends wherever the position is", () => {
    const { call, fd, text } = opened(O.RDWR | O.APPEND)
    call("write", fd, "XY", 2)
    assert.strictEqual(call("lseek", fd, 0, 1), 12)
    const other = call("openat", FDCWD, "f", O.RDWR, 0)
    call("fcntl", other, 4, O.APPEND)
    call("write", other, "Z", 1)
    call("pread64", fd, out, 13, 0)
    assert.strictEqual(text(13), "0123456789XYZ")
  })

  it("reads into and writes from vectors, empty parts included", () => {
    const { call, fd, state, text } = opened()
    const vector = base + 0x1000
    const parts = [
      [out, 3],
      [bad, 0],
      [out + 100, 4]
    ]
    parts.forEach(([at, length], i) => {
      state.view.setBigUint64(vector + 16 * i, BigInt(at!), true)
      state.view.setBigUint64(vector + 16 * i + 8, BigInt(length!), true)
    })
    assert.strictEqual(call("readv", fd, vector, 3), 7)
    assert.strictEqual(text(3) + text(4, out + 100), "0123456")
    assert.strictEqual(call("preadv", fd, vector, 3, 6), 4)
    assert.strictEqual(call("preadv2", fd, vector, 3, 6, 0, 0), 4)
    assert.strictEqual(call("preadv2", fd, vector, 3, 6, 0, 0x10), -Errno.EOPNOTSUPP)
    assert.strictEqual(call("writev", fd, vector, 3), 7)
    assert.strictEqual(call("writev", fd, vector, -1), -Errno.EINVAL)
    assert.strictEqual(call("writev", fd, vector, 1025), -Errno.EINVAL)
    assert.strictEqual(call("writev", fd, bad, 1), -Errno.EFAULT)
  })

  it("tells mappings about written files only", () => {
    const { call, fd, written } = opened()
    call("write", 1, "x", 1)
    assert.lengthOf(written, 0)
    call("write", fd, "x", 1)
    call("ftruncate", fd, 2)
    assert.lengthOf(written, 2)
  })

  it("copies between files, with and without positions of their own", () => {
    const { call, fd, state, text } = opened()
    const target = call("openat", FDCWD, "g", create, 0o600)
    state.view.setBigUint64(base + 64, 4n, true)
    assert.strictEqual(call("sendfile", target, fd, base + 64, 3), 3)
    assert.strictEqual(state.view.getBigUint64(base + 64, true), 7n)
    assert.strictEqual(call("lseek", fd, 0, 1), 0)
    assert.strictEqual(call("copy_file_range", fd, 0, target, 0, 100, 0), 10)
    call("pread64", target, out, 13, 0)
    assert.strictEqual(text(13), "4560123456789")
    assert.strictEqual(call("copy_file_range", fd, 0, fd, 0, 5, 0), -Errno.EINVAL, "overlapping")
    assert.strictEqual(call("sendfile", target, 99, 0, 3), -Errno.EBADF)
  })

  it("changes sizes, and refuses what is not a writable regular file", () => {
    const { call, fd, kernel } = opened()
    const size = (): number => (kernel.files.get(fd)!.stat() as { size: number }).size
    assert.deepStrictEqual([call("ftruncate", fd, 3), size()], [0, 3])
    assert.deepStrictEqual([call("truncate", "f", 20), size()], [0, 20])
    assert.deepStrictEqual([call("fallocate", fd, 0, 10, 20), size()], [0, 30])
    assert.deepStrictEqual([call("fallocate", fd, 1, 10, 90), size()], [-Errno.EOPNOTSUPP, 30])
    assert.strictEqual(call("ftruncate", fd, -1), -Errno.EINVAL)
    assert.strictEqual(call("ftruncate", 1, 1), -Errno.EINVAL)
    assert.strictEqual(call("truncate", "/", 1), -Errno.EISDIR)
    assert.strictEqual(call("fallocate", fd, 2, 0, 1), -Errno.EOPNOTSUPP)
  })
})

describe("descriptors", () => {
  it("share the position after dup, but not close-on-exec", () => {
    const { call } = makeFileKernel()
    const fd = call("openat", FDCWD, "a", create | O.CLOEXEC, 0o600)
    const copy = call("dup", fd)
    call("write", fd, "abc", 3)
    assert.strictEqual(call("lseek", copy, 0, 1), 3)
    assert.deepStrictEqual(
      [call("fcntl", fd, 1), call("fcntl", copy, 1), call("fcntl", fd, 1030, 20), call("fcntl", 20, 1)],
      [1, 0, 20, 1]
    )
    call("ioctl", copy, 0x5451)
    assert.strictEqual(call("fcntl", copy, 1), 1)
  })

  it.each([
    ["dup3 onto itself", ["dup3", 1, 1, 0], -Errno.EINVAL],
    ["dup3 with a wrong flag", ["dup3", 1, 5, 1], -Errno.EINVAL],
    ["dup3 of nothing", ["dup3", 50, 5, 0], -Errno.EBADF],
    ["dup of nothing", ["dup", -1], -Errno.EBADF],
    ["fcntl of nothing", ["fcntl", 50, 3], -Errno.EBADF],
    ["an unknown fcntl", ["fcntl", 1, 999], -Errno.EINVAL],
    ["close_range backwards", ["close_range", 9, 3, 0], -Errno.EINVAL],
    ["flock of nothing", ["flock", 50, 2], -Errno.EBADF],
    ["flock both ways", ["flock", 1, 3], -Errno.EINVAL],
    ["an unknown ioctl", ["ioctl", 1, 0x1234, 0], -Errno.ENOTTY],
    ["fchdir to a stream", ["fchdir", 1], -Errno.ENOTDIR],
    ["statx with both sync flags", ["statx", FDCWD, "/", 0x6000, 0xfff, out], -Errno.EINVAL],
    ["fstat to nowhere", ["fstat", 1, bad], -Errno.EFAULT],
    ["unlinkat flags", ["unlinkat", FDCWD, "x", 1], -Errno.EINVAL],
    ["a socket for packets", ["socket", 17, 3, 0], -Errno.EAFNOSUPPORT],
    ["getxattr", ["getxattr", "/", "user.x", out, 10], -Errno.ENODATA],
    ["listxattr", ["listxattr", "/", out, 10], 0]
  ] as const)("%s", (_, [name, ...args], expected) => {
    assert.strictEqual(makeFileKernel().call(name, ...args), expected)
  })

  it("close_range closes or marks", () => {
    const { call, kernel } = makeFileKernel()
    for (let i = 0; i < 4; i++) call("dup", 0)
    call("close_range", 3, 4, 4)
    call("close_range", 5, 0xffff_ffff, 0)
    assert.deepStrictEqual([...kernel.files.descriptors().keys()], [0, 1, 2, 3, 4])
    assert.deepStrictEqual([call("fcntl", 3, 1), call("fcntl", 4, 1)], [1, 1])
  })

  it("stay with a forked process", () => {
    const { call, kernel } = makeFileKernel()
    const fd = call("openat", FDCWD, "a", create, 0o600)
    const child = kernel.files.fork(makeVirtualFs(() => kernel))
    call("close", fd)
    assert.strictEqual(child.get(fd)?.closed, false)
    child.closeAll()
    assert.isUndefined(child.get(fd))
  })
})

describe("names", () => {
  it("directories are listed with their dots, in parts that fit", () => {
    const { call, state } = makeFileKernel({
      host: makeMemoryFs({
        files: { "/d/one": new Uint8Array(0), "/d/two": new Uint8Array(0), "/d/sub/x": new Uint8Array(0) }
      })
    })
    const fd = call("openat", FDCWD, "/d", O.DIRECTORY, 0)
    const names: Array<string> = []
    assert.strictEqual(call("getdents64", fd, out, 10), -Errno.EINVAL)
    for (let length = call("getdents64", fd, out, 50); length > 0; length = call("getdents64", fd, out, 50)) {
      for (let at = out; at < out + length; at += state.view.getUint16(at + 16, true)) {
        names.push(`${new TextDecoder().decode(state.u8.slice(at + 19, state.u8.indexOf(0, at + 19)))}:${state.u8[at + 18]}`)
      }
    }
    assert.deepStrictEqual(names, [".:4", "..:4", "one:8", "two:8", "sub:4"])
    assert.strictEqual(call("lseek", fd, 0, 0), 0)
    assert.isAbove(call("getdents64", fd, out, 200), 0, "again after rewinding")
    assert.strictEqual(call("getdents64", 1, out, 200), -Errno.ENOTDIR)
    assert.strictEqual(call("read", fd, out, 10), -Errno.EISDIR)
  })

  it("chdir, fchdir and getcwd agree", () => {
    const { call, text } = makeFileKernel({ host: makeMemoryFs({ files: { "/a/b/f": new Uint8Array(0) } }) })
    call("symlinkat", "/a/b", FDCWD, "link")
    assert.deepStrictEqual([call("chdir", "link"), call("getcwd", out, 100), text(4)], [0, 5, "/a/b"])
    assert.strictEqual(call("getcwd", out, 4), -Errno.ERANGE)
    assert.strictEqual(call("getcwd", bad, 100), -Errno.EFAULT)
    const fd = call("openat", FDCWD, "..", O.DIRECTORY, 0)
    assert.deepStrictEqual([call("fchdir", fd), call("getcwd", out, 100), text(2)], [0, 3, "/a"])
    assert.strictEqual(call("chdir", "b/f"), -Errno.ENOTDIR)
    assert.strictEqual(call("chdir", "none"), -Errno.ENOENT)
  })

  it("renameat2 replaces unless it must not", () => {
    const { call } = makeFileKernel({ host: makeMemoryFs({ files: { "/a": new Uint8Array(1), "/b": new Uint8Array(2) } }) })
    assert.strictEqual(call("renameat2", FDCWD, "a", FDCWD, "b", 1), -Errno.EEXIST)
    assert.strictEqual(call("renameat2", FDCWD, "a", FDCWD, "b", 4), -Errno.EINVAL)
    assert.strictEqual(call("renameat2", FDCWD, "a", FDCWD, "b", 0), 0)
    assert.strictEqual(call("faccessat", FDCWD, "a", 0), -Errno.ENOENT)
  })

  it("links count, and show where they lead", () => {
    const { call, state, text } = makeFileKernel({ host: makeMemoryFs({ files: { "/a": new Uint8Array(1) } }) })
    call("linkat", FDCWD, "a", FDCWD, "b", 0)
    call("symlinkat", "elsewhere", FDCWD, "l")
    call("newfstatat", FDCWD, "b", out, 0)
    assert.strictEqual(state.view.getUint32(out + 20, true), 2)
    assert.strictEqual(call("readlinkat", FDCWD, "l", out, 4), 4)
    assert.strictEqual(text(4), "else")
    assert.strictEqual(call("readlinkat", FDCWD, "a", out, 4), -Errno.EINVAL)
    assert.strictEqual(call("readlinkat", FDCWD, "l", out, 0), -Errno.EINVAL)
    assert.strictEqual(call("newfstatat", FDCWD, "l", out, 0), -Errno.ENOENT)
    assert.strictEqual(call("newfstatat", FDCWD, "l", out, AT.SYMLINK_NOFOLLOW), 0)
    assert.strictEqual(state.view.getUint32(out + 16, true) & S.IFMT, S.IFLNK)
  })

  it("utimensat sets, keeps, and takes the present", () => {
    const { call, state, host } = makeFileKernel({ host: makeMemoryFs({ files: { "/a": new Uint8Array(1) } }) })
    const omit = 0x3ffffffen
    const times = [5n, 6n, 0n, omit]
    const before = host.stat("/a") as { mtimeNs: bigint }
    times.forEach((word, i) => state.view.setBigInt64(base + 8 * i, word, true))
    assert.strictEqual(call("utimensat", FDCWD, "a", base, 0), 0)
    const after = host.stat("/a") as { atimeNs: bigint; mtimeNs: bigint }
    assert.deepStrictEqual([after.atimeNs, after.mtimeNs], [5_000_000_006n, before.mtimeNs])
    state.view.setBigInt64(base + 8, 1_000_000_000n, true)
    assert.strictEqual(call("utimensat", FDCWD, "a", base, 0), -Errno.EINVAL)
    assert.strictEqual(call("utimensat", FDCWD, "a", bad, 0), -Errno.EFAULT)
  })
})
