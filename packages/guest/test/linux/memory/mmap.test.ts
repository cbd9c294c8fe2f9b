/** Where mappings go, what is refused, files behind mappings, the program break. */
import { afterEach, assert, describe, it } from "@effect/vitest"
import { guestEnd, PageFlag, pageSize, userEnd } from "@emu/tcg/Layout"
import { Errno } from "@emu/guest/linux/kernel/errno"
import type { FileTable } from "@emu/guest/linux/files/FileTable"
import { madvise, mincore, mprotect, msync } from "@emu/guest/linux/memory/advice"
import { mmapBase } from "@emu/guest/linux/memory/AddressSpace"
import { brk } from "@emu/guest/linux/memory/brk"
import type { MappedFile } from "@emu/guest/linux/memory/MappedFile"
import { mmap, mremap, munmap } from "@emu/guest/linux/memory/mmap"
import { readable, writable } from "@emu/guest/linux/user/UserMemory"
import { fileOf, kernelOf, makeSpace, makeState } from "../support/kernel.ts"

const state = makeState()
const { space, flushed } = makeSpace(state)
let mapped: MappedFile | "anonymous" | number = -Errno.EBADF
const files = { mappedFile: () => mapped } as Partial<FileTable> as FileTable
const kernel = kernelOf({ state, memory: space, files })

const readWrite = 3
const anonymous = 0x22
const shared = 1
const priv = 2
const fixed = 0x10
const noReplace = 0x10_0000
const anywhere = (size: number, hint = 0) => mmap(kernel, hint, size, readWrite, anonymous, -1, 0)
const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const textAt = (address: number, length: number): string =>
  new TextDecoder().decode(state.u8.slice(address, address + length))

afterEach(() => {
  space.clear()
  flushed.length = 0
})

describe("mmap", () => {
  it("takes the lowest hole that fits, from a third of 2^32 on", () => {
    const a = anywhere(pageSize)
    const b = anywhere(pageSize)
    const c = anywhere(0x100000)
    assert.deepStrictEqual([a, b, c], [mmapBase, mmapBase + 0x1000, mmapBase + 0x2000])
    munmap(kernel, b, pageSize)
    assert.strictEqual(anywhere(2 * pageSize), mmapBase + 0x102000)
    assert.strictEqual(anywhere(pageSize), b)
  })

  it("uses a free hint, and the first hole above a taken one", () => {
    assert.strictEqual(anywhere(pageSize, 0x20000000), 0x20000000)
    assert.strictEqual(anywhere(pageSize, 0x20000000), 0x20001000)
    assert.strictEqual(anywhere(pageSize, 0x20000800), 0x20002000)
    assert.strictEqual(anywhere(pageSize, 0x1000), 0x1000)
    assert.strictEqual(anywhere(pageSize, 2 ** 40), 2 ** 40)
    assert.strictEqual(anywhere(pageSize, 2 ** 40), mmapBase)
  })

  it("takes high memory before low memory is full: what is there needs some for its frames", () => {
    let low = 0
    while (anywhere(2 ** 24) < guestEnd) low++
    assert.isAtLeast(low, 150)
    const at = anywhere(2 ** 24)
    assert.isAbove(at, 2 ** 32)
    writable(state, at, 1)![0] = 9
    assert.strictEqual(readable(state, at, 1)![0], 9)
  })

  it.each([
    { what: "no length", args: [0, 0, 3, anonymous, -1, 0], errno: Errno.EINVAL },
    { what: "no type", args: [0, 4096, 3, 0x20, -1, 0], errno: Errno.EINVAL },
    { what: "an unaligned offset", args: [0, 4096, 3, priv, 3, 100], errno: Errno.EINVAL },
    { what: "an unaligned fixed address", args: [0x10001, 4096, 3, anonymous | fixed, -1, 0], errno: Errno.EINVAL },
    { what: "a bad descriptor", args: [0, 4096, 3, priv, 99, 0], errno: Errno.EBADF },
    { what: "more than there is", args: [0, userEnd, 3, anonymous, -1, 0], errno: Errno.ENOMEM },
    { what: "a length of 2^64 - 1", args: [0, 2 ** 64, 3, anonymous, -1, 0], errno: Errno.ENOMEM },
    { what: "a fixed address beyond the end", args: [userEnd, 4096, 3, anonymous | fixed, -1, 0], errno: Errno.ENOMEM },
    { what: "page 0", args: [0, 4096, 3, anonymous | fixed, -1, 0], errno: Errno.EPERM }
  ] as const)("refuses $what", ({ args, errno }) => {
    mapped = -Errno.EBADF
    const [address, length, prot, flags, fd, offset] = args
    assert.strictEqual(mmap(kernel, address, length, prot, flags, fd, offset), -errno)
    assert.deepStrictEqual(space.regions.all, [])
  })

  it("keeps what is there under MAP_FIXED_NOREPLACE", () => {
    const at = anywhere(pageSize)
    assert.strictEqual(mmap(kernel, at, pageSize, 1, anonymous | noReplace, -1, 0), -Errno.EEXIST)
  })

  it("drops translated code of exactly the mappings that change", () => {
    const at = anywhere(4 * pageSize)
    mprotect(kernel, at, 4 * pageSize, 5)
    state.pageTable[at / pageSize + 2]! |= PageFlag.code
    mprotect(kernel, at, 2 * pageSize, 1)
    assert.deepStrictEqual(flushed, [])
    mprotect(kernel, at, 4 * pageSize, 3)
    assert.deepStrictEqual(flushed, [[at / pageSize + 2, at / pageSize + 3]])
  })
})

