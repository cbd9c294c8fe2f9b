/** Socket options: what is stored, and what is refused. */
import { assert, describe, it } from "@effect/vitest"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { AF, at, makeSocketKernel, SOCK } from "./socketKernel.ts"

describe("socket options", () => {
  it.each([
    ["SO_REUSEADDR", 1, 2, 5, 1],
    ["SO_SNDBUF, of which Linux takes twice as much", 1, 7, 10000, 20000],
    ["SO_SNDBUF, which has an upper bound", 1, 7, 10_000_000, 425984],
    ["SO_RCVBUF, which has a lower bound", 1, 8, 1, 2304],
    ["SO_KEEPALIVE", 1, 9, 1, 1],
    ["TCP_NODELAY", 6, 1, 1, 1],
    ["TCP_KEEPIDLE", 6, 4, 30, 30],
    ["IP_TOS", 0, 1, 16, 16]
  ] as const)("hold what they are set to: %s", (_, level, name, value, expected) => {
    const { call, getInt, setInt } = makeSocketKernel()
    const fd = call("socket", AF.INET, SOCK.STREAM, 0)
    assert.strictEqual(setInt(fd, level, name, value), 0)
    assert.strictEqual(getInt(fd, level, name), expected)
  })

  it.each([
    ["TCP_KEEPIDLE of 0", 6, 4, 0, -Errno.EINVAL],
    ["IP_TTL of 256", 0, 2, 256, -Errno.EINVAL],
    ["one that is not there", 1, 999, 1, -Errno.ENOPROTOOPT],
    ["SO_TYPE, which cannot be set", 1, 3, 1, -Errno.ENOPROTOOPT],
    ["a membership in a group", 0, 35, 1, -Errno.ENOPROTOOPT]
  ] as const)("are refused: %s", (_, level, name, value, expected) => {
    const { call, setInt } = makeSocketKernel()
    assert.strictEqual(setInt(call("socket", AF.INET, SOCK.STREAM, 0), level, name, value), expected)
  })

  it("go over to accepted sockets", () => {
    const { call, getInt, inet, listener, setInt } = makeSocketKernel()
    const server = listener()
    setInt(server.fd, 6, 1, 1)
    const client = call("socket", AF.INET, SOCK.STREAM | SOCK.NONBLOCK, 0)
    call("connect", client, at.address, inet(server.port))
    assert.strictEqual(getInt(call("accept", server.fd, 0, 0), 6, 1), 1)
  })

  it("tell of the socket itself: type, family, protocol, whether it listens", () => {
    const { call, getInt, listener } = makeSocketKernel()
    const fd = call("socket", AF.INET, SOCK.STREAM, 0)
    assert.deepStrictEqual(
      [3, 39, 38, 30].map((name) => getInt(fd, 1, name)),
      [1, 2, 6, 0]
    )
    assert.strictEqual(getInt(listener().fd, 1, 30), 1)
  })
})
