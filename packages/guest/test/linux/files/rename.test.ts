/** renameat2 with flags. */
import { assert, describe, it } from "@effect/vitest"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { O } from "@emu/guest/linux/files/constants"
import { base, makeFileKernel } from "../support/fileKernel.ts"

const FDCWD = -100
const data = base + 0x2000
const [NOREPLACE, EXCHANGE, WHITEOUT] = [1, 2, 4]

const setUp = () => {
  const kernel = makeFileKernel()
  const { call, state, text } = kernel
  const write = (path: string, contents: string): void => {
    const fd = call("openat", FDCWD, path, O.CREAT | O.WRONLY, 0o600)
    state.u8.set(new TextEncoder().encode(contents), data)
    call("write", fd, data, contents.length)
    call("close", fd)
  }
  const read = (path: string): string | number => {
    const fd = call("openat", FDCWD, path, O.RDONLY, 0)
    return fd < 0 ? fd : text(call("read", fd, data, 100), data)
  }
  const rename = (from: string, to: string, flags: number): number => call("renameat2", FDCWD, from, FDCWD, to, flags)
  call("mkdirat", FDCWD, "/dir", 0o700)
  write("/dir/a", "one")
  write("/b", "two")
  return { ...kernel, read, rename }
}

describe("renameat2", () => {
  it("exchanges two names, of files and of directories", () => {
    const { call, host, read, rename } = setUp()
    assert.strictEqual(rename("/dir/a", "/b", EXCHANGE), 0)
    assert.deepStrictEqual([read("/dir/a"), read("/b")], ["two", "one"])
    assert.strictEqual(rename("/dir", "/b", EXCHANGE), 0)
    assert.deepStrictEqual([read("/dir"), read("/b/a")], ["one", "two"])
    const root = host.open("/", O.RDONLY | O.DIRECTORY, 0)
    const names = host.readdir(root) as ReadonlyArray<{ readonly name: string }>
    assert.deepStrictEqual(
      names.map(({ name }) => name).filter((name) => name.includes("emu")),
      []
    )
    assert.strictEqual(call("unlinkat", FDCWD, "/dir", 0), 0)
  })

  it("exchanges nothing where one name leads nowhere, or lies below the other", () => {
    const { read, rename } = setUp()
    assert.strictEqual(rename("/dir/a", "/none", EXCHANGE), -Errno.ENOENT)
    assert.strictEqual(rename("/none", "/dir/a", EXCHANGE), -Errno.ENOENT)
    assert.strictEqual(rename("/dir", "/dir/a", EXCHANGE), -Errno.EINVAL)
    assert.strictEqual(rename("/b", "/b", EXCHANGE), 0)
    assert.deepStrictEqual([read("/dir/a"), read("/b")], ["one", "two"])
  })

  it("replaces nothing where that is not wished", () => {
    const { read, rename } = setUp()
    assert.strictEqual(rename("/dir/a", "/b", NOREPLACE), -Errno.EEXIST)
    assert.strictEqual(rename("/dir/a", "/c", NOREPLACE), 0)
    assert.deepStrictEqual([read("/c"), read("/b")], ["one", "two"])
  })

  it("refuses flags that it does not know, and those that exclude each other", () => {
    const { rename } = setUp()
    for (const flags of [WHITEOUT, NOREPLACE | EXCHANGE, 8]) assert.strictEqual(rename("/b", "/c", flags), -Errno.EINVAL)
  })
})
