/** What programs learn of interfaces: over NETLINK_ROUTE, and by ioctl. */
import { assert, describe, it } from "@effect/vitest"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { at, makeSocketKernel } from "./socketKernel.ts"

const AF_NETLINK = 16
const [GETLINK, GETADDR, NEWADDR] = [18, 22, 20]
const [REQUEST, DUMP] = [1, 0x300]

const setUp = () => {
  const kernel = makeSocketKernel()
  const { call, state, view } = kernel
  const fd = call("socket", AF_NETLINK, 3 | 0o4000, 0)
  const ask = (type: number, flags: number, body: ReadonlyArray<number>): number => {
    const length = 16 + body.length
    state.u8.fill(0, at.data, at.data + length)
    view.setUint32(at.data, length, true)
    view.setUint16(at.data + 4, type, true)
    view.setUint16(at.data + 6, flags, true)
    view.setUint32(at.data + 8, 99, true)
    state.u8.set(body, at.data + 16)
    return call("sendto", fd, at.data, length, 0, 0, 0)
  }
  /** Types of the messages of one answer, and its bytes. */
  const answer = (): { readonly types: ReadonlyArray<number>; readonly bytes: Uint8Array } => {
    const count = call("recvfrom", fd, at.data, 8192, 0, 0, 0)
    const types: Array<number> = []
    for (let here = at.data; here < at.data + count; here += (view.getUint32(here, true) + 3) & ~3) {
      types.push(view.getUint16(here + 4, true))
      assert.strictEqual(view.getUint32(here + 8, true), 99)
    }
    return { types, bytes: state.u8.slice(at.data, at.data + count) }
  }
  return { ...kernel, fd, ask, answer }
}

describe("NETLINK_ROUTE", () => {
  it("lists the addresses of a closed network, and ends the list", () => {
    const { answer, ask } = setUp()
    ask(GETADDR, REQUEST | DUMP, [0, 0, 0, 0, 0, 0, 0, 0])
    const { bytes, types } = answer()
    assert.deepStrictEqual(types, [NEWADDR, NEWADDR, 3])
    // struct ifaddrmsg of the first one, and its IFA_ADDRESS
    assert.deepStrictEqual([...bytes.subarray(16, 18)], [2, 8])
    assert.deepStrictEqual([...bytes.subarray(24, 32)], [8, 0, 1, 0, 127, 0, 0, 1])
  })

  it("lists those of one family", () => {
    const { answer, ask } = setUp()
    ask(GETADDR, REQUEST | DUMP, [10, 0, 0, 0, 0, 0, 0, 0])
    assert.deepStrictEqual(answer().types, [NEWADDR, 3])
  })

  it("tells of one interface by name, and that there is none of another", () => {
    const { answer, ask, view } = setUp()
    const named = (name: string) => [
      ...new Array<number>(16).fill(0),
      4 + name.length + 1,
      0,
      3,
      0,
      ...new TextEncoder().encode(name),
      0
    ]
    ask(GETLINK, REQUEST, named("lo"))
    assert.deepStrictEqual(answer().types, [16])
    ask(GETLINK, REQUEST, named("eth7"))
    assert.deepStrictEqual(answer().types, [2])
    assert.strictEqual(view.getInt32(at.data + 16, true), -Errno.ENODEV)
  })

  it("changes nothing", () => {
    const { answer, ask, view } = setUp()
    ask(NEWADDR, REQUEST, new Array<number>(8).fill(0))
    assert.deepStrictEqual(answer().types, [2])
    assert.strictEqual(view.getInt32(at.data + 16, true), -Errno.EPERM)
  })

  it("gives up with ENOBUFS where nobody reads", () => {
    const { ask, call, fd } = setUp()
    for (let i = 0; i < 2000; i++) ask(GETADDR, REQUEST | DUMP, new Array<number>(8).fill(0))
    assert.strictEqual(call("recvfrom", fd, at.data, 8192, 0, 0, 0), -Errno.ENOBUFS)
  })

  it("is the only protocol of netlink", () => {
    assert.strictEqual(makeSocketKernel().call("socket", AF_NETLINK, 3, 15), -Errno.EPROTONOSUPPORT)
  })
})

describe("ioctls of interfaces", () => {
  const request = (name: string) => {
    const kernel = makeSocketKernel()
    const fd = kernel.call("socket", 2, 2, 0)
    kernel.state.u8.fill(0, at.vector, at.vector + 40)
    kernel.state.u8.set(new TextEncoder().encode(name), at.vector)
    return { kernel, ask: (number: number) => kernel.call("ioctl", fd, number, at.vector) }
  }

  it("tell index, address and mask", () => {
    const { ask, kernel } = request("lo")
    assert.strictEqual(ask(0x8933), 0)
    assert.strictEqual(kernel.view.getInt32(at.vector + 16, true), 1)
    assert.strictEqual(ask(0x8915), 0)
    assert.deepStrictEqual([...kernel.state.u8.subarray(at.vector + 20, at.vector + 24)], [127, 0, 0, 1])
    assert.strictEqual(ask(0x891b), 0)
    assert.deepStrictEqual([...kernel.state.u8.subarray(at.vector + 20, at.vector + 24)], [255, 0, 0, 0])
  })

  it("know no other interfaces", () => {
    assert.strictEqual(request("eth7").ask(0x8933), -Errno.ENODEV)
  })
})
