/** The ELF reader: what it accepts, why it refuses, and that nothing makes it throw. */
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { checkEntry, parseElf } from "@emu/guest/elf/parse"
import { readSymbols } from "@emu/guest/elf/symbols"
import { vdsoImage } from "@emu/guest/riscv64/linux/vdsoImage"
import { buildElf } from "../linux/support/buildElf.ts"

const code = new Uint8Array(64).fill(0x13)
const good = () => buildElf({ code, bss: 5000, interpreter: "/lib/ld.so" })

/** A good file with a number written over part of it. */
const patched = (at: number, size: 1 | 2 | 4 | 8, value: number): Uint8Array => {
  const bytes = good()
  const view = new DataView(bytes.buffer)
  if (size === 1) view.setUint8(at, value)
  else if (size === 2) view.setUint16(at, value, true)
  else if (size === 4) view.setUint32(at, value, true)
  else view.setBigUint64(at, BigInt(value), true)
  return bytes
}

/** Why a file is refused, or "accepted". */
const verdict = (bytes: Uint8Array): string => {
  const elf = parseElf(bytes, "prog")
  if (Result.isFailure(elf)) return elf.failure.message
  return checkEntry(elf.success)?.message ?? "accepted"
}

// program headers: interpreter at 64, code at 120, bss at 176
const codeHeader = 120
const bssHeader = 176

describe("parseElf", () => {
  it("reads segments, entry and interpreter", () => {
    const elf = Result.getOrThrow(parseElf(good(), "prog"))
    assert.strictEqual(elf.interpreter, "/lib/ld.so")
    assert.strictEqual(elf.entry, 0x10000)
    assert.isFalse(elf.isRelocatable)
    assert.deepStrictEqual(
      elf.loads.map((load) => [load.address, load.fileSize, load.memorySize, load.flags]),
      [
        [0x10000, 64, 64, 5],
        [0x11000, 0, 5000, 6]
      ]
    )
  })

  it.each([
    { what: "nothing", bytes: new Uint8Array(), reason: "it is empty" },
    { what: "text", bytes: new TextEncoder().encode("hello, world"), reason: "it is not an ELF file" },
    { what: "a script", bytes: new TextEncoder().encode("#!/bin/sh\n"), reason: "it is a script" },
    { what: "a cut header", bytes: good().subarray(0, 63), reason: "it is truncated" },
    { what: "a cut header table", bytes: good().subarray(0, 100), reason: "it is truncated: its program headers" },
    { what: "a cut segment", bytes: good().subarray(0, 4100), reason: "it is truncated: segment at 0x10000" },
    { what: "32 bits", bytes: patched(4, 1, 1), reason: "it is not a 64-bit ELF file" },
    { what: "big-endian", bytes: patched(5, 1, 2), reason: "it is not little-endian" },
    { what: "another version", bytes: patched(6, 1, 2), reason: "unknown ELF version" },
    { what: "x86-64", bytes: patched(18, 2, 62), reason: "it is for another machine (ELF machine 62" },
    { what: "an object file", bytes: patched(16, 2, 1), reason: "a relocatable object" },
    { what: "a core dump", bytes: patched(16, 2, 4), reason: "a core dump" },
    { what: "odd program headers", bytes: patched(54, 2, 32), reason: "have 32 bytes" },
    { what: "no program headers", bytes: patched(56, 2, 0), reason: "it has no program headers" },
    { what: "too many program headers", bytes: patched(56, 2, 5000), reason: "more than the 1170" },
    { what: "no loadable segment", bytes: buildElf({ code: new Uint8Array() }), reason: "no loadable segment" },
    { what: "more in the file than in memory", bytes: patched(codeHeader + 40, 8, 10), reason: "more bytes in the file" },
    { what: "huge memory", bytes: patched(bssHeader + 40, 8, 2 ** 40), reason: "where guest memory ends" },
    { what: "an address out of reach", bytes: patched(bssHeader + 16, 8, 2 ** 52), reason: "where guest memory ends" },
    { what: "a strange alignment", bytes: patched(codeHeader + 48, 8, 3000), reason: "no power of two" },
    { what: "a misaligned segment", bytes: patched(codeHeader + 16, 8, 0x10010), reason: "misaligned" },
    { what: "overlapping segments", bytes: patched(bssHeader + 16, 8, 0x10000), reason: "overlaps" },
    { what: "an entry in no segment", bytes: patched(24, 8, 0x90000), reason: "is in no segment" },
    { what: "an entry in data", bytes: patched(24, 8, 0x11000), reason: "not in an executable segment" },
    { what: "an odd entry", bytes: patched(24, 8, 0x10001), reason: "is odd" },
    { what: "an interpreter out of bounds", bytes: patched(64 + 8, 8, 2 ** 40), reason: "dynamic loader" },
    { what: "an interpreter without end", bytes: patched(64 + 32, 8, 5), reason: "not terminated" }
  ])("refuses $what", ({ bytes, reason }) => {
    const message = verdict(bytes)
    assert.include(message, "cannot run prog: ")
    assert.include(message, reason)
  })

  const Mutation = Schema.Struct({
    // mostly where the headers are
    at: Schema.Literals([
      4, 16, 18, 24, 32, 36, 40, 44, 54, 56, 58, 60, 62, 64, 72, 80, 96, 104, 112, 120, 128, 136, 152, 160
    ]),
    shift: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 7 })),
    value: Schema.Literals([0, 1, 2, 7, 0x10, 0x7f, 0x80, 0xff])
  })
  const Length = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 6000 }))

  it.prop(
    "gives an answer for any mutated file",
    [Schema.Array(Mutation), Length, Schema.Boolean],
    ([mutations, length, useVdso]) => {
      const bytes = (useVdso ? vdsoImage.slice() : good()).subarray(0, length)
      for (const { at, shift, value } of mutations) if (at + shift < bytes.length) bytes[at + shift] = value
      assert.isString(verdict(bytes))
      for (const address of [0, 0x10000, 0x6cc, 2 ** 40]) readSymbols(bytes).find(address)
    },
    { arbitrary: { runs: 1000 } }
  )
})
