/** Paths under a sysroot. */
import { assert, describe, it } from "@effect/vitest"
import { AT, O } from "@emu/guest/linux/files/constants"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { makeMemoryFs } from "@emu/guest/MemoryFs"
import { makeFileKernel, out } from "../support/fileKernel.ts"

const { FDCWD } = AT

describe("the sysroot", () => {
  const host = () =>
    makeMemoryFs({
      files: {
        "/root/lib/x": Uint8Array.of(1),
        "/lib/x": Uint8Array.of(2),
        "/lib/y": Uint8Array.of(3),
        "/root/bin/z": Uint8Array.of(4)
      }
    })
  const firstByte = (path: string): number => {
    const { call, state } = makeFileKernel({ host: host(), sysroot: "/root" })
    const fd = call("openat", FDCWD, path, 0, 0)
    return fd < 0 ? fd : call("read", fd, out, 1) && state.u8[out]!
  }
  it.each([
    ["/lib/x", 1],
    ["/lib/y", 3],
    ["lib/x", 2],
    ["/lib/none", -Errno.ENOENT]
  ])("%s", (path, expected) => assert.strictEqual(firstByte(path), expected))

  it("has its root as the guest's root: dot-dot does not climb out", () => {
    const { call, kernel, state } = makeFileKernel({ host: host(), sysroot: "/root" })
    const inode = (dirfd: number, path: string): bigint => {
      assert.strictEqual(call("newfstatat", dirfd, path, out, 0), 0, path)
      return state.view.getBigUint64(out + 8, true)
    }
    const top = inode(FDCWD, "/")
    const root = call("openat", FDCWD, "/", O.DIRECTORY, 0)
    const lib = call("openat", FDCWD, "/lib", O.DIRECTORY, 0)
    for (const path of ["/..", "/../..", "/lib/..", "/lib/../..", "/../lib/../.."])
      assert.strictEqual(inode(FDCWD, path), top)
    for (const path of ["..", "../..", ".", "lib/../.."]) assert.strictEqual(inode(root, path), top)
    for (const path of ["..", "../..", "../../.."]) assert.strictEqual(inode(lib, path), top)
    assert.strictEqual(inode(lib, "../../lib/x"), inode(FDCWD, "/lib/x"))
    assert.strictEqual(call("fchdir", lib), 0)
    assert.strictEqual(inode(FDCWD, "../../.."), top)
    assert.strictEqual(kernel.files.paths.cwd, "/root/lib")
  })

  it("follows absolute links within it, also of directories on the way", () => {
    const fs = host()
    fs.symlink("/lib", "/root/bin/dir")
    fs.symlink("../../../lib/x", "/root/bin/up")
    const { call, state } = makeFileKernel({ host: fs, sysroot: "/root" })
    for (const path of ["/bin/dir/x", "/bin/up", "/bin/dir/../bin/dir/x"]) {
      const fd = call("openat", FDCWD, path, 0, 0)
      call("read", fd, out, 1)
      assert.strictEqual(state.u8[out], 1, path)
    }
  })

  it("follows absolute links within it, and does not change it", () => {
    const { call, host: fs } = makeFileKernel({ host: host(), sysroot: "/root" })
    fs.symlink("/bin/z", "/root/lib/link")
    assert.isAbove(call("openat", FDCWD, "/lib/link", 0, 0), 0)
    assert.strictEqual(call("unlinkat", FDCWD, "/bin/z", 0), -Errno.ENOENT)
    assert.strictEqual(call("unlinkat", FDCWD, "/lib/x", 0), 0)
    assert.isTrue(fs.exists("/root/lib/x"))
  })
})
