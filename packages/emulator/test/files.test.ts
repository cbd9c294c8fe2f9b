/** Files of a run, laid over those of its host, and pipes in place of its standard streams. */
import { Errno } from "@emu/guest/linux/kernel/errno"
import { O, POLL, S } from "@emu/guest/linux/files/constants"
import { makeMemoryFs } from "@emu/guest/MemoryFs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { overlay } from "../src/internal/OverlayFs.ts"
import { InputPipe, OutputPipe } from "../src/internal/Pipe.ts"
import { pipedFs } from "../src/internal/pipedFs.ts"

const bytes = (text: string) => new TextEncoder().encode(text)

const contents = (fs: ReturnType<typeof makeMemoryFs>, path: string): string | number => {
  const fd = fs.open(path, O.RDONLY, 0)
  if (fd < 0) return fd
  const buffer = new Uint8Array(100)
  const count = fs.read(fd, buffer)
  fs.close(fd)
  return count < 0 ? count : new TextDecoder().decode(buffer.subarray(0, count))
}

const write = (fs: ReturnType<typeof makeMemoryFs>, path: string, text: string): number => {
  const fd = fs.open(path, O.WRONLY | O.CREAT | O.TRUNC, 0o644)
  return fd < 0 ? fd : fs.write(fd, bytes(text)) + Math.min(0, fs.close(fd))
}

describe("files laid over a host", () => {
  const make = () => {
    const host = makeMemoryFs({ files: { "/etc/host": bytes("host"), "/etc/both": bytes("below"), "/data/x": bytes("x") } })
    return { host, fs: overlay(host, { "/etc/both": bytes("above"), "/own/deep/file": bytes("own") }) }
  }
  const names = (fs: ReturnType<typeof makeMemoryFs>, path: string) => {
    const fd = fs.open(path, O.RDONLY | O.DIRECTORY, 0)
    const list = fs.readdir(fd)
    fs.close(fd)
    return typeof list === "number" ? list : list.map(({ name }) => name).sort()
  }

  it("are seen with those of the host, and hide them", () => {
    const { fs, host } = make()
    assert.deepStrictEqual(
      ["/etc/host", "/etc/both", "/own/deep/file", "/none"].map((path) => contents(fs, path)),
      ["host", "above", "own", -Errno.ENOENT]
    )
    assert.strictEqual(contents(host, "/etc/both"), "below")
  })

  it("are in the listings of directories, once", () => {
    const { fs } = make()
    assert.deepStrictEqual(names(fs, "/etc"), [".", "..", "both", "host"])
    assert.includeMembers(names(fs, "/") as Array<string>, ["data", "etc", "own"])
    assert.deepStrictEqual(names(fs, "/own/deep"), [".", "..", "file"])
  })

  it("change in memory only; what is made elsewhere is the host's", () => {
    const { fs, host } = make()
    assert.strictEqual(write(fs, "/etc/both", "new"), 3)
    assert.strictEqual(write(fs, "/own/deep/other", "o"), 1)
    assert.strictEqual(write(fs, "/etc/made", "made"), 4)
    assert.deepStrictEqual(
      ["/etc/both", "/own/deep/other", "/etc/made"].map((path) => [contents(fs, path), contents(host, path)]),
      [
        ["new", "below"],
        ["o", -Errno.ENOENT],
        ["made", "made"]
      ]
    )
  })

  it("are on another device than the host's: nothing is moved between them", () => {
    const { fs } = make()
    assert.strictEqual(fs.rename("/own/deep/file", "/data/file"), -Errno.EXDEV)
    assert.strictEqual(fs.rename("/own/deep/file", "/own/deep/moved"), 0)
    assert.strictEqual(fs.link("/data/x", "/own/x"), -Errno.EXDEV)
  })
})

describe("pipes as standard streams", () => {
  const make = () => {
    const [input, output] = [new InputPipe(), new OutputPipe()]
    return { input, output, fs: pipedFs(makeMemoryFs(), { 0: input, 1: output, 2: undefined }, 0n) }
  }
  const buffer = new Uint8Array(4)

  it.effect("give what was put, in pieces, and wait for more until the end", () =>
    Effect.gen(function* () {
      const { fs, input } = make()
      assert.strictEqual(fs.read(0, buffer), -Errno.EAGAIN)
      assert.strictEqual(fs.poll(0) & POLL.IN, 0)
      const putting = yield* Effect.forkChild(input.put(bytes("hello")))
      yield* fs.pollWait(0, POLL.IN, 100)
      assert.deepStrictEqual([fs.available(0), fs.read(0, buffer), fs.read(0, buffer)], [5, 4, 1])
      yield* Fiber.join(putting)
      assert.strictEqual(fs.read(0, buffer), -Errno.EAGAIN)
      input.end()
      assert.deepStrictEqual([fs.read(0, buffer), fs.poll(0) & POLL.HUP], [0, POLL.HUP])
    })
  )

  it.effect("let a writer wait only for a reader that is slow", () =>
    Effect.gen(function* () {
      const { fs, output } = make()
      const large = new Uint8Array(1 << 20)
      assert.deepStrictEqual([fs.write(1, large), fs.write(1, large)], [large.length, large.length])
      assert.strictEqual((yield* output.take).length, 2)
      assert.strictEqual(fs.write(1, large), large.length)
      assert.deepStrictEqual([fs.write(1, large), fs.poll(1) & POLL.OUT], [-Errno.EAGAIN, 0])
      const waiting = yield* Effect.forkChild(fs.pollWait(1, POLL.OUT, 0))
      yield* output.take
      yield* Fiber.join(waiting)
      assert.strictEqual(fs.write(1, buffer), 4)
      output.end()
      assert.strictEqual((yield* output.take).length, 1)
      assert.strictEqual((yield* output.take).length, 0)
    })
  )

  it("are pipes to the guest", () => {
    const { fs } = make()
    const stat = fs.fstat(0)
    assert.strictEqual(typeof stat === "number" ? stat : stat.mode & S.IFMT, S.IFIFO)
    assert.deepStrictEqual(
      [fs.lseek(0, 0, 1), fs.pread(0, buffer, 0), fs.write(0, buffer), fs.read(1, buffer), fs.isatty(1), fs.statusFlags(1)],
      [-Errno.ESPIPE, -Errno.ESPIPE, -Errno.EBADF, -Errno.EBADF, false, O.WRONLY]
    )
  })
})
