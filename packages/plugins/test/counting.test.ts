/** What bb, insn, inline and hotblocks print, where the golden files of tests/golden don't show it. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import bb from "@emu/plugins/bb"
import hotblocks from "@emu/plugins/hotblocks"
import inline from "@emu/plugins/inline"
import insn from "@emu/plugins/insn"
import { FakeGuest, type FakeInsn } from "./support/FakeGuest.ts"

const nops = (count: number): Array<FakeInsn> => Array.from({ length: count }, () => ({ disas: "nop" }))

/** Sequences of block numbers, each executed on one of three vCPUs. */
const Runs = Schema.Array(Schema.Struct({ block: Schema.Literals([0, 1, 2, 3]), vcpu: Schema.Literals([0, 1, 2]) }))

describe("counts", () => {
  it.prop("inline and by callback are the same", [Runs], ([runs]) => {
    const report = (plugin: typeof bb | typeof insn, args: Record<string, string>) => {
      const guest = FakeGuest.install<{}>(plugin, args)
      const blocks = [1, 2, 5, 7].map((size, index) => guest.translate(BigInt(index * 0x100), nops(size)))
      for (const { block, vcpu } of runs) blocks[block]!(vcpu)
      return guest.exit()
    }
    assert.strictEqual(report(bb, { inline: "on" }), report(bb, {}))
    assert.strictEqual(report(insn, { inline: "on" }), report(insn, {}))
  })

  it.prop("agree in every way of counting", [Runs], ([runs]) => {
    const guest = FakeGuest.install(inline)
    const access = { address: 0x1000, store: true, bytes: 8, value: 1n }
    const blocks = [1, 40, 99, 101].map((size, index) =>
      guest.translate(BigInt(index * 0x1000), [...nops(size), { disas: "sd", accesses: [access] }])
    )
    for (const { block, vcpu } of runs) blocks[block]!(vcpu)
    const insns = runs.reduce((sum, { block }) => sum + [2, 41, 100, 102][block]!, 0)
    const text = guest.exit()
    assert.match(text, new RegExp(`^tb: ${runs.length} \\(conditional cb\\)$`, "m"))
    assert.match(text, new RegExp(`^insn: ${insns} \\(cond cb\\)$`, "m"))
    assert.match(text, new RegExp(`^mem: ${runs.length} \\(per vcpu inline\\)$`, "m"))
  })

  it("are shown by vCPU", () => {
    const guest = FakeGuest.install(bb)
    const block = guest.translate(0x100n, nops(3))
    block(0)
    block(2)
    block(2)
    assert.strictEqual(guest.exit(), "CPU0: bb's: 1, insns: 3\nCPU2: bb's: 2, insns: 6\nTotal: bb's: 3, insns: 9\n")
  })
})

describe("insn,match", () => {
  it("traces each hit with the distance to the last one", () => {
    const guest = FakeGuest.install(insn, { match: "ld", trace: "on" })
    const block = guest.translate(0x100n, [...nops(2), { disas: "ld a0,0(a1)" }, ...nops(1)])
    block()
    block()
    assert.strictEqual(
      guest.exit(),
      "Created record for: 108 ld a0,0(a1)\n" +
        "0x108, 'ld a0,0(a1)', 1 hits , cpu 0, 1 match hits, Δ+3 since last match, 3 avg insns/match\n" +
        "0x108, 'ld a0,0(a1)', 2 hits , cpu 0, 2 match hits, Δ+4 since last match, 3 avg insns/match\n" +
        "cpu 0 insns: 8\ntotal insns: 8\nMatch: ld, hits 2\n  108: ld a0,0(a1) (hits 2)\n"
    )
  })

  it("reports a match that nothing matched", () => {
    const guest = FakeGuest.install(insn, { match: "amo" })
    guest.translate(0x100n, nops(1))()
    assert.match(guest.exit(), /^Match: amo, hits 0\n$/m)
  })
})

describe("hotblocks", () => {
  const run = (args: Record<string, string>, symbols: Record<string, string> = {}) => {
    const guest = FakeGuest.install(hotblocks, args)
    guest.symbols = symbols
    const often = guest.translate(0x9000n, nops(2))
    const once = guest.translate(0x1004n, nops(1))
    const longer = guest.translate(0x1004n, nops(2))
    const first = guest.translate(0x1000n, nops(1))
    for (const block of [often, once, often, longer, first]) block()
    return guest.exit()
  }
  const rows =
    "0x0000000000009000, 1, 2, 2\n0x0000000000001000, 1, 1, 1\n0x0000000000001004, 1, 1, 1\n0x0000000000001004, 1, 2, 1\n"

  it("orders by executions, address and length", () => {
    const expected = `collected 4 entries in the hash table\npc, tcount, icount, ecount\n${rows}`
    assert.strictEqual(run({}), expected)
    assert.strictEqual(run({ inline: "on", limit: "0" }), expected)
  })

  it("prints as many rows as it is told to", () => {
    assert.strictEqual(run({ limit: "1" }).split("\n").length, 4)
  })

  it("adds symbols when a library's code ran, or on request", () => {
    const own = { [String(0x1000n)]: "main" }
    assert.include(run({}, { ...own, [String(0x9000n)]: "memcpy" }), ", 2, memcpy\n0x0000000000001000, 1, 1, 1, main\n")
    assert.notInclude(run({}, own), "symbol")
    assert.notInclude(run({}, { ...own, [String(0x9000n)]: "__vdso_rt_sigreturn" }), "symbol")
    assert.notInclude(run({ symbols: "off" }, { [String(0x9000n)]: "memcpy" }), "symbol")
    assert.include(run({ symbols: "on" }, own), "1, main\n")
  })
})
