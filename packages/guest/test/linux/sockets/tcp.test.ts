/** TCP between processes of the guest: what connections tell of each other. */
import { assert, describe, it } from "@effect/vitest"
import { Errno } from "@emu/guest/linux/kernel/errno"
import * as Effect from "effect/Effect"
import { AF, at, makeSocketKernel, SOCK } from "./socketKernel.ts"

const POLL = { IN: 1, OUT: 4, ERR: 8, HUP: 16, RDHUP: 0x2000 }

describe("a TCP connection", () => {
  it("carries bytes both ways, which run together", () => {
    const { receive, send, tcpPair } = makeSocketKernel()
    const [client, server] = tcpPair()
    assert.strictEqual(send(client, "pi"), 2)
    assert.strictEqual(send(client, "ng"), 2)
    assert.strictEqual(receive(server), "ping")
    assert.strictEqual(receive(server), -Errno.EAGAIN)
    assert.strictEqual(send(server, "pong"), 4)
    assert.strictEqual(receive(client, 2), "po")
    assert.strictEqual(receive(client, 10, 2), "ng")
    assert.strictEqual(receive(client), "ng")
  })

  it("is told of as in progress where nobody waits, and then once as made", () => {
    const { call, inet, listener } = makeSocketKernel()
    const { port } = listener()
    const client = call("socket", AF.INET, SOCK.STREAM | SOCK.NONBLOCK, 0)
    const connect = () => call("connect", client, at.address, inet(port))
    assert.deepStrictEqual([connect(), connect(), connect()], [-Errno.EINPROGRESS, 0, -Errno.EISCONN])
  })

  it("is refused where nobody listens: at once to who waits, by SO_ERROR to who does not", () => {
    const { call, getInt, inet, poll, wait } = makeSocketKernel()
    const client = call("socket", AF.INET, SOCK.STREAM | SOCK.NONBLOCK, 0)
    assert.strictEqual(call("connect", client, at.address, inet(9)), -Errno.EINPROGRESS)
    assert.strictEqual(poll(client) & (POLL.ERR | POLL.HUP | POLL.OUT), POLL.ERR | POLL.HUP | POLL.OUT)
    assert.strictEqual(getInt(client, 1, 4), Errno.ECONNREFUSED)
    assert.strictEqual(getInt(client, 1, 4), 0)
    const other = call("socket", AF.INET, SOCK.STREAM, 0)
    assert.strictEqual(Effect.runSync(wait("connect", other, at.address, inet(9))), -Errno.ECONNREFUSED)
  })

  it("ends for the reader behind the last byte, and can still be written to", () => {
    const { call, poll, receive, send, tcpPair } = makeSocketKernel()
    const [client, server] = tcpPair()
    send(client, "last")
    assert.strictEqual(call("shutdown", client, 1), 0)
    assert.strictEqual(poll(server) & (POLL.IN | POLL.RDHUP | POLL.HUP), POLL.IN | POLL.RDHUP)
    assert.strictEqual(receive(server), "last")
    assert.strictEqual(receive(server), "")
    assert.strictEqual(send(server, "answer"), 6)
    assert.strictEqual(receive(client), "answer")
    assert.strictEqual(send(client, "x", 0x4000), -Errno.EPIPE)
  })

  it("tells a writer that nobody reads any more: by the answer to the first write", () => {
    const { call, send, signals, tcpPair } = makeSocketKernel()
    const [client, server] = tcpPair()
    call("close", server)
    assert.strictEqual(send(client, "a"), 1)
    assert.strictEqual(send(client, "b", 0x4000), -Errno.EPIPE)
    assert.deepStrictEqual(signals, [])
    assert.strictEqual(send(client, "c"), -Errno.EPIPE)
    assert.deepStrictEqual(signals, [13])
  })

  it("is reset where something was not read", () => {
    const { call, receive, send, tcpPair } = makeSocketKernel()
    const [client, server] = tcpPair()
    send(client, "lost")
    call("close", server)
    assert.strictEqual(receive(client), -Errno.ECONNRESET)
    assert.strictEqual(receive(client), "")
  })

  it("takes no more than has room, and says when there is some again", () => {
    const { call, poll, receive, setInt, tcpPair } = makeSocketKernel()
    const [client, server] = tcpPair()
    setInt(client, 1, 7, 4096)
    let sent = 0
    for (let moved = 1; moved > 0; sent += Math.max(0, moved)) moved = call("write", client, at.data, 3000)
    assert.strictEqual(sent, 8192)
    assert.strictEqual(poll(client) & POLL.OUT, 0)
    assert.strictEqual((receive(server, 4096) as string).length, 4096)
    assert.strictEqual(poll(client) & POLL.OUT, POLL.OUT)
  })

  it("waits for a place in the queue of who listens", () => {
    const { call, inet, listener, poll } = makeSocketKernel()
    const server = listener(0)
    const clients = [1, 2].map(() => {
      const client = call("socket", AF.INET, SOCK.STREAM | SOCK.NONBLOCK, 0)
      call("connect", client, at.address, inet(server.port))
      return client
    })
    assert.deepStrictEqual(
      clients.map((client) => poll(client) & POLL.OUT),
      [POLL.OUT, 0]
    )
    assert.isAbove(call("accept4", server.fd, 0, 0, 0), 0)
    assert.strictEqual(poll(clients[1]!) & POLL.OUT, POLL.OUT)
  })

  it("is dropped with who listens before it was accepted", () => {
    const { call, inet, listener, receive } = makeSocketKernel()
    const server = listener()
    const client = call("socket", AF.INET, SOCK.STREAM | SOCK.NONBLOCK, 0)
    call("connect", client, at.address, inet(server.port))
    call("close", server.fd)
    assert.strictEqual(receive(client), -Errno.ECONNRESET)
  })
})

