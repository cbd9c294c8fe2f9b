/** Positions in files beyond those that numbers tell apart. */
import { assert, describe, it } from "@effect/vitest"
import { AT, O } from "@emu/guest/linux/files/constants"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { syscalls } from "@emu/guest/linux/kernel/syscalls"
import { makeMemoryFs } from "@emu/guest/MemoryFs"
import { makeFileKernel, out } from "../support/fileKernel.ts"

const opened = () => {
  const kit = makeFileKernel({ host: makeMemoryFs({ files: { "/f": new TextEncoder().encode("0123456789") } }) })
  return { ...kit, fd: kit.call("openat", AT.FDCWD, "f", O.RDWR, 0) }
}

describe("file positions", () => {
  it("knows positions up to 2^63 - 1 exactly; nothing is behind 2^53", () => {
    const { fd, kernel, state } = opened()
    const row = (name: string) => [...syscalls.values()].find((entry) => entry.name === name)!
    const exact = (name: string, ...args: ReadonlyArray<number | bigint>) =>
      row(name).run(kernel, ...(args as ReadonlyArray<never>)) as number | bigint
    const last = 0x7fff_ffff_ffff_ffffn
    for (const position of [2n ** 53n, 2n ** 53n + 1n, 2n ** 53n + 2n, 2n ** 62n, last - 8n]) {
      assert.strictEqual(exact("lseek", fd, position, 0), position)
      assert.strictEqual(exact("lseek", fd, 0n, 1), position)
      assert.strictEqual(exact("read", fd, out, 4), 0)
      assert.strictEqual(exact("write", fd, out, 4), -Errno.EFBIG)
      assert.strictEqual(exact("write", fd, out, 0), 0)
      assert.strictEqual(exact("lseek", fd, 1n, 1), position + 1n)
      assert.strictEqual(exact("pread64", fd, out, 4, position), 0)
      assert.strictEqual(exact("pwrite64", fd, out, 4, position), -Errno.EFBIG)
      assert.strictEqual(exact("ftruncate", fd, position), -Errno.EFBIG)
      assert.strictEqual(exact("fallocate", fd, 0, 0n, position), -Errno.EFBIG)
      assert.strictEqual(exact("lseek", fd, position, 3), -Errno.ENXIO)
      assert.strictEqual(
        exact("lseek", fd, position, 2),
        BigInt.asIntN(64, position + 10n) < 0n ? -Errno.EINVAL : position + 10n
      )
    }
    assert.strictEqual(exact("lseek", fd, last, 0), last)
    assert.strictEqual(exact("lseek", fd, 1n, 1), -Errno.EINVAL)
    assert.strictEqual(exact("read", fd, out, 4), -Errno.EINVAL)
    assert.strictEqual(exact("pread64", fd, out, 4, last), -Errno.EINVAL)
    assert.strictEqual(exact("pwrite64", fd, out, 4, last), -Errno.EINVAL)
    for (const position of [-1n, -last - 1n]) {
      for (const name of ["pread64", "pwrite64"]) assert.strictEqual(exact(name, fd, out, 4, position), -Errno.EINVAL)
      assert.strictEqual(exact("lseek", fd, position, 0), -Errno.EINVAL)
      assert.strictEqual(exact("ftruncate", fd, position), -Errno.EINVAL)
    }
    state.view.setBigInt64(out, 2n ** 60n, true)
    assert.strictEqual(exact("sendfile", 1, fd, out, 1), -Errno.EOVERFLOW)
    assert.strictEqual(exact("lseek", fd, -3n, 2), 7)
    assert.strictEqual(exact("read", fd, out, 4), 3)
    assert.strictEqual(exact("lseek", fd, 0n, 2), 10, "nothing was written anywhere")
  })
})
