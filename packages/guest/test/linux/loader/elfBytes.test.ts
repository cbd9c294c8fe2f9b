/** Files that are larger than memory are read as far as they are needed. */
import { assert, describe, it } from "@effect/vitest"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { elfBytes } from "@emu/guest/linux/loader/elfBytes"

const huge = 2 ** 41

/** A file of zeros behind `bytes`; how many bytes of it were read. */
const sparse = (bytes: Uint8Array, size: number) => {
  let taken = 0
  const read = (offset: number, into: Uint8Array): number => {
    const length = Math.max(0, Math.min(into.length, size - offset))
    into.fill(0)
    into.set(bytes.subarray(offset, offset + length))
    taken += length
    return length
  }
  return { read, taken: () => taken }
}

/** An ELF header, with one program header behind it that names a part of the file. */
const header = (offset: bigint, length: bigint): Uint8Array => {
  const bytes = new Uint8Array(120)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, 0x464c457f, true)
  view.setBigUint64(32, 64n, true)
  view.setUint16(56, 1, true)
  view.setBigUint64(64 + 8, offset, true)
  view.setBigUint64(64 + 32, length, true)
  return bytes
}

describe("elfBytes", () => {
  it("reads small files whole", () => {
    const file = sparse(header(0n, 120n), 5000)
    assert.lengthOf(elfBytes(5000, file.read) as Uint8Array, 5000)
  })

  it("reads the beginning of what is no ELF file, however large", () => {
    const file = sparse(Uint8Array.of(1, 2), huge)
    assert.lengthOf(elfBytes(huge, file.read) as Uint8Array, 64)
    assert.strictEqual(file.taken(), 64)
  })

  it("reads what the segments of a huge file need", () => {
    const file = sparse(header(4096n, 1000n), huge)
    assert.lengthOf(elfBytes(huge, file.read) as Uint8Array, 5096)
    assert.isBelow(file.taken(), 6000)
  })

  it("says ENOMEM where those are huge, too, whatever their numbers", () => {
    for (const length of [2n ** 40n, 2n ** 64n - 1n]) {
      const file = sparse(header(4096n, length), huge)
      assert.strictEqual(elfBytes(huge, file.read), -Errno.ENOMEM)
    }
  })

  it("passes errors on, and takes what there is", () => {
    assert.strictEqual(
      elfBytes(1000, () => -Errno.EIO),
      -Errno.EIO
    )
    const shrunk = sparse(header(0n, 120n), 100)
    assert.lengthOf(elfBytes(1000, shrunk.read) as Uint8Array, 100)
  })
})