describe("ports", () => {
  it("belong to one socket each, unless both share them", () => {
    const { call, inet, listener, setInt } = makeSocketKernel()
    const { port } = listener()
    const bind = (share: boolean) => {
      const fd = call("socket", AF.INET, SOCK.STREAM, 0)
      if (share) setInt(fd, 1, 15, 1)
      return call("bind", fd, at.address, inet(port, [0, 0, 0, 0]))
    }
    assert.strictEqual(bind(false), -Errno.EADDRINUSE)
    assert.strictEqual(bind(true), -Errno.EADDRINUSE)
    const sharing = [1, 2].map(() => {
      const fd = call("socket", AF.INET, SOCK.STREAM, 0)
      setInt(fd, 1, 15, 1)
      return call("bind", fd, at.address, inet(4000))
    })
    assert.deepStrictEqual(sharing, [0, 0])
  })

  it("are free again when their socket is closed", () => {
    const { call, inet } = makeSocketKernel()
    const bind = (): readonly [number, number] => {
      const fd = call("socket", AF.INET, SOCK.STREAM, 0)
      return [fd, call("bind", fd, at.address, inet(5000))]
    }
    const [first, taken] = bind()
    assert.strictEqual(taken, 0)
    call("close", first)
    assert.strictEqual(bind()[1], 0)
  })

  it("of an IPv6 socket for every address are those of IPv4 as well, but for IPV6_V6ONLY", () => {
    const { call, inet, setInt, state, view } = makeSocketKernel()
    const bindSix = (only: number): number => {
      const fd = call("socket", AF.INET6, SOCK.STREAM, 0)
      setInt(fd, 41, 26, only)
      state.u8.fill(0, at.address, at.address + 28)
      view.setUint16(at.address, AF.INET6, true)
      view.setUint16(at.address + 2, 6000 + only)
      return call("bind", fd, at.address, 28)
    }
    const bindFour = (port: number) => call("bind", call("socket", AF.INET, SOCK.STREAM, 0), at.address, inet(port))
    assert.deepStrictEqual([bindSix(0), bindFour(6000)], [0, -Errno.EADDRINUSE])
    assert.deepStrictEqual([bindSix(1), bindFour(6001)], [0, 0])
  })

  it("of other machines are out of reach in a closed network", () => {
    const { call, inet } = makeSocketKernel()
    const fd = call("socket", AF.INET, SOCK.STREAM, 0)
    assert.strictEqual(call("connect", fd, at.address, inet(80, [192, 0, 2, 1])), -Errno.ENETUNREACH)
    assert.strictEqual(call("bind", fd, at.address, inet(80, [192, 0, 2, 1])), -Errno.EADDRNOTAVAIL)
  })
})

