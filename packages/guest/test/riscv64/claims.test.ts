/** What the processor claims to have can be executed: every instruction of every claimed extension. */
import { assert, describe, it } from "@effect/vitest"
import { ExitKind } from "@emu/tcg/Engine"
import { riscv64Abi } from "@emu/guest/riscv64/linux/abi"
import { claimedExtensions, hwcap, isaString, probedExtensions } from "@emu/guest/riscv64/isa/claims"
import { compressedRows } from "@emu/guest/riscv64/isa/compressed"
import { encode } from "@emu/guest/riscv64/isa/encode"
import type { InsnRow } from "@emu/guest/riscv64/isa/Row"
import { insnRow, insnTable } from "@emu/guest/riscv64/isa/table"
import { Csr } from "@emu/guest/riscv64/names"
import { dataBase, Machine } from "./support/Machine.ts"

const machine = new Machine()

/** Operands with which an instruction that exists does something harmless: x10 is an address. */
const operandsOf = (row: InsnRow): Record<string, number> => {
  const operands: Record<string, number> = {}
  for (const [name, field] of row.pattern.fields) {
    if (name === "rs1") operands[name] = 10
    else if (name === "rd" || name.startsWith("rs")) operands[name] = 11 + (name.charCodeAt(2) % 3)
    else if (name === "imm") operands[name] = row.insnClass === "csr" ? Csr.fcsr : row.insnClass === "branch" ? 4 : 0
    else operands[name] = name === "rm" ? 0 : Math.min(1, 2 ** field.width - 1)
  }
  if (row.name === "jal") operands["imm"] = 4
  return operands
}

/** Whether an instruction, of two or four bytes, is illegal here. */
const isIllegal = (word: number): boolean => {
  machine.reset()
  for (let register = 1; register < 32; register++) machine.setX(register, BigInt(dataBase))
  return machine.run(word).kind === ExitKind.illegal
}

/** Bits of key IMA_EXT_0, from the kernel's table of names (Documentation/arch/riscv/hwprobe.rst). */
const probeBits: ReadonlyArray<string> = (
  "FD C V Zba Zbb Zbs Zicboz Zbc Zbkb Zbkc Zbkx Zknd Zkne Zknh Zksed Zksh Zkt Zvbb Zvbc Zvkb Zvkg Zvkned Zvknha Zvknhb " +
  "Zvksed Zvksh Zvkt Zfh Zfhmin Zihintntl Zvfh Zvfhmin Zfa Ztso Zacas Zicond Zihintpause Zve32x Zve32f Zve64x Zve64f Zve64d " +
  "Zimop Zca Zcb Zcd Zcf Zcmop Zawrs Supm Zicntr Zihpm Zfbfmin Zvfbfmin Zvfbfwma Zicbom Zaamo Zalrsc Zabha"
).split(" ")

/** An instruction of each extension that hwprobe can tell of, by its encoding: of those that the table lacks, too. */
const samples: Readonly<Record<string, ReadonlyArray<number>>> = {
  FD: [0x00000053, 0x02000053],
  C: [0x00010001],
  V: [0xcd027057],
  Zba: [0x20a52533],
  Zbb: [0x60051513],
  Zbs: [0x28a51533],
  Zicboz: [0x0045200f],
  Zbc: [0x0aa51533],
  Zbkb: [0x08a54533],
  Zbkc: [0x0aa51533],
  Zbkx: [0x28a52533],
  Zknd: [0x3aa50533],
  Zkne: [0x32a50533],
  Zknh: [0x10251513],
  Zksed: [0x30a50533],
  Zksh: [0x10851513],
  Zfh: [0x04000053],
  Zfhmin: [0x40200053],
  Zfa: [0xf2100053],
  Zacas: [0x28b5352f],
  Zicond: [0x0ea55533],
  Zihintpause: [0x0100000f],
  Zimop: [0x81c04073],
  Zca: [0x00010001],
  Zcb: [0x00019d61],
  Zcd: [0x00012108],
  Zcmop: [0x00016081],
  Zawrs: [0x00d00073],
  Zicntr: [0xc0002573],
  Zicbom: [0x0015200f],
  Zaamo: [0x00b5252f],
  Zalrsc: [0x1005252f],
  Zabha: [0x00b5052f]
}

describe("claims", () => {
  for (const extension of claimedExtensions) {
    it(`${extension}: every instruction can be executed`, () => {
      const rows = extension === "C" ? [] : insnTable.filter((row) => row.extension === extension)
      const illegal = rows.filter((row) => isIllegal(encode(row.pattern, operandsOf(row)))).map(({ name }) => name)
      assert.deepStrictEqual(illegal, [])
      assert.isTrue(rows.length > 0 || compressedRows.every(({ base }) => insnRow(base) !== undefined))
    })
  }

  it.each(
    probeBits
      .map((name, bit) => [name, (probedExtensions >> BigInt(bit)) & 1n] as const)
      .filter(([, claimed]) => claimed === 1n)
  )("hwprobe: %s is claimed, and an instruction of it runs", (name) => {
    assert.isDefined(samples[name], "no instruction to try it by")
    for (const word of samples[name] ?? []) assert.isFalse(isIllegal(word), word.toString(16))
  })

  it.each(Object.entries(samples).filter(([name]) => ((probedExtensions >> BigInt(probeBits.indexOf(name))) & 1n) === 0n))(
    "hwprobe: %s is not claimed, and does not run",
    (_, words) => assert.isTrue(words.some(isIllegal))
  )

  it("hwprobe claims nothing without a name", () => assert.strictEqual(probedExtensions >> BigInt(probeBits.length), 0n))

  it("AT_HWCAP is single letters, which all run", () => {
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ".split("").filter((_, bit) => ((hwcap >> bit) & 1) === 1)
    assert.deepStrictEqual(letters, claimedExtensions.filter((name) => name.length === 1).toSorted())
    assert.strictEqual(riscv64Abi.hwcap, hwcap)
  })

  it("/proc/cpuinfo says the same, in canonical order", () => {
    const [base, ...others] = isaString.split("_")
    assert.match(base!, /^rv64imafdc/)
    assert.deepStrictEqual(
      others.filter((name) => name !== "zicntr").toSorted(),
      claimedExtensions
        .filter((name) => name.length > 1)
        .map((name) => name.toLowerCase())
        .toSorted()
    )
    assert.match(isaString, /_zicntr_zicond_zicsr_zifencei_zihintpause_zba_zbb_zbs$/)
    assert.strictEqual(riscv64Abi.cpuinfo(3).match(/^processor\t: \d$/gm)?.length, 3)
  })
})
