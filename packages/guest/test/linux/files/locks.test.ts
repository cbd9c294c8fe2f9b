/** File locks: ranges against a model of single bytes, and who keeps whom out. */
import { assert, describe, it } from "@effect/vitest"
import { AT, O } from "@emu/guest/linux/files/constants"
import { FileLocks } from "@emu/guest/linux/files/locks/FileLocks"
import { added, cleared, conflict, endOfFile, type RangeLock } from "@emu/guest/linux/files/locks/Range"
import { EventFd } from "@emu/guest/linux/files/open/EventFd"
import { makeVirtualFs } from "@emu/guest/linux/files/virtual/virtualFs"
import { Errno } from "@emu/guest/linux/kernel/errno"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { makeFileKernel, out } from "../support/fileKernel.ts"

const size = 12
const owners = [{ pid: 1 }, { pid: 2 }, { pid: 3 }]

const Step = Schema.Struct({
  owner: Schema.Literals([0, 1, 2]),
  what: Schema.Literals(["shared", "exclusive", "unlock", "unlock"]),
  a: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: size - 1 })),
  b: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: size - 1 }))
})

describe("ranges", () => {
  it.prop(
    "are what a model of single bytes says",
    [Schema.Array(Step)],
    ([steps]) => {
      let locks: ReadonlyArray<RangeLock> = []
      /** By byte and owner: undefined, or whether it is exclusive. */
      const model = Array.from({ length: size }, () => new Map<object, boolean>())
      for (const { a, b, owner: index, what } of steps) {
        const owner = owners[index]!
        const [first, last] = [Math.min(a, b), Math.max(a, b)]
        const lock = { owner, pid: owner.pid, isExclusive: what === "exclusive", start: BigInt(first), end: BigInt(last) }
        const bytes = model.slice(first, last + 1)
        const isFree = bytes.every((byte) =>
          [...byte].every(([other, excludes]) => other === owner || !(excludes || what === "exclusive"))
        )
        if (what === "unlock") {
          locks = cleared(locks, lock)
          for (const byte of bytes) byte.delete(owner)
        } else {
          assert.strictEqual(conflict(locks, lock) === undefined, isFree)
          if (!isFree) continue
          locks = added(locks, lock)
          for (const byte of bytes) byte.set(owner, lock.isExclusive)
        }
        model.forEach((byte, at) => {
          const here = locks.filter(({ end, start }) => start <= BigInt(at) && BigInt(at) <= end)
          for (const { isExclusive, owner: holder } of here) assert.strictEqual(byte.get(holder), isExclusive)
          assert.lengthOf(here, byte.size)
        })
        for (const [i, one] of locks.entries()) {
          const isSplit = locks.some(
            (other, j) =>
              j !== i && other.owner === one.owner && other.isExclusive === one.isExclusive && one.end + 1n === other.start
          )
          assert.isFalse(isSplit, "locks of one owner that touch are one")
        }
      }
    },
    { arbitrary: { runs: 500, size: 20 } }
  )
})

const F = { GETLK: 5, SETLK: 6, SETLKW: 7, OFD_GETLK: 36, OFD_SETLK: 37 }

/** Two processes with one file open in each. */
const twoProcesses = () => {
  const kit = makeFileKernel()
  const { kernel, state } = kit
  const fd = kit.call("openat", AT.FDCWD, "f", O.RDWR | O.CREAT, 0o600)
  const other = kernel.files.fork(makeVirtualFs(() => kernel))
  const mine = kernel.files
  const as = <A>(which: "first" | "second", run: () => A): A => {
    Object.assign(kernel, { files: which === "first" ? mine : other })
    Object.assign(kernel.process, { pid: which === "first" ? 100 : 200 })
    return run()
  }
  const flockAt = (type: number, start: bigint, length: bigint, whence = 0): number => {
    state.u8.fill(0, out, out + 32)
    state.view.setInt16(out, type, true)
    state.view.setInt16(out + 2, whence, true)
    state.view.setBigInt64(out + 8, start, true)
    state.view.setBigInt64(out + 16, length, true)
    return out
  }
  const lock = (who: "first" | "second", command: number, type: number, start: bigint, length: bigint, whence = 0): number =>
    as(who, () => kit.call("fcntl", fd, command, flockAt(type, start, length, whence)))
  return { ...kit, fd, as, lock, flockAt, other, mine }
}