describe("waiting calls", () => {
  const run = (effect: Effect.Effect<number>) => Effect.runPromise(effect)

  it("of SO_RCVTIMEO give up with EAGAIN, read(2) too", async () => {
    const { call, state, tcpPair, view, wait } = makeSocketKernel()
    const [client] = tcpPair()
    call("fcntl", client, 4, 2)
    view.setBigInt64(at.vector, 0n, true)
    view.setBigInt64(at.vector + 8, 5000n, true)
    assert.strictEqual(call("setsockopt", client, 1, 20, at.vector, 16), 0)
    assert.strictEqual(await run(wait("read", client, at.data, 10)), -Errno.EAGAIN)
    assert.strictEqual(await run(wait("recvfrom", client, at.data, 10, 0, 0, 0)), -Errno.EAGAIN)
    assert.isDefined(state)
  })

  it("get what comes while they wait; MSG_WAITALL all of it", async () => {
    const { call, send, tcpPair, text, wait } = makeSocketKernel()
    const [client, server] = tcpPair()
    call("fcntl", server, 4, 2)
    const some = run(wait("recvfrom", server, at.data + 0x800, 10, 0, 0, 0))
    send(client, "one")
    assert.strictEqual(await some, 3)
    const all = run(wait("recvfrom", server, at.data + 0x800, 6, 0x100, 0, 0))
    send(client, "two")
    send(client, "six!")
    assert.strictEqual(await all, 6)
    assert.strictEqual(text(6, at.data + 0x800), "twosix")
  })

  it("of accept get the next connection", async () => {
    const { call, inet, listener, portOf, view, wait } = makeSocketKernel()
    const server = listener()
    call("fcntl", server.fd, 4, 2)
    view.setInt32(at.length + 8, 16, true)
    const accepted = run(wait("accept", server.fd, at.address + 0x40, at.length + 8))
    const client = call("socket", AF.INET, SOCK.STREAM | SOCK.NONBLOCK, 0)
    call("connect", client, at.address, inet(server.port))
    assert.isAbove(await accepted, client)
    assert.strictEqual(view.getUint16(at.address + 0x42), portOf(client))
  })
})

describe("calls that a signal ends", () => {
  it("give what they have done: part of what MSG_WAITALL waits for, part of a long send", async () => {
    const { call, kernel, send, setInt, tcpPair, wait } = makeSocketKernel()
    const [client, server] = tcpPair()
    call("fcntl", server, 4, 2)
    call("fcntl", client, 4, 2)
    const running = Effect.runPromise(wait("recvfrom", server, at.data, 6, 0x100, 0, 0))
    send(client, "one")
    await Promise.resolve()
    assert.strictEqual(kernel.thread.progress, 3)
    send(client, "two")
    assert.strictEqual(await running, 6)

    kernel.thread.progress = undefined
    setInt(client, 1, 7, 4096)
    const sending = Effect.runPromise(wait("sendto", client, at.data, 12000, 0, 0, 0))
    await Promise.resolve()
    assert.strictEqual(kernel.thread.progress, 8192)
    call("recvfrom", server, at.data, 8192, 0, 0, 0)
    assert.strictEqual(await sending, 12000)
  })
})
