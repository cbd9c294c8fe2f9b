/** AF_UNIX sockets: names, messages, and descriptors on their way. */
import { assert, describe, it } from "@effect/vitest"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { readOnly } from "../support/fileKernel.ts"
import { AF, at, makeSocketKernel, SOCK } from "./socketKernel.ts"

describe("a pair of sockets", () => {
  it("keeps messages apart, but for streams", () => {
    const { receive, send, unixPair } = makeSocketKernel()
    const results = [SOCK.STREAM, SOCK.DGRAM, SOCK.SEQPACKET].map((type) => {
      const [one, other] = unixPair(type)
      send(one, "ab")
      send(one, "cd")
      return receive(other)
    })
    assert.deepStrictEqual(results, ["abcd", "ab", "ab"])
  })

  it("tells the length of a message that is cut, with MSG_TRUNC", () => {
    const { call, header, send, unixPair, view } = makeSocketKernel()
    const [one, other] = unixPair(SOCK.DGRAM)
    send(one, "12345")
    send(one, "12345")
    assert.strictEqual(call("recvfrom", other, at.data, 2, 0x20, 0, 0), 5)
    assert.strictEqual(call("recvmsg", other, header(2), 0), 2)
    assert.strictEqual(view.getUint32(at.header + 48, true) & 0x20, 0x20)
  })

  it("ends with EPIPE and SIGPIPE at the other end's close, and ECONNRESET where something was lost", () => {
    const { call, receive, send, signals, unixPair } = makeSocketKernel()
    const [one, other] = unixPair(SOCK.STREAM)
    send(one, "x")
    call("close", other)
    assert.strictEqual(receive(one), -Errno.ECONNRESET)
    assert.strictEqual(send(one, "y"), -Errno.EPIPE)
    assert.deepStrictEqual(signals, [13])
  })

  it("says who is at the other end", () => {
    const { call, unixPair, view } = makeSocketKernel()
    const [one] = unixPair(SOCK.STREAM)
    view.setInt32(at.length, 12, true)
    assert.strictEqual(call("getsockopt", one, 1, 17, at.vector, at.length), 0)
    assert.deepStrictEqual(
      [0, 4, 8].map((offset) => view.getInt32(at.vector + offset, true)),
      [100, 1000, 1000]
    )
  })
})

describe("descriptors in messages", () => {
  const received = (kernel: ReturnType<typeof makeSocketKernel>): number => kernel.view.getInt32(at.control + 16, true)

  it("are open files of their own for the receiver, also when the sender has closed them", () => {
    const kernel = makeSocketKernel()
    const { call, data, header, text, unixPair, view } = kernel
    const [one, other] = unixPair(SOCK.STREAM)
    call("pipe2", at.pair, 0)
    const [reads, writes] = [view.getInt32(at.pair, true), view.getInt32(at.pair + 4, true)]
    assert.strictEqual(call("sendmsg", one, header(data("f"), [writes]), 0), 1)
    call("close", writes)
    assert.strictEqual(call("recvmsg", other, header(10, [], 24), 0), 1)
    const fd = received(kernel)
    assert.strictEqual(call("write", fd, at.data, data("through")), 7)
    call("close", fd)
    assert.strictEqual(call("read", reads, at.data, 20), 7)
    assert.strictEqual(text(7, at.data), "through")
    // nobody else holds the end for writing
    assert.strictEqual(call("read", reads, at.data, 20), 0)
  })

  it("come with the message that they were sent with, and not before", () => {
    const kernel = makeSocketKernel()
    const { call, data, header, send, unixPair, view } = kernel
    const [one, other] = unixPair(SOCK.STREAM)
    send(one, "before")
    call("sendmsg", one, header(data("with"), [one]), 0)
    send(one, "after")
    assert.strictEqual(call("recvmsg", other, header(100, [], 24), 0), 6)
    assert.strictEqual(Number(view.getBigUint64(at.header + 40, true)), 0)
    assert.strictEqual(call("recvmsg", other, header(100, [], 24), 0), 4)
    assert.strictEqual(Number(view.getBigUint64(at.header + 40, true)), 24)
  })

  it("are closed, and MSG_CTRUNC says so, where they have no room", () => {
    const { call, data, header, unixPair, view } = makeSocketKernel()
    const [one, other] = unixPair(SOCK.STREAM)
    call("pipe2", at.pair, 0)
    const [reads, writes] = [view.getInt32(at.pair, true), view.getInt32(at.pair + 4, true)]
    call("sendmsg", one, header(data("f"), [writes]), 0)
    call("close", writes)
    assert.strictEqual(call("recvmsg", other, header(10), 0), 1)
    assert.strictEqual(view.getUint32(at.header + 48, true) & 8, 8)
    assert.strictEqual(call("read", reads, at.data, 20), 0)
  })

  it("are not written where the header must not be", () => {
    const { call, header, send, unixPair, state } = makeSocketKernel()
    const [one, other] = unixPair(SOCK.STREAM)
    send(one, "x")
    const from = header(4)
    state.u8.copyWithin(readOnly, from, from + 56)
    assert.strictEqual(call("recvmsg", other, readOnly, 0), -Errno.EFAULT)
  })

  it("that are not open are refused", () => {
    const { call, data, header, unixPair } = makeSocketKernel()
    const [one] = unixPair(SOCK.STREAM)
    assert.strictEqual(call("sendmsg", one, header(data("f"), [77]), 0), -Errno.EBADF)
  })
})