describe("file mappings", () => {
  it("shows the file, with zeros up to the page's end, and keeps private changes", () => {
    const file = fileOf(text("mapped file contents"))
    mapped = file
    const at = mmap(kernel, 0, 20, readWrite, priv, 3, 0)
    assert.strictEqual(textAt(at, 22), "mapped file contents\0\0")
    state.u8[at] = 77
    munmap(kernel, at, 20)
    assert.strictEqual(new TextDecoder().decode(file.contents), "mapped file contents")
    assert.strictEqual(file.closed, 1)
  })

  it("writes shared changes back: at msync, when the file is read by other means, at munmap", () => {
    const file = fileOf(text("mapped file contents"))
    mapped = file
    const at = mmap(kernel, 0, pageSize, readWrite, shared, 3, 0)
    for (const [i, sync] of [
      () => assert.strictEqual(msync(kernel, at, pageSize, 4), 0),
      () => space.flushShared(),
      () => assert.strictEqual(munmap(kernel, at, pageSize), 0)
    ].entries()) {
      writable(state, at + i, 1)![0] = 65
      sync()
      assert.strictEqual(file.contents[i], 65)
    }
    assert.strictEqual(file.contents.length, 20)
  })

  it("shows in shared mappings what was written to the file, growth included", () => {
    const file = fileOf(text("x".repeat(10)))
    mapped = file
    const at = mmap(kernel, 0, 2 * pageSize, readWrite, shared, 3, 0)
    assert.isTrue(space.isBeyondFile(at + pageSize))
    assert.isFalse(space.isBeyondFile(at + 100))
    assert.isUndefined(readable(state, at + pageSize, 1))
    file.contents = text("y".repeat(pageSize + 1))
    space.fileWritten(file.identity)
    assert.strictEqual(new TextDecoder().decode(readable(state, at + pageSize - 1, 3)), "yy\0")
    assert.isFalse(space.isBeyondFile(at + pageSize))
  })

  it("fills private pages from the file again after MADV_DONTNEED", () => {
    mapped = fileOf(text("abc"))
    const at = mmap(kernel, 0, pageSize, readWrite, priv, 3, 0)
    state.u8[at] = 0
    madvise(kernel, at, pageSize, 4)
    assert.strictEqual(textAt(at, 3), "abc")
  })

  it.each([
    ["behind the end of every file", priv, 2 ** 53, -Errno.EOVERFLOW],
    ["MAP_SHARED_VALIDATE with MAP_SYNC", 3 | 0x8_0000, 0, -Errno.EOPNOTSUPP],
    ["MAP_SHARED with MAP_SYNC, which does not mind", shared | 0x8_0000, 0, 0]
  ] as const)("%s", (_, flags, offset, expected) => {
    const file = fileOf(text("abc"))
    mapped = file
    const result = mmap(kernel, 0, pageSize, 1, flags, 3, offset)
    assert.strictEqual(Math.min(result, 0), expected)
    assert.strictEqual(file.closed, expected === 0 ? 0 : 1)
  })

  it("refuses to make a shared mapping of a read-only file writable", () => {
    mapped = fileOf(text("abc"), false)
    const at = mmap(kernel, 0, pageSize, 1, shared, 3, 0)
    assert.strictEqual(mprotect(kernel, at, pageSize, readWrite), -Errno.EACCES)
  })
})

