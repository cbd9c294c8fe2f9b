/** UDP between processes of the guest. */
import { assert, describe, it } from "@effect/vitest"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { AF, at, makeSocketKernel, SOCK } from "./socketKernel.ts"

const setUp = () => {
  const kernel = makeSocketKernel()
  const open = (port?: number): number => {
    const fd = kernel.call("socket", AF.INET, SOCK.DGRAM | SOCK.NONBLOCK, 0)
    if (port !== undefined) kernel.call("bind", fd, at.address, kernel.inet(port))
    return fd
  }
  const sendTo = (fd: number, text: string, port: number): number => {
    const length = kernel.data(text)
    return kernel.call("sendto", fd, at.data, length, 0, at.address, kernel.inet(port))
  }
  return { ...kernel, open, sendTo }
}

describe("UDP", () => {
  it("keeps messages apart, empty ones as well, and tells where they come from", () => {
    const { call, open, portOf, receive, sendTo, view } = setUp()
    const receiver = open(7000)
    const sender = open()
    sendTo(sender, "one", 7000)
    sendTo(sender, "", 7000)
    view.setInt32(at.length, 16, true)
    assert.strictEqual(call("recvfrom", receiver, at.data, 10, 0, at.address, at.length), 3)
    const from = view.getUint16(at.address + 2)
    assert.strictEqual(from, portOf(sender))
    assert.strictEqual(receive(receiver), "")
    assert.strictEqual(receive(receiver), -Errno.EAGAIN)
    assert.strictEqual(sendTo(receiver, "back", from), 4)
    assert.strictEqual(receive(sender), "back")
  })

  it("gives what comes from a peer to the socket that is connected to it", () => {
    const { call, inet, open, receive, sendTo } = setUp()
    const [one, other] = [open(7001), open(7002)]
    call("connect", one, at.address, inet(7002))
    sendTo(open(7003), "stranger", 7001)
    sendTo(other, "friend", 7001)
    assert.strictEqual(receive(one), "friend")
    assert.strictEqual(receive(one), -Errno.EAGAIN)
  })

  it("tells who is connected that nobody is there", () => {
    const { call, inet, open, send } = setUp()
    const fd = open()
    call("connect", fd, at.address, inet(7004))
    assert.strictEqual(send(fd, "x"), 1)
    assert.strictEqual(send(fd, "x"), -Errno.ECONNREFUSED)
    assert.strictEqual(send(fd, "x"), 1)
  })

  it("refuses what goes nowhere", () => {
    const { call, inet, open, send } = setUp()
    const fd = open()
    assert.strictEqual(send(fd, "x"), -Errno.EDESTADDRREQ)
    inet(7005)
    assert.strictEqual(call("sendto", fd, at.data, 10, 0, at.address, 4), -Errno.EINVAL)
    const toPortNothing = () => call("sendto", fd, at.data, 10, 0, at.address, inet(0))
    assert.strictEqual(toPortNothing(), -Errno.EINVAL)
  })
})
