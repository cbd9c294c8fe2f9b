/** The vdso image, read as a C library's loader reads it. */
import { vdsoImage, vdsoSigreturn, vdsoSize } from "@emu/guest/riscv64/linux/vdsoImage"
import { assert, describe, it } from "@effect/vitest"

const view = new DataView(vdsoImage.buffer)
const word = (at: number) => view.getUint32(at, true)
const long = (at: number) => Number(view.getBigUint64(at, true))
const text = (at: number) => {
  const end = vdsoImage.indexOf(0, at)
  return new TextDecoder().decode(vdsoImage.subarray(at, end))
}

const segments = Array.from({ length: view.getUint16(56, true) }, (_, i) => {
  const at = long(32) + i * view.getUint16(54, true)
  return {
    type: word(at),
    flags: word(at + 4),
    offset: long(at + 8),
    address: long(at + 16),
    fileSize: long(at + 32),
    memorySize: long(at + 40)
  }
})
const dynamicSegment = segments.find((s) => s.type === 2)!
const dynamic = new Map<number, number>()
for (let at = dynamicSegment.offset; long(at) !== 0; at += 16) dynamic.set(long(at), long(at + 8))
const [DT_HASH, DT_STRTAB, DT_SYMTAB, DT_VERSYM, DT_VERDEF] = [4, 5, 6, 0x6ffffff0, 0x6ffffffc] as const

/** The System V hash of a name, as the loader computes it. */
const hash = (name: string): number => {
  let h = 0
  for (const c of new TextEncoder().encode(name)) {
    h = ((h << 4) + c) >>> 0
    const top = h & 0xf0000000
    h = (h ^ (top >>> 24)) & ~top & 0xfffffff
  }
  return h
}

/** Address of a symbol of version LINUX_4.15, through the hash table. */
const lookUp = (name: string): number | undefined => {
  const table = dynamic.get(DT_HASH)!
  const buckets = word(table)
  const bucket = word(table + 8 + 4 * (hash(name) % buckets))
  for (let i = bucket; i !== 0; i = word(table + 8 + 4 * (buckets + i))) {
    const symbol = dynamic.get(DT_SYMTAB)! + 24 * i
    if (
      text(dynamic.get(DT_STRTAB)! + word(symbol)) === name &&
      view.getUint16(dynamic.get(DT_VERSYM)! + 2 * i, true) === 2
    ) {
      return long(symbol + 8)
    }
  }
  return undefined
}

const ecall = 0x00000073
const li = (n: number) => (n << 20) | 0x00000893
const ret = 0x00008067

describe("vdso image", () => {
  it("is a 64-bit little-endian RISC-V shared object", () => {
    assert.strictEqual(text(1).slice(0, 3), "ELF")
    assert.deepStrictEqual([vdsoImage[4], vdsoImage[5], view.getUint16(16, true), view.getUint16(18, true)], [2, 1, 3, 243])
  })

  it("has one segment, read-only and executable, from its first byte", () => {
    const loads = segments.filter((s) => s.type === 1)
    assert.strictEqual(loads.length, 1)
    const [load] = loads
    assert.deepStrictEqual([load!.flags, load!.offset, load!.address], [5, 0, 0])
    assert.strictEqual(load!.fileSize, load!.memorySize)
    assert.isAtMost(vdsoImage.length, vdsoSize)
    // glibc writes addresses into a dynamic section that is not read-only.
    assert.strictEqual(dynamicSegment.flags, 4)
  })

  it("defines version LINUX_4.15", () => {
    const first = dynamic.get(DT_VERDEF)!
    const second = first + word(first + 16)
    assert.strictEqual(view.getUint16(second + 4, true), 2)
    assert.strictEqual(word(second + 8), hash("LINUX_4.15"))
    assert.strictEqual(text(dynamic.get(DT_STRTAB)! + word(second + word(second + 12))), "LINUX_4.15")
  })

  it.each([
    ["__vdso_clock_gettime", 113],
    ["__vdso_clock_getres", 114],
    ["__vdso_gettimeofday", 169],
    ["__vdso_getcpu", 168],
    ["__vdso_flush_icache", 259]
  ] as const)("%s makes system call %i", (name, number) => {
    const at = lookUp(name)
    assert.isDefined(at)
    assert.deepStrictEqual([word(at), word(at + 4), word(at + 8)], [li(number), ecall, ret])
  })

  it("returns from signals at 0x6cc, with the words that unwinders look for", () => {
    assert.strictEqual(lookUp("__vdso_rt_sigreturn"), vdsoSigreturn)
    assert.strictEqual(vdsoSigreturn, 0x6cc)
    assert.deepStrictEqual([word(0x6cc), word(0x6d0)], [0x08b00893, ecall])
  })
})