describe("mremap", () => {
  it("moves a mapping that grows, to the first hole that fits while the old one is there", () => {
    const e = anywhere(4 * pageSize)
    state.u8[e + pageSize] = 8
    const moved = mremap(kernel, e, 4 * pageSize, 8 * pageSize, 1, 0)
    assert.strictEqual(moved, e + 4 * pageSize)
    assert.strictEqual(state.u8[moved + pageSize], 8)
    assert.isTrue(space.regions.isFree(e, e + 4 * pageSize))
  })

  it("grows in place or not at all without MREMAP_MAYMOVE", () => {
    const at = anywhere(pageSize)
    assert.strictEqual(mremap(kernel, at, pageSize, 2 * pageSize, 0, 0), at)
    anywhere(pageSize)
    assert.strictEqual(mremap(kernel, at, 2 * pageSize, 3 * pageSize, 0, 0), -Errno.ENOMEM)
  })
})

describe("brk", () => {
  it("gives exactly what was asked for, and the old break where it cannot", () => {
    space.breakStart = space.breakEnd = 0x20000
    assert.strictEqual(brk(space, 0), 0x20000)
    assert.strictEqual(brk(space, 0x22345), 0x22345)
    state.u8[0x22000] = 1
    assert.strictEqual(brk(space, 0x20010), 0x20010)
    assert.strictEqual(brk(space, 0x1ffff), 0x20010)
    assert.strictEqual(brk(space, 0x23000), 0x23000)
    assert.strictEqual(state.u8[0x22000], 0)
    mmap(kernel, 0x24000, pageSize, 1, anonymous | fixed, -1, 0)
    assert.strictEqual(brk(space, 0x25000), 0x23000)
  })
})

describe("mincore", () => {
  it("reports mapped pages, and holes as ENOMEM", () => {
    const at = anywhere(3 * pageSize)
    assert.strictEqual(mincore(kernel, at, 2 * pageSize, at), 0)
    assert.deepStrictEqual(state.u8.slice(at, at + 3), Uint8Array.of(1, 1, 0))
    munmap(kernel, at + pageSize, pageSize)
    assert.strictEqual(mincore(kernel, at, 3 * pageSize, at), -Errno.ENOMEM)
  })
})

describe("/proc/self/maps", () => {
  it("has a line per region", () => {
    mapped = fileOf(text("abc"))
    mmap(kernel, 0x10000, pageSize, 5, priv | fixed, 3, 0)
    mmap(kernel, 0x11000, pageSize, readWrite, anonymous | fixed, -1, 0)
    assert.deepStrictEqual(space.mapsText().split("\n"), [
      `${"10000-11000 r-xp 00000000 00:01 2".padEnd(72)} /file`,
      "11000-12000 rw-p 00000000 00:00 0".padEnd(73),
      ""
    ])
  })
})