describe("record locks", () => {
  it("keep other processes out, and say who holds them", () => {
    const { as, lock, state, call, fd } = twoProcesses()
    assert.strictEqual(lock("first", F.SETLK, 1, 5n, 10n), 0)
    assert.strictEqual(lock("second", F.SETLK, 0, 14n, 1n), -Errno.EAGAIN)
    assert.strictEqual(lock("second", F.SETLK, 1, 15n, 0n), 0)
    assert.strictEqual(lock("second", F.GETLK, 1, 0n, 0n), 0)
    const words = [
      state.view.getInt16(out, true),
      state.view.getBigInt64(out + 8, true),
      state.view.getBigInt64(out + 16, true)
    ]
    assert.deepStrictEqual([...words, state.view.getInt32(out + 24, true)], [1, 5n, 10n, 100])
    assert.strictEqual(lock("first", F.GETLK, 0, 20n, -3n), 0)
    assert.deepStrictEqual([state.view.getInt16(out, true), state.view.getBigInt64(out + 16, true)], [1, 0n], "to the end")
    // any descriptor of the file takes them away when it is closed
    as("first", () => call("close", call("dup", fd)))
    assert.strictEqual(lock("second", F.SETLK, 1, 0n, 0n), 0)
  })

  it.each([
    ["before the file", 0n, -1n, 0, -Errno.EINVAL],
    ["a negative start", -1n, 1n, 0, -Errno.EINVAL],
    ["beyond the greatest position", endOfFile, 2n, 0, -Errno.EOVERFLOW],
    ["up to the greatest position", endOfFile, 1n, 0, 0],
    ["from the end", 0n, 0n, 2, 0],
    ["an unknown whence", 0n, 0n, 3, -Errno.EINVAL]
  ] as const)("%s", (_, start, length, whence, expected) => {
    assert.strictEqual(twoProcesses().lock("first", F.SETLK, 1, start, length, whence), expected)
  })

  it("belong to the open file where they are asked for so, and conflict with those of processes", () => {
    const { as, lock, call, fd } = twoProcesses()
    assert.strictEqual(lock("first", F.OFD_SETLK, 1, 0n, 1n), 0)
    assert.strictEqual(lock("second", F.OFD_SETLK, 1, 0n, 1n), 0, "the same open file")
    assert.strictEqual(lock("second", F.SETLK, 0, 0n, 1n), -Errno.EAGAIN)
    as("first", () => call("close", fd))
    assert.strictEqual(lock("second", F.SETLK, 0, 0n, 1n), -Errno.EAGAIN)
  })

  it.effect("are waited for; who would wait for ever is told", () =>
    Effect.gen(function* () {
      const { as, flockAt, lock, wait, fd, other } = twoProcesses()
      lock("first", F.SETLK, 1, 0n, 1n)
      lock("second", F.SETLK, 1, 9n, 1n)
      const waiting = yield* Effect.forkChild(as("second", () => wait("fcntl", fd, F.SETLKW, flockAt(1, 0n, 1n))))
      yield* Effect.yieldNow
      assert.strictEqual(yield* as("first", () => wait("fcntl", fd, F.SETLKW, flockAt(1, 9n, 1n))), -Errno.EDEADLK)
      assert.strictEqual(lock("first", F.SETLK, 2, 0n, 1n), 0)
      assert.strictEqual(yield* Fiber.join(waiting), 0)
      assert.strictEqual(lock("first", F.SETLK, 0, 0n, 1n), -Errno.EAGAIN)
      other.closeAll()
      assert.strictEqual(lock("first", F.SETLK, 0, 0n, 0n), 0, "the other process has ended")
    })
  )
})

describe("flock", () => {
  it("is the open file's: descriptors and processes share it", () => {
    const { as, call, fd } = twoProcesses()
    const second = as("first", () => call("openat", AT.FDCWD, "f", O.RDONLY, 0))
    const flock = (who: "first" | "second", which: number, operation: number) =>
      as(who, () => call("flock", which, operation))
    assert.deepStrictEqual(
      [flock("first", fd, 2), flock("second", fd, 2 | 4), flock("first", second, 1 | 4)],
      [0, 0, -Errno.EAGAIN]
    )
    assert.deepStrictEqual([flock("first", fd, 1), flock("first", second, 1 | 4)], [0, 0])
    assert.strictEqual(flock("first", second, 2 | 4), -Errno.EAGAIN)
    as("first", () => call("close", fd))
    assert.strictEqual(flock("first", second, 2 | 4), -Errno.EAGAIN, "the other process has it open")
    as("second", () => call("close", fd))
    assert.strictEqual(flock("first", second, 2 | 4), 0)
    assert.strictEqual(flock("first", second, 3), -Errno.EINVAL)
  })

  it("goes with the last descriptor", () => {
    const locks = new FileLocks()
    const [one, two] = [new EventFd(0, false, 0).hold(), new EventFd(0, false, 0).hold()]
    assert.strictEqual(locks.setWhole(one, true), 0)
    assert.strictEqual(locks.setWhole(two, true), -Errno.EAGAIN)
    one.release()
    assert.strictEqual(locks.setWhole(two, true), 0)
  })
})
