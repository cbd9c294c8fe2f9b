/** Input that has to be waited for, through a named pipe. */
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { O, POLL, S } from "@emu/guest/linux/files/constants"
import { makeNodeHostFs } from "../src/NodeHostFs.ts"
import { readsInFlight } from "../src/internal/StreamInput.ts"

const scratch = Fs.mkdtempSync(Path.join(Os.tmpdir(), "emu-stream-"))
afterAll(() => Fs.rmSync(scratch, { recursive: true, force: true }))

describe.skipIf(process.platform === "win32")("a pipe of the host", () => {
  it.live("never blocks, is waited for, and is read no further than asked", () =>
    Effect.gen(function* () {
      const fs = makeNodeHostFs()
      const path = `${scratch}/fifo`
      assert.strictEqual(fs.mknod(path, S.IFIFO | 0o600), 0)
      assert.strictEqual(fs.mknod(path, S.IFIFO | 0o600), -Errno.EEXIST)
      const fd = fs.open(path, O.RDWR, 0)
      const bytes = new Uint8Array(10)
      assert.strictEqual(fs.read(fd, bytes), -Errno.EAGAIN)
      const waiting = yield* Effect.forkChild(fs.pollWait(fd, POLL.IN, 2))
      yield* Effect.yieldNow
      assert.strictEqual(readsInFlight(), 1)
      assert.strictEqual(fs.write(fd, new TextEncoder().encode("abc")), 3)
      yield* Fiber.join(waiting)
      assert.strictEqual(readsInFlight(), 0)
      assert.strictEqual(fs.poll(fd) & POLL.IN, POLL.IN)
      assert.strictEqual(fs.available(fd), 2)
      assert.deepStrictEqual([fs.read(fd, bytes), bytes[0], bytes[1]], [2, 97, 98])
      assert.strictEqual(fs.read(fd, bytes), -Errno.EAGAIN, "what was not asked for is left to others")
      yield* fs.pollWait(fd, POLL.IN, 9)
      assert.strictEqual(fs.read(fd, bytes), 1)
      assert.strictEqual(fs.pread(fd, bytes, 0), -Errno.ESPIPE)
      fs.close(fd)
    })
  )
})
