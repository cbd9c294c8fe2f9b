/** Pipes, sockets, counters and timers, and waiting for them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { O, POLL } from "@emu/guest/linux/files/constants"
import { bad, base, makeFileKernel, out } from "../support/fileKernel.ts"

const kit = () => {
  const all = makeFileKernel()
  const { call, state } = all
  const pair = (name: string, ...args: ReadonlyArray<number>): readonly [number, number] => {
    assert.strictEqual(call(name, ...args), 0)
    const at = args.find((arg) => arg >= base)!
    return [state.view.getInt32(at, true), state.view.getInt32(at + 4, true)]
  }
  const pollfd = (at: number, fd: number, events: number): number => {
    state.view.setInt32(at, fd, true)
    state.view.setUint16(at + 4, events, true)
    return at
  }
  return {
    ...all,
    pollfd,
    pipe: (flags = 0) => pair("pipe2", base, flags),
    sockets: (type = 1) => pair("socketpair", 1, type, 0, base)
  }
}

describe("pipes", () => {
  it.live("a reader waits for a writer", () =>
    Effect.gen(function* () {
      const { call, wait, pipe, text } = kit()
      const [read, write] = pipe()
      const reader = yield* Effect.forkChild(wait("read", read, out, 10))
      yield* Effect.yieldNow
      call("write", write, "abc", 3)
      assert.strictEqual(yield* Fiber.join(reader), 3)
      assert.strictEqual(text(3), "abc")
      const last = yield* Effect.forkChild(wait("read", read, out, 10))
      yield* Effect.yieldNow
      call("close", write)
      assert.strictEqual(yield* Fiber.join(last), 0)
    })
  )

  it.live("a writer waits until all is written; a small write is never torn", () =>
    Effect.gen(function* () {
      const { call, wait, pipe } = kit()
      const [read, write] = pipe()
      call("fcntl", write, 4, O.NONBLOCK)
      for (let i = 0; i < 3; i++) assert.strictEqual(call("write", write, base, 20000), 20000)
      assert.strictEqual(call("write", write, base, 4000), 4000)
      assert.strictEqual(call("write", write, base, 4000), -Errno.EAGAIN, "1536 bytes are free")
      assert.strictEqual(call("write", write, base, 5000), 1536)
      call("fcntl", write, 4, 0)
      const writer = yield* Effect.forkChild(wait("write", write, base, 30000))
      yield* Effect.yieldNow
      let total = 0
      while (total < 65536 + 30000) total += yield* wait("read", read, base, 30000)
      assert.strictEqual(yield* Fiber.join(writer), 30000)
      assert.strictEqual(total, 65536 + 30000)
    })
  )

  it("without readers: EPIPE and SIGPIPE", () => {
    const { call, pipe, signals } = kit()
    const [read, write] = pipe()
    call("close", read)
    assert.strictEqual(call("write", write, "x", 1), -Errno.EPIPE)
    assert.deepStrictEqual(signals, [13])
  })

  it.live("closing a descriptor does not end the call that waits on it", () =>
    Effect.gen(function* () {
      const { call, wait, pipe } = kit()
      const [read, write] = pipe()
      const reader = yield* Effect.forkChild(wait("read", read, out, 1))
      yield* Effect.yieldNow
      call("close", read)
      assert.strictEqual(call("write", write, "x", 1), 1)
      assert.strictEqual(yield* Fiber.join(reader), 1)
      assert.strictEqual(call("write", write, "x", 1), -Errno.EPIPE)
    })
  )

  it("cannot be positioned, and say what is in them", () => {
    const { call, pipe, state } = kit()
    const [read, write] = pipe(O.NONBLOCK)
    call("write", write, "abc", 3)
    assert.strictEqual(call("lseek", read, 0, 0), -Errno.ESPIPE)
    assert.strictEqual(call("pread64", read, out, 1, 0), -Errno.ESPIPE)
    assert.strictEqual(call("ioctl", read, 0x541b, out), 0)
    assert.strictEqual(state.view.getInt32(out, true), 3)
    assert.deepStrictEqual([call("read", read, out, 9), call("read", read, out, 9)], [3, -Errno.EAGAIN])
    assert.strictEqual(call("pipe2", base, 0x40000001), -Errno.EINVAL)
    assert.strictEqual(call("pipe2", bad, 0), -Errno.EFAULT)
  })
})

describe("socket pairs", () => {
  it("carry bytes both ways, and messages one by one", () => {
    const { call, sockets, text, signals } = kit()
    const [a, b] = sockets()
    call("sendto", a, "ab", 2, 0)
    call("sendto", a, "cd", 2, 0)
    assert.strictEqual(call("recvfrom", b, out, 3, 2), 3, "MSG_PEEK")
    assert.strictEqual(call("read", b, out, 9), 4)
    assert.strictEqual(text(4), "abcd")
    assert.strictEqual(call("shutdown", b, 0), 0)
    assert.strictEqual(call("sendto", a, "x", 1, 0x4000), -Errno.EPIPE)
    assert.lengthOf(signals, 0, "MSG_NOSIGNAL")
    const [c, d] = sockets(2)
    call("write", c, "one", 3)
    call("write", c, "two", 3)
    assert.deepStrictEqual([call("read", d, out, 2), call("read", d, out, 9)], [2, 3], "the rest of a message is lost")
    assert.strictEqual(call("recvfrom", d, out, 9, 0x40), -Errno.EAGAIN)
  })

  it("other calls on sockets tell them from files", () => {
    const { call } = kit()
    assert.strictEqual(call("sendto", 1, "x", 1, 0), -Errno.ENOTSOCK)
    assert.strictEqual(call("connect", 77, out, 0), -Errno.EBADF)
    assert.strictEqual(call("socketpair", 2, 1, 0, base), -Errno.EOPNOTSUPP)
  })
})

describe("counters and timers", () => {
  it("eventfd adds up; as a semaphore it counts down", () => {
    const { call, words, state } = kit()
    const fd = call("eventfd2", 3, O.NONBLOCK)
    state.view.setBigUint64(base, 4n, true)
    assert.deepStrictEqual([call("write", fd, base, 8), call("read", fd, out, 8), words(1)], [8, 8, [7]])
    assert.deepStrictEqual([call("read", fd, out, 8), call("read", fd, out, 7)], [-Errno.EAGAIN, -Errno.EINVAL])
    state.view.setBigInt64(base, -1n, true)
    assert.strictEqual(call("write", fd, base, 8), -Errno.EINVAL)
    const semaphore = call("eventfd2", 2, 1 | O.NONBLOCK)
    assert.deepStrictEqual(
      [call("read", semaphore, out, 8), words(1), call("read", semaphore, out, 8), call("read", semaphore, out, 8)],
      [8, [1], 8, -Errno.EAGAIN]
    )
  })

  it.live("timerfd expires, repeatedly", () =>
    Effect.gen(function* () {
      const { call, wait, words, state } = kit()
      const fd = call("timerfd_create", 1, 0)
      const setting = [0n, 2_000_000n, 0n, 1_000_000n]
      setting.forEach((word, i) => state.view.setBigInt64(base + 8 * i, word, true))
      assert.strictEqual(call("timerfd_settime", fd, 0, base, 0), 0)
      assert.strictEqual(yield* wait("read", fd, out, 8), 8)
      assert.isAtLeast(words(1)[0]!, 1)
      assert.strictEqual(yield* wait("read", fd, out, 8), 8)
      assert.strictEqual(call("timerfd_gettime", fd, out), 0)
      assert.strictEqual(words(2)[1], 2_000_000)
      assert.strictEqual(call("timerfd_create", 2, 0), -Errno.EINVAL)
      assert.strictEqual(call("timerfd_gettime", 1, out), -Errno.EINVAL)
    })
  )

  it("memfd is a file without a name", () => {
    const { call, text } = kit()
    const fd = call("memfd_create", "m", 1)
    call("pwrite64", fd, "abc", 3, 5)
    assert.deepStrictEqual([call("lseek", fd, 0, 2), call("pread64", fd, out, 9, 4), text(4)], [8, 4, "\0abc"])
    assert.strictEqual(call("readlinkat", -100, `/proc/self/fd/${fd}`, out, 99), 18)
    assert.strictEqual(text(18), "/memfd:m (deleted)")
  })
})

describe("poll, select and epoll", () => {
  it.live("ppoll tells what is ready, and else waits", () =>
    Effect.gen(function* () {
      const { call, wait, pipe, pollfd, state } = kit()
      const [read, write] = pipe()
      const fds = base + 0x100
      pollfd(fds, read, POLL.IN)
      pollfd(fds + 8, write, POLL.OUT)
      pollfd(fds + 16, 99, POLL.IN)
      pollfd(fds + 24, -1, POLL.IN)
      const revents = (): ReadonlyArray<number> => [0, 1, 2, 3].map((i) => state.view.getUint16(fds + 8 * i + 6, true))
      assert.strictEqual(yield* wait("ppoll", fds, 4, 0, 0, 0), 2)
      assert.deepStrictEqual(revents(), [0, POLL.OUT, POLL.NVAL, 0])
      const waiting = yield* Effect.forkChild(wait("ppoll", fds, 1, 0, 0, 0))
      yield* Effect.yieldNow
      call("close", write)
      assert.strictEqual(yield* Fiber.join(waiting), 1)
      assert.deepStrictEqual(revents()[0], POLL.HUP)
      assert.strictEqual(call("ppoll", bad, 1, 0, 0, 0), -Errno.EFAULT)
    })
  )

  it.live("ppoll gives up when the time is over, and leaves none", () =>
    Effect.gen(function* () {
      const { wait, pipe, pollfd, words, state } = kit()
      const [read] = pipe()
      state.view.setBigInt64(base + 0x208, 3_000_000n, true)
      const start = performance.now()
      assert.strictEqual(yield* wait("ppoll", pollfd(base + 0x100, read, POLL.IN), 1, base + 0x200, 0, 0), 0)
      assert.isAtLeast(performance.now() - start, 2.9)
      assert.deepStrictEqual(words(2, base + 0x200), [0, 0])
      state.view.setBigInt64(base + 0x208, 1_000_000_000n, true)
      assert.strictEqual(yield* wait("ppoll", base + 0x100, 1, base + 0x200, 0, 0), -Errno.EINVAL)
    })
  )

  it.live("pselect6 leaves the ready ones in the sets", () =>
    Effect.gen(function* () {
      const { call, wait, pipe, words, state } = kit()
      const [read, write] = pipe()
      const [reads, writes] = [base + 0x100, base + 0x200]
      state.view.setBigUint64(reads, 1n << BigInt(read), true)
      state.view.setBigUint64(writes, 1n << BigInt(write), true)
      assert.strictEqual(yield* wait("pselect6", 64, reads, writes, 0, 0, 0), 1)
      assert.deepStrictEqual([words(1, reads), words(1, writes)], [[0], [1 << write]])
      call("write", write, "x", 1)
      state.view.setBigUint64(reads, 1n << BigInt(read), true)
      assert.strictEqual(yield* wait("pselect6", 64, reads, writes, 0, 0, 0), 2)
      state.view.setBigUint64(reads, 1n << 40n, true)
      assert.strictEqual(yield* wait("pselect6", 64, reads, 0, 0, 0, 0), -Errno.EBADF)
    })
  )

  const epollKit = () => {
    const all = kit()
    const { call, state, pipe } = all
    const [read, write] = pipe()
    const epoll = call("epoll_create1", 0)
    const control = (operation: number, fd: number, events: number, data = 7n): number => {
      state.view.setUint32(base + 0x100, events, true)
      state.view.setBigUint64(base + 0x108, data, true)
      return call("epoll_ctl", epoll, operation, fd, base + 0x100)
    }
    const ready = (timeout = 0) => all.wait("epoll_pwait", epoll, out + 0x1000, 8, timeout, 0, 8)
    return { ...all, read, write, epoll, control, ready }
  }

  it.effect("epoll keeps telling, once per change (EPOLLET), or once (EPOLLONESHOT)", () =>
    Effect.gen(function* () {
      const { call, read, write, control, ready, state } = epollKit()
      assert.strictEqual(control(1, read, POLL.IN), 0)
      assert.strictEqual(yield* ready(), 0)
      call("write", write, "x", 1)
      assert.deepStrictEqual([yield* ready(), yield* ready()], [1, 1])
      assert.deepStrictEqual(
        [state.view.getUint32(out + 0x1000, true), state.view.getBigUint64(out + 0x1008, true)],
        [1, 7n]
      )
      control(3, read, 0x8000_0000 + POLL.IN)
      assert.deepStrictEqual([yield* ready(), yield* ready()], [1, 0])
      call("write", write, "y", 1)
      assert.strictEqual(yield* ready(), 1)
      control(3, read, 0x4000_0000 + POLL.IN)
      assert.deepStrictEqual([yield* ready(), yield* ready()], [1, 0])
      control(3, read, POLL.IN)
      assert.strictEqual(yield* ready(), 1)
      call("close", read)
      assert.strictEqual(yield* ready(), 0)
    })
  )

  it.live("epoll waits, also for what is added meanwhile", () =>
    Effect.gen(function* () {
      const { call, read, write, control, ready } = epollKit()
      const waiting = yield* Effect.forkChild(ready(-1))
      yield* Effect.yieldNow
      control(1, read, POLL.IN)
      yield* Effect.yieldNow
      call("write", write, "x", 1)
      assert.strictEqual(yield* Fiber.join(waiting), 1)
    })
  )

  it("epoll_ctl errors", () => {
    const { call, read, epoll, control } = epollKit()
    control(1, read, POLL.IN)
    assert.deepStrictEqual(
      [
        control(1, read, 1),
        control(3, 0, 1),
        control(2, 0, 1),
        control(1, 77, 1),
        control(9, read, 1),
        control(1, epoll, 1),
        control(1, 0, 1)
      ],
      [-Errno.EEXIST, -Errno.ENOENT, -Errno.ENOENT, -Errno.EBADF, -Errno.EINVAL, -Errno.EINVAL, -Errno.EPERM]
    )
    assert.strictEqual(call("epoll_ctl", read, 1, read, base), -Errno.EINVAL)
    assert.strictEqual(call("epoll_pwait", epoll, out, 0, 0, 0, 8), -Errno.EINVAL)
  })
})