describe("names", () => {
  const server = (kernel: ReturnType<typeof makeSocketKernel>, name: string, type: number = SOCK.STREAM): number => {
    const fd = kernel.call("socket", AF.UNIX, type | SOCK.NONBLOCK, 0)
    const bound = kernel.call("bind", fd, at.address, kernel.unix(name))
    if (bound < 0) return bound
    if (type !== SOCK.DGRAM) kernel.call("listen", fd, 4)
    return fd
  }

  it("are files of type socket, or abstract", () => {
    for (const name of ["/sock", "\0sock"]) {
      const kernel = makeSocketKernel()
      const { call, receive, send, unix } = kernel
      const fd = server(kernel, name)
      const client = call("socket", AF.UNIX, SOCK.STREAM, 0)
      assert.strictEqual(call("connect", client, at.address, unix(name)), 0)
      send(client, "hello")
      assert.strictEqual(receive(call("accept", fd, 0, 0)), "hello")
      assert.strictEqual(server(kernel, name), -Errno.EADDRINUSE)
    }
  })

  it("of files stay when the socket is closed, and lead nowhere", () => {
    const kernel = makeSocketKernel()
    const { call, unix } = kernel
    const fd = server(kernel, "/sock")
    call("close", fd)
    const client = call("socket", AF.UNIX, SOCK.STREAM, 0)
    assert.strictEqual(call("connect", client, at.address, unix("/sock")), -Errno.ECONNREFUSED)
    assert.strictEqual(call("unlinkat", -100, "/sock", 0), 0)
    assert.strictEqual(call("connect", client, at.address, unix("/sock")), -Errno.ENOENT)
    assert.isAbove(server(kernel, "/sock"), 0)
  })

  it("that are abstract are free when the socket is closed", () => {
    const kernel = makeSocketKernel()
    kernel.call("close", server(kernel, "\0a"))
    assert.isAbove(server(kernel, "\0a"), 0)
  })

  it("say where datagrams come from", () => {
    const kernel = makeSocketKernel()
    const { call, data, unix, view } = kernel
    const fd = server(kernel, "\0to", SOCK.DGRAM)
    const sender = server(kernel, "\0from", SOCK.DGRAM)
    assert.strictEqual(call("sendto", sender, at.data, data("x"), 0, at.address, unix("\0to")), 1)
    view.setInt32(at.length, 100, true)
    assert.strictEqual(call("recvfrom", fd, at.data, 10, 0, at.address, at.length), 1)
    assert.strictEqual(view.getInt32(at.length, true), 2 + 5)
    assert.strictEqual(kernel.text(5, at.address + 2), "\0from")
  })

  it("of another type are refused", () => {
    const kernel = makeSocketKernel()
    server(kernel, "\0s", SOCK.SEQPACKET)
    const client = kernel.call("socket", AF.UNIX, SOCK.STREAM, 0)
    assert.strictEqual(kernel.call("connect", client, at.address, kernel.unix("\0s")), -Errno.EPROTOTYPE)
  })
})

describe("datagrams", () => {
  it("wait for room, so that nothing gets lost", () => {
    const { call, poll, receive, setInt, unixPair } = makeSocketKernel()
    const [one, other] = unixPair(SOCK.DGRAM)
    setInt(one, 1, 7, 1 << 20)
    let sent = 0
    while (call("write", one, at.data, 20000) === 20000) sent++
    assert.isAbove(sent, 5)
    assert.strictEqual(poll(one) & 4, 0)
    let got = 0
    while (receive(other, 20000) !== -Errno.EAGAIN) got++
    assert.strictEqual(got, sent)
    assert.strictEqual(poll(one) & 4, 4)
  })
})
