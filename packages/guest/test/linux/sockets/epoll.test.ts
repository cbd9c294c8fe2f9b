/** epoll on sockets: levels, edges, single shots, and many sockets of which few are ready. */
import { assert, describe, it } from "@effect/vitest"
import { at, makeSocketKernel, SOCK } from "./socketKernel.ts"

const EPOLL = { IN: 1, OUT: 4, RDHUP: 0x2000, ONESHOT: 0x4000_0000, ET: 0x8000_0000 }

const setUp = () => {
  const kernel = makeSocketKernel()
  const { call, view } = kernel
  const epoll = call("epoll_create1", 0)
  const control = (operation: number, fd: number, events: number): number => {
    view.setUint32(at.pair, events >>> 0, true)
    view.setBigUint64(at.pair + 8, BigInt(fd), true)
    return call("epoll_ctl", epoll, operation, fd, at.pair)
  }
  /** Descriptors that are ready, with their events. */
  const ready = (): ReadonlyArray<readonly [number, number]> => {
    const count = call("epoll_pwait", epoll, at.data, 16, 0, 0, 8)
    return Array.from({ length: count }, (_, i) => [
      Number(view.getBigUint64(at.data + 16 * i + 8, true)),
      view.getUint32(at.data + 16 * i, true)
    ])
  }
  return { ...kernel, control, ready }
}

describe("epoll", () => {
  it("tells of levels as long as they hold", () => {
    const { control, ready, receive, send, tcpPair } = setUp()
    const [client, server] = tcpPair()
    control(1, server, EPOLL.IN)
    assert.deepStrictEqual(ready(), [])
    send(client, "ab")
    assert.deepStrictEqual(ready(), [[server, EPOLL.IN]])
    receive(server, 1)
    assert.deepStrictEqual(ready(), [[server, EPOLL.IN]])
    receive(server, 1)
    assert.deepStrictEqual(ready(), [])
  })

  it("tells of an edge once, and again of the next one", () => {
    const { control, ready, receive, send, tcpPair } = setUp()
    const [client, server] = tcpPair()
    control(1, server, EPOLL.IN | EPOLL.ET)
    send(client, "ab")
    assert.deepStrictEqual(ready(), [[server, EPOLL.IN]])
    // what is left is no news
    receive(server, 1)
    assert.deepStrictEqual(ready(), [])
    send(client, "c")
    assert.deepStrictEqual(ready(), [[server, EPOLL.IN]])
    assert.deepStrictEqual(ready(), [])
  })

  it("does not take data for room on edges", () => {
    const { control, ready, receive, send, tcpPair } = setUp()
    const [client, server] = tcpPair()
    control(1, server, EPOLL.OUT | EPOLL.ET)
    assert.deepStrictEqual(ready(), [[server, EPOLL.OUT]])
    send(client, "x")
    receive(server)
    assert.deepStrictEqual(ready(), [])
  })

  it("tells once of a single shot, and again when it is set anew", () => {
    const { control, ready, send, tcpPair } = setUp()
    const [client, server] = tcpPair()
    control(1, server, EPOLL.IN | EPOLL.ONESHOT)
    send(client, "x")
    assert.deepStrictEqual(ready(), [[server, EPOLL.IN]])
    send(client, "y")
    assert.deepStrictEqual(ready(), [])
    control(3, server, EPOLL.IN | EPOLL.ONESHOT)
    assert.deepStrictEqual(ready(), [[server, EPOLL.IN]])
  })

  it("forgets sockets that are closed, and tells of the other end's close", () => {
    const { call, control, ready, tcpPair } = setUp()
    const [client, server] = tcpPair()
    control(1, server, EPOLL.IN | EPOLL.RDHUP)
    control(1, client, EPOLL.IN | EPOLL.RDHUP)
    call("close", client)
    assert.deepStrictEqual(ready(), [[server, EPOLL.IN | EPOLL.RDHUP]])
  })

  it("gives each its turn where not all are asked for at once", () => {
    const { call, control, send, unixPair, view } = setUp()
    const pairs = Array.from({ length: 3 }, () => unixPair(SOCK.STREAM))
    for (const [one, other] of pairs) {
      control(1, other, EPOLL.IN)
      send(one, "x")
    }
    const epoll = 3
    const told = [1, 2, 3].map(() => {
      call("epoll_pwait", epoll, at.data, 1, 0, 0, 8)
      return Number(view.getBigUint64(at.data + 8, true))
    })
    assert.deepStrictEqual(
      told,
      pairs.map(([, other]) => other)
    )
  })

  it("keeps an interest in a file whose descriptor is closed while another one refers to it", () => {
    const { call, control, ready, send, unixPair } = setUp()
    const [one, other] = unixPair(SOCK.STREAM)
    control(1, other, EPOLL.IN)
    const copy = call("dup", other)
    call("close", other)
    send(one, "x")
    assert.deepStrictEqual(ready(), [[other, EPOLL.IN]])
    call("close", copy)
    assert.deepStrictEqual(ready(), [])
  })
})
