/** Addresses as text and as bytes. */
import { assert, describe, it } from "@effect/vitest"
import { bytesOf4, bytesOf6, textOf4, textOf6 } from "@emu/guest/linux/sockets/address/ip"
import { decodeAddress, encodeAddress } from "@emu/guest/linux/sockets/address/SocketAddress"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { makeRandom } from "@emu/guest/linux/kernel/Random"

describe("IP addresses", () => {
  it("are the same after a way to text and back", () => {
    const random = makeRandom(7n, () => {})
    for (let i = 0; i < 2000; i++) {
      const mask = random.bytes(8)
      // zeros in a row are what text makes shorter
      const bytes = random.bytes(16).map((byte, at) => ((mask[at >> 1]! & 1) === 0 ? 0 : byte))
      assert.deepStrictEqual(bytesOf6(textOf6(bytes)), bytes)
      const four = bytes.slice(0, 4)
      assert.deepStrictEqual(bytesOf4(textOf4(four)), four)
    }
  })

  it.each([
    ["::", "::"],
    ["::1", "::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:DB8::ABCD", "2001:db8::abcd"],
    ["::ffff:1.2.3.4", "::ffff:1.2.3.4"],
    ["fe80::1%eth0", "fe80::1"],
    ["1:0:2:0:3:0:4:0", "1:0:2:0:3:0:4:0"]
  ])("have one text (RFC 5952): %s", (text, expected) => {
    assert.strictEqual(textOf6(bytesOf6(text)!), expected)
  })

  it.each(["1", ":::", "1:2:3:4:5:6:7:8:9", "12345::", "1::2::3", "g::"])("%s is none", (text) => {
    assert.isUndefined(bytesOf6(text))
  })
})

describe("socket addresses", () => {
  it.each([
    ["IPv4", 2, [2, 0, 0x1f, 0x90, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]],
    ["a path", 1, [1, 0, 47, 97, 0]],
    ["an abstract name", 1, [1, 0, 0, 97, 0, 98]],
    ["no name", 1, [1, 0]],
    ["IPv4 in IPv6", 10, [10, 0, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 1, 2, 3, 0, 0, 0, 0]]
  ])("are the same after decoding and encoding: %s", (_, family, bytes) => {
    const address = decodeAddress(Uint8Array.from(bytes), family)
    assert.notTypeOf(address, "number")
    assert.deepStrictEqual([...encodeAddress(address as never, family)], bytes)
  })

  it("of another family, or too short, are refused", () => {
    assert.strictEqual(decodeAddress(Uint8Array.of(10, 0, 0, 0), 2), -Errno.EAFNOSUPPORT)
    assert.strictEqual(decodeAddress(Uint8Array.of(2, 0, 0, 0), 2), -Errno.EINVAL)
    assert.strictEqual(decodeAddress(Uint8Array.of(2), 2), -Errno.EINVAL)
    assert.strictEqual(decodeAddress(new Uint8Array(111).fill(65).with(0, 1).with(1, 0), 1), -Errno.EINVAL)
  })
})
