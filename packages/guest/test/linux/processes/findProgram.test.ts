/** Which file execve runs, and what it refuses before anything is lost. */
import { assert, describe, it } from "@effect/vitest"
import { AT, O } from "@emu/guest/linux/files/constants"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { findProgram } from "@emu/guest/linux/processes/findProgram"
import { makeMemoryFs } from "@emu/guest/MemoryFs"
import { makeFileKernel } from "../support/fileKernel.ts"

const text = (contents: string): Uint8Array => new TextEncoder().encode(contents)

const setUp = () => {
  const host = makeMemoryFs({
    files: {
      "/elf": text("\x7fELF"),
      "/script": text("#!/elf one two\n"),
      "/outer": text("#!/script\n"),
      "/text": text("hello")
    }
  })
  host.symlink("/elf", "/link")
  return makeFileKernel({ host })
}

describe("findProgram", () => {
  it("tells a script's name to its interpreter, in AT_EXECFN, too", () => {
    const { kernel } = setUp()
    const find = (path: string) => findProgram(kernel, { path, hostPath: path }, ["zero", "last"])
    assert.deepStrictEqual(find("/elf"), { hostPath: "/elf", execFn: "/elf", argv: ["zero", "last"], name: "elf" })
    const argv = ["/elf", "one two", "/script", "last"]
    assert.deepStrictEqual(find("/script"), { hostPath: "/elf", execFn: "/script", argv, name: "script" })
    const inner = ["/elf", "one two", "/script", "/outer", "last"]
    assert.deepStrictEqual(find("/outer"), { hostPath: "/elf", execFn: "/outer", argv: inner, name: "outer" })
  })

  it("refuses a file that somebody has open for writing", () => {
    const { call, kernel } = setUp()
    const fd = call("openat", AT.FDCWD, "/elf", O.RDWR, 0)
    const named = { path: "/elf", hostPath: "/elf" }
    assert.strictEqual(findProgram(kernel, named, ["x"]), -Errno.ETXTBSY)
    assert.strictEqual(findProgram(kernel, { path: "/script", hostPath: "/script" }, ["x"]), -Errno.ETXTBSY)
    call("close", fd)
    assert.isObject(findProgram(kernel, named, ["x"]))
  })

  it("refuses links where they are not to be followed, and scripts that their interpreter could not open", () => {
    const { call } = setUp()
    assert.strictEqual(call("execveat", AT.FDCWD, "/link", 0, 0, AT.SYMLINK_NOFOLLOW), -Errno.ELOOP)
    assert.strictEqual(call("execveat", AT.FDCWD, "/text", 0, 0, AT.SYMLINK_NOFOLLOW), -Errno.ENOEXEC)
    const script = call("openat", AT.FDCWD, "/script", O.CLOEXEC, 0)
    assert.strictEqual(call("execveat", script, "", 0, 0, AT.EMPTY_PATH), -Errno.ENOENT)
    const root = call("openat", AT.FDCWD, "/", O.DIRECTORY | O.CLOEXEC, 0)
    assert.strictEqual(call("execveat", root, "script", 0, 0, 0), -Errno.ENOENT)
  })
})
