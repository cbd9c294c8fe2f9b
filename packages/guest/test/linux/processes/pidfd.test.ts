/** Processes by descriptor. */
import { assert, describe, it } from "@effect/vitest"
import { Errno } from "@emu/guest/linux/kernel/errno"
import type { Kernel } from "@emu/guest/linux/kernel/Kernel"
import * as Effect from "effect/Effect"
import { base, makeFileKernel } from "../support/fileKernel.ts"

const at = base + 0x1000
const NONBLOCK = 0o4000
const [P_PIDFD, WEXITED, WNOHANG] = [3, 4, 1]

const setUp = () => {
  const all = makeFileKernel()
  const { call, kernel, state } = all
  const childKernel = { ...kernel, process: { ...kernel.process, pid: 101, ppid: 100 } } as Kernel
  const child = kernel.processes.add(childKernel, kernel.node, 17)
  const end = (): void => {
    child.end = { kind: "exited", status: 7 }
    child.ended.wake()
  }
  const poll = (fd: number): number => {
    state.view.setInt32(at, fd, true)
    state.view.setUint16(at + 4, 1, true)
    state.u8.fill(0, at + 16, at + 32)
    return call("ppoll", at, 1, at + 16, 0, 8)
  }
  return { ...all, child, end, poll }
}

describe("a descriptor of a process", () => {
  it("is readable from its end on, also for who waits", async () => {
    const { call, end, poll, state, wait } = setUp()
    const fd = call("pidfd_open", 101, 0)
    assert.strictEqual(poll(fd), 0)
    assert.strictEqual(call("fcntl", fd, 1), 1)
    state.view.setInt32(at, fd, true)
    const waits = Effect.runPromise(wait("ppoll", at, 1, 0, 0, 8))
    end()
    assert.strictEqual(await waits, 1)
    assert.strictEqual(poll(fd), 1)
  })

  it("reaches epoll, too", () => {
    const { call, end, state } = setUp()
    const fd = call("pidfd_open", 101, 0)
    const epoll = call("epoll_create1", 0)
    state.view.setUint32(at, 1, true)
    call("epoll_ctl", epoll, 1, fd, at)
    assert.strictEqual(call("epoll_pwait", epoll, at, 4, 0, 0, 8), 0)
    end()
    assert.strictEqual(call("epoll_pwait", epoll, at, 4, 0, 0, 8), 1)
  })

  it("names whom a signal goes to, until somebody has waited for it", () => {
    const { call, child, end, kernel } = setUp()
    const fd = call("pidfd_open", 101, 0)
    assert.strictEqual(call("pidfd_send_signal", fd, 0, 0, 0), 0)
    assert.strictEqual(call("pidfd_send_signal", fd, 0, 0, 1), -Errno.EINVAL)
    assert.strictEqual(call("pidfd_send_signal", 0, 0, 0, 0), -Errno.EBADF)
    end()
    kernel.processes.reap(child)
    assert.strictEqual(call("pidfd_send_signal", fd, 0, 0, 0), -Errno.ESRCH)
    assert.strictEqual(call("pidfd_open", 101, 0), -Errno.ESRCH)
  })

  it("gives files of the process", () => {
    const { call, text } = setUp()
    const fd = call("pidfd_open", 100, 0)
    const file = call("memfd_create", "x", 0)
    call("write", file, at, 4)
    const copy = call("pidfd_getfd", fd, file, 0)
    assert.isAbove(copy, file)
    assert.strictEqual(call("pread64", copy, at + 64, 10, 0), 4)
    assert.strictEqual(text(4, at + 64), text(4, at))
    assert.strictEqual(call("pidfd_getfd", fd, 99, 0), -Errno.EBADF)
  })

  it("can be waited for: not at all where it must not wait", () => {
    const { call } = setUp()
    const fd = call("pidfd_open", 101, NONBLOCK)
    assert.strictEqual(call("waitid", P_PIDFD, fd, 0, WEXITED, 0), -Errno.EAGAIN)
    assert.strictEqual(call("waitid", P_PIDFD, fd, 0, WEXITED | WNOHANG, 0), 0)
    assert.strictEqual(call("waitid", P_PIDFD, call("pidfd_open", 100, 0), 0, WEXITED, 0), -Errno.ECHILD)
    assert.strictEqual(call("waitid", P_PIDFD, 0, 0, WEXITED, 0), -Errno.EBADF)
  })

  it("is not made of what is no process", () => {
    const { call } = setUp()
    assert.deepStrictEqual(
      [call("pidfd_open", 999, 0), call("pidfd_open", 0, 0), call("pidfd_open", 101, 1)],
      [-Errno.ESRCH, -Errno.EINVAL, -Errno.EINVAL]
    )
  })
})
