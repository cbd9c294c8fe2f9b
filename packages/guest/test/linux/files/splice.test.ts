/** Moving bytes between pipes and files within the kernel, and what goes with them: appending, zeroing, sealing. */
import { assert, describe, it } from "@effect/vitest"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { O } from "@emu/guest/linux/files/constants"
import * as Effect from "effect/Effect"
import { base, makeFileKernel } from "../support/fileKernel.ts"

const [data, offset, vector, pair] = [base + 0x2000, base + 0x1000, base + 0x1100, base + 0x1200]
const NONBLOCK = 2

const setUp = () => {
  const kernel = makeFileKernel()
  const { call, state } = kernel
  const { view } = state
  const put = (text: string): number => {
    const bytes = new TextEncoder().encode(text)
    state.u8.set(bytes, data)
    return bytes.length
  }
  const pipe = (flags: number = O.NONBLOCK): readonly [number, number] => {
    call("pipe2", pair, flags)
    return [view.getInt32(pair, true), view.getInt32(pair + 4, true)]
  }
  const file = (text: string, name = "/file"): number => {
    const fd = call("openat", -100, name, O.RDWR | O.CREAT | O.TRUNC, 0o600)
    call("write", fd, data, put(text))
    call("lseek", fd, 0, 0)
    return fd
  }
  const read = (fd: number, length = 100): string | number => {
    const count = call("read", fd, data, length)
    return count < 0 ? count : kernel.text(count, data)
  }
  const write = (fd: number, text: string): number => call("write", fd, data, put(text))
  const buffers = (text: string): number => {
    view.setBigUint64(vector, BigInt(data), true)
    view.setBigUint64(vector + 8, BigInt(put(text)), true)
    return vector
  }
  return { ...kernel, view, pipe, file, read, write, buffers }
}

describe("splice", () => {
  it("moves from a file to a pipe, by an offset of its own or the file's position", () => {
    const { call, file, pipe, read, view } = setUp()
    const source = file("0123456789")
    const [reads, writes] = pipe()
    view.setBigInt64(offset, 2n, true)
    assert.strictEqual(call("splice", source, offset, writes, 0, 3, 0), 3)
    assert.strictEqual(view.getBigInt64(offset, true), 5n)
    assert.strictEqual(call("splice", source, 0, writes, 0, 4, 0), 4)
    assert.strictEqual(read(reads), "2340123")
    assert.strictEqual(read(source), "456789")
  })

  it("leaves in the pipe what the target does not take", () => {
    const { call, pipe, read, write } = setUp()
    const [reads, writes] = pipe()
    const [otherReads, otherWrites] = pipe()
    while (call("write", otherWrites, data, 4096) > 0);
    call("read", otherReads, data, 4096)
    write(writes, "keep")
    const full = call("splice", reads, 0, otherWrites, 0, 100, NONBLOCK)
    assert.strictEqual(full, 4)
    while (call("write", otherWrites, data, 4000) > 0);
    write(writes, "x".repeat(200))
    const moved = call("splice", reads, 0, otherWrites, 0, 200, NONBLOCK)
    const left = read(reads, 300) as string
    assert.strictEqual(left.length, 200 - Math.max(0, moved))
  })

  it("waits for what comes", async () => {
    const { call, file, pipe, read, wait, write } = setUp()
    const [reads, writes] = pipe(0)
    const target = file("")
    const moved = Effect.runPromise(wait("splice", reads, 0, target, 0, 100, 0))
    write(writes, "later")
    assert.strictEqual(await moved, 5)
    call("lseek", target, 0, 0)
    assert.strictEqual(read(target), "later")
  })

  it("ends where nobody writes any more", () => {
    const { call, file, pipe } = setUp()
    const [reads, writes] = pipe()
    call("close", writes)
    assert.strictEqual(call("splice", reads, 0, file(""), 0, 100, 0), 0)
  })

  it("tells a writer of a pipe that nobody reads", () => {
    const { call, file, pipe, read, signals } = setUp()
    const [reads, writes] = pipe()
    call("close", reads)
    const source = file("abc")
    assert.strictEqual(call("splice", source, 0, writes, 0, 3, 0), -Errno.EPIPE)
    assert.deepStrictEqual(signals, [13])
    assert.strictEqual(read(source), "abc")
  })

  it("refuses two files, one pipe, offsets of pipes, and targets that append", () => {
    const { call, file, pipe } = setUp()
    const [reads, writes] = pipe()
    const plain = file("abc")
    assert.strictEqual(call("splice", plain, 0, plain, 0, 1, 0), -Errno.EINVAL)
    assert.strictEqual(call("splice", reads, 0, writes, 0, 1, 0), -Errno.EINVAL)
    assert.strictEqual(call("splice", reads, offset, plain, 0, 1, 0), -Errno.ESPIPE)
    const appends = call("openat", -100, "/file", O.WRONLY | O.APPEND, 0)
    assert.strictEqual(call("splice", reads, 0, appends, 0, 1, 0), -Errno.EINVAL)
    assert.strictEqual(call("splice", writes, 0, plain, 0, 1, 0), -Errno.EBADF)
    assert.strictEqual(call("splice", reads, 0, plain, 0, 1, 16), -Errno.EINVAL)
  })
})

