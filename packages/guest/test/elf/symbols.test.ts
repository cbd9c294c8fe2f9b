/** Which symbol covers an address. */
import { assert, describe, it } from "@effect/vitest"
import { readSymbols } from "@emu/guest/elf/symbols"
import { vdsoImage, vdsoSigreturn } from "@emu/guest/riscv64/linux/vdsoImage"
import { buildElf } from "../linux/support/buildElf.ts"

const localFunc = 0x02
const globalFunc = 0x12
const weakFunc = 0x22
const object = 0x11
const noType = 0x10

const table = readSymbols(
  buildElf({
    code: new Uint8Array(16),
    symbols: [
      { name: "outer", address: 0x1000, size: 0x100, info: globalFunc },
      { name: "inner", address: 0x1040, size: 0x10, info: localFunc },
      { name: "label", address: 0x1080, size: 0, info: noType },
      { name: "point", address: 0x2000, size: 0, info: globalFunc },
      { name: "local_alias", address: 0x3000, size: 8, info: localFunc },
      { name: "global_alias", address: 0x3000, size: 8, info: globalFunc },
      { name: "weak_alias", address: 0x3000, size: 8, info: weakFunc },
      { name: "variable", address: 0x4000, size: 8, info: object },
      { name: "sinf32x", address: 0x5000, size: 8, info: weakFunc },
      { name: "sin", address: 0x5000, size: 8, info: weakFunc },
      { name: "sinf64", address: 0x5000, size: 8, info: weakFunc },
      { name: "__write", address: 0x6000, size: 8, info: globalFunc },
      { name: "write", address: 0x6000, size: 8, info: weakFunc },
      { name: "_PROCEDURE_LINKAGE_TABLE_", address: 0x7000, size: 0, info: object }
    ]
  })
)

describe("symbols", () => {
  it.each([
    [0xfff, undefined],
    [0x1000, "outer"],
    [0x103f, "outer"],
    [0x1040, "inner"],
    [0x104f, "inner"],
    [0x1050, "outer"],
    [0x1080, "outer"],
    [0x10ff, "outer"],
    [0x1100, undefined],
    [0x2000, "point"],
    [0x2001, undefined],
    [0x3000, "global_alias"],
    [0x4007, "variable"],
    [0x5000, "sin"],
    [0x6004, "write"],
    [0x7000, undefined]
  ])("%i is in %s", (address, name) => {
    assert.strictEqual(table.find(address), name)
  })

  it("takes dynamic symbols where there are no others", () => {
    assert.strictEqual(readSymbols(vdsoImage).find(vdsoSigreturn + 4), "__vdso_rt_sigreturn")
  })

  it("has none in a file that is no ELF file", () => {
    assert.strictEqual(readSymbols(new Uint8Array(100).fill(0xff)).find(0), undefined)
  })
})
