/** What watches of files and directories are told. */
import { assert, describe, it } from "@effect/vitest"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { O } from "@emu/guest/linux/files/constants"
import { base, makeFileKernel } from "../support/fileKernel.ts"

const buffer = base + 0x2000
const FDCWD = -100
const IN = {
  ACCESS: 1,
  MODIFY: 2,
  ATTRIB: 4,
  CLOSE_WRITE: 8,
  CLOSE_NOWRITE: 16,
  OPEN: 32,
  MOVED_FROM: 64,
  MOVED_TO: 128,
  CREATE: 256,
  DELETE: 512,
  DELETE_SELF: 1024,
  MOVE_SELF: 2048,
  IGNORED: 0x8000,
  ISDIR: 0x4000_0000,
  ONESHOT: 0x8000_0000
}
const ALL = 0xfff

const setUp = (mask: number, path = "/dir") => {
  const kernel = makeFileKernel()
  const { call, state, text } = kernel
  call("mkdirat", FDCWD, "/dir", 0o700)
  const make = (name: string): number => call("openat", FDCWD, name, O.CREAT | O.RDWR, 0o600)
  call("close", make("/dir/old"))
  const fd = call("inotify_init1", O.NONBLOCK)
  const watch = call("inotify_add_watch", fd, path, mask)
  /** Events as mask and name. */
  const events = (): ReadonlyArray<readonly [number, string]> => {
    const count = call("read", fd, buffer, 4096)
    const list: Array<readonly [number, string]> = []
    for (let at = buffer; at < buffer + count; at += 16 + state.view.getUint32(at + 12, true)) {
      const name = text(state.view.getUint32(at + 12, true), at + 16).replace(/\0.*/s, "")
      list.push([state.view.getUint32(at + 4, true), name])
    }
    return list
  }
  return { ...kernel, fd, watch, make, events }
}

describe("a watched directory", () => {
  it("tells of files that are made, written, closed and removed in it", () => {
    const { call, events, make } = setUp(ALL)
    const file = make("/dir/a")
    call("write", file, buffer, 3)
    call("close", file)
    call("unlinkat", FDCWD, "/dir/a", 0)
    assert.deepStrictEqual(events(), [
      [IN.CREATE, "a"],
      [IN.OPEN, "a"],
      [IN.MODIFY, "a"],
      [IN.CLOSE_WRITE, "a"],
      [IN.DELETE, "a"]
    ])
  })

  it("tells of reading, and of directories as such", () => {
    const { call, events } = setUp(IN.ACCESS | IN.CREATE | IN.DELETE | IN.CLOSE_NOWRITE)
    const seed = call("openat", FDCWD, "/dir/old", O.WRONLY, 0)
    call("write", seed, buffer, 3)
    const file = call("openat", FDCWD, "/dir/old", O.RDONLY, 0)
    call("read", file, buffer, 3)
    call("close", file)
    call("mkdirat", FDCWD, "/dir/sub", 0o700)
    call("unlinkat", FDCWD, "/dir/sub", 0x200)
    assert.deepStrictEqual(events(), [
      [IN.ACCESS, "old"],
      [IN.CLOSE_NOWRITE, "old"],
      [IN.CREATE | IN.ISDIR, "sub"],
      [IN.DELETE | IN.ISDIR, "sub"]
    ])
  })

  it("tells both names of what is renamed, with one cookie", () => {
    const { call, events, state } = setUp(IN.MOVED_FROM | IN.MOVED_TO)
    call("renameat2", FDCWD, "/dir/old", FDCWD, "/dir/new", 0)
    assert.deepStrictEqual(events(), [
      [IN.MOVED_FROM, "old"],
      [IN.MOVED_TO, "new"]
    ])
    const [one, other] = [state.view.getUint32(buffer + 8, true), state.view.getUint32(buffer + 32 + 8, true)]
    assert.isAbove(one, 0)
    assert.strictEqual(one, other)
  })

  it("tells only what was asked for", () => {
    const { call, events, make } = setUp(IN.DELETE)
    call("close", make("/dir/a"))
    assert.deepStrictEqual(events(), [])
  })
})

describe("a watched file", () => {
  it("tells of itself by any of its names, without a name", () => {
    const { call, events } = setUp(IN.MODIFY | IN.ATTRIB, "/dir/old")
    call("linkat", FDCWD, "/dir/old", FDCWD, "/other", 0)
    const file = call("openat", FDCWD, "/other", O.WRONLY, 0)
    call("write", file, buffer, 1)
    call("fchmod", file, 0o644)
    assert.deepStrictEqual(events(), [
      [IN.ATTRIB, ""],
      [IN.MODIFY, ""],
      [IN.ATTRIB, ""]
    ])
  })

  it("is watched no more when it is gone", () => {
    const { call, events, fd, watch } = setUp(IN.DELETE_SELF, "/dir/old")
    call("unlinkat", FDCWD, "/dir/old", 0)
    assert.deepStrictEqual(events(), [
      [IN.DELETE_SELF, ""],
      [IN.IGNORED, ""]
    ])
    assert.strictEqual(call("inotify_rm_watch", fd, watch), -Errno.EINVAL)
  })

  it("is gone, too, when another one takes its name", () => {
    const { call, events, make } = setUp(IN.DELETE_SELF, "/dir/old")
    call("close", make("/dir/new"))
    call("renameat2", FDCWD, "/dir/new", FDCWD, "/dir/old", 0)
    assert.deepStrictEqual(events(), [
      [IN.DELETE_SELF, ""],
      [IN.IGNORED, ""]
    ])
  })
})

describe("watches", () => {
  it("of one file are one, with what was asked for last, or all of it", () => {
    const { call, fd, watch } = setUp(IN.DELETE)
    assert.strictEqual(call("inotify_add_watch", fd, "/dir/../dir", IN.CREATE), watch)
    assert.strictEqual(call("inotify_add_watch", fd, "/dir", IN.CREATE | 0x1000_0000), -Errno.EEXIST)
    assert.isAbove(call("inotify_add_watch", fd, "/dir/old", IN.MODIFY), watch)
  })

  it("of a single event end with it", () => {
    const { call, events, make } = setUp(IN.CREATE | IN.ONESHOT)
    call("close", make("/dir/a"))
    call("close", make("/dir/b"))
    assert.deepStrictEqual(events(), [
      [IN.CREATE, "a"],
      [IN.IGNORED, ""]
    ])
  })

  it("of nothing, or for nothing, are refused", () => {
    const { call, fd } = setUp(ALL)
    assert.strictEqual(call("inotify_add_watch", fd, "/none", ALL), -Errno.ENOENT)
    assert.strictEqual(call("inotify_add_watch", fd, "/dir", 0), -Errno.EINVAL)
    assert.strictEqual(call("inotify_add_watch", fd, "/dir/old", ALL | 0x100_0000), -Errno.ENOTDIR)
    assert.strictEqual(call("inotify_add_watch", 0, "/dir", ALL), -Errno.EINVAL)
    assert.strictEqual(call("inotify_init1", 1), -Errno.EINVAL)
  })
})

describe("events", () => {
  it("that do not fit stay, and the same one twice is one", () => {
    const { call, fd, make } = setUp(IN.MODIFY)
    const file = make("/dir/old")
    call("write", file, buffer, 1)
    call("write", file, buffer, 1)
    assert.strictEqual(call("read", fd, buffer, 16), -Errno.EINVAL)
    assert.strictEqual(call("read", fd, buffer, 4096), 32)
    assert.strictEqual(call("read", fd, buffer, 4096), -Errno.EAGAIN)
  })
})