describe("tee and vmsplice", () => {
  it("tee copies, and leaves what it has copied", () => {
    const { call, pipe, read, write } = setUp()
    const [one, other] = [pipe(), pipe()]
    write(one[1], "twice")
    assert.strictEqual(call("tee", one[0], other[1], 100, 0), 5)
    assert.deepStrictEqual([read(one[0]), read(other[0])], ["twice", "twice"])
    assert.strictEqual(call("tee", one[0], other[1], 100, NONBLOCK), -Errno.EAGAIN)
    assert.strictEqual(call("tee", one[0], one[1], 100, 0), -Errno.EINVAL)
  })

  it("vmsplice writes to one end, and reads from the other", () => {
    const { buffers, call, pipe, text } = setUp()
    const [reads, writes] = pipe()
    assert.strictEqual(call("vmsplice", writes, buffers("memory"), 1, 0), 6)
    assert.strictEqual(call("vmsplice", reads, buffers("......"), 1, 0), 6)
    assert.strictEqual(text(6, data), "memory")
    assert.strictEqual(call("vmsplice", 0, buffers("x"), 1, 0), -Errno.EBADF)
  })
})

describe("parts of files", () => {
  it("RWF_APPEND writes at the end whatever the offset", () => {
    const { buffers, call, file, read } = setUp()
    const fd = file("abc")
    assert.strictEqual(call("pwritev2", fd, buffers("de"), 1, 0, 0, 0x10), 2)
    assert.strictEqual(call("lseek", fd, 0, 1), 0)
    assert.strictEqual(call("pwritev2", fd, buffers("f"), 1, -1, 0, 0x10), 1)
    assert.strictEqual(call("lseek", fd, 0, 0), 0)
    assert.strictEqual(read(fd), "abcdef")
    assert.strictEqual(call("preadv2", fd, buffers("."), 1, 0, 0, 0x10), -Errno.EOPNOTSUPP)
  })

  it("a punched hole and a zeroed range read as zeros; only the range may make the file longer", () => {
    const { call, file, read } = setUp()
    const fd = file("abcdef")
    assert.strictEqual(call("fallocate", fd, 3, 1, 2), 0)
    assert.strictEqual(call("fallocate", fd, 3, 5, 100), 0)
    assert.strictEqual(read(fd), "a\0\0de\0")
    assert.strictEqual(call("fallocate", fd, 0x10, 4, 4), 0)
    call("lseek", fd, 0, 0)
    assert.strictEqual(read(fd), "a\0\0d\0\0\0\0")
    assert.strictEqual(call("fallocate", fd, 2, 0, 1), -Errno.EOPNOTSUPP)
    assert.strictEqual(call("fallocate", fd, 8, 0, 4096), -Errno.EOPNOTSUPP)
  })
})

describe("seals of memory files", () => {
  const [ADD, GET] = [1033, 1034]
  const sealed = (seals: number, flags = 2) => {
    const kernel = setUp()
    const fd = kernel.call("memfd_create", "x", flags)
    kernel.write(fd, "abcd")
    return { ...kernel, fd, added: kernel.call("fcntl", fd, ADD, seals) }
  }

  it("against shrinking and growing", () => {
    const { added, call, fd, write } = sealed(2 | 4)
    assert.strictEqual(added, 0)
    assert.strictEqual(call("fcntl", fd, GET, 0), 6)
    assert.strictEqual(call("ftruncate", fd, 3), -Errno.EPERM)
    assert.strictEqual(call("ftruncate", fd, 5), -Errno.EPERM)
    assert.strictEqual(write(fd, "e"), -Errno.EPERM)
    call("lseek", fd, 0, 0)
    assert.strictEqual(write(fd, "AB"), 2)
  })

  it("against writing", () => {
    const { call, fd, kernel } = sealed(8)
    assert.strictEqual(call("pwrite64", fd, data, 1, 0), -Errno.EPERM)
    assert.strictEqual(kernel.files.mappedFile(fd, { read: true, write: true }), -Errno.EPERM)
    const mapped = kernel.files.mappedFile(fd, { read: true, write: false })
    assert.isTrue(typeof mapped === "object" && !mapped.writable)
  })

  it("against more seals, and so from the beginning where none were asked for", () => {
    const { call, fd } = sealed(1)
    assert.strictEqual(call("fcntl", fd, ADD, 2), -Errno.EPERM)
    const plain = sealed(2, 0)
    assert.strictEqual(plain.added, -Errno.EPERM)
    assert.strictEqual(plain.call("fcntl", plain.fd, GET, 0), 1)
  })

  it("are for memory files only", () => {
    const { call, file } = setUp()
    assert.strictEqual(call("fcntl", file("x"), ADD, 1), -Errno.EINVAL)
    assert.strictEqual(call("fcntl", file("x"), GET, 0), -Errno.EINVAL)
  })
})
