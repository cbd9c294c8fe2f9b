/** What execlog and mem print, where the golden files of tests/golden don't show it. */
import { assert, describe, it } from "@effect/vitest"
import execlog from "@emu/plugins/execlog"
import mem from "@emu/plugins/mem"
import { FakeGuest, type FakeInsn } from "./support/FakeGuest.ts"

const load = { address: 0x2000, store: false, bytes: 4, value: 7n }
const store = { address: 0x2000, store: true, bytes: 4, value: 7n }
const program: ReadonlyArray<FakeInsn> = [
  { disas: "addi a0,a0,1", sets: { a0: 1n, s1: 5n } },
  { disas: "lw a1,0(a0)", sets: { a1: 7n }, accesses: [load] },
  { disas: "amoadd.w a1,a1,(a0)", accesses: [load, store] }
]

const log = (args: Record<string, string>) => {
  const guest = FakeGuest.install(execlog, args)
  const block = guest.translate(0x1000n, program)
  block()
  return { text: guest.exit(), flags: guest.flags }
}

describe("execlog", () => {
  it("prints each instruction with its accesses", () => {
    assert.deepStrictEqual(log({}), {
      text:
        '0, 0x1000, 0x13, "addi a0,a0,1"\n0, 0x1004, 0x13, "lw a1,0(a0)", load, 0x00002000\n' +
        '0, 0x1008, 0x13, "amoadd.w a1,a1,(a0)", load, 0x00002000, store, 0x00002000\n',
      flags: 0
    })
  })

  it("prints chosen registers when they change, with no more permission than that takes", () => {
    const { flags, text } = log({ reg: "a?" })
    assert.include(text, '"addi a0,a0,1", a0 -> 0x0000000000000001\n')
    assert.include(text, "load, 0x00002000, a1 -> 0x0000000000000007\n")
    assert.notInclude(text, "s1")
    assert.strictEqual(flags, 1)
  })

  it("watches only registers that the text names, under rdisas", () => {
    assert.include(log({ reg: "*" }).text, "s1 -> ")
    assert.notInclude(log({ reg: "*", rdisas: "on" }).text, "s1 -> ")
  })

  it.each([
    { args: { ifilter: "lw" }, lines: 1 },
    { args: { afilter: "0x1008" }, lines: 1 },
    { args: { afilter: "0x1000", ifilter: "amo" }, lines: 2 }
  ])("keeps to its filters: $args", ({ args, lines }) => {
    assert.strictEqual(log(args).text.trimEnd().split("\n").length, lines)
  })

  it("blames no change on an instruction that others made after it", () => {
    assert.strictEqual(
      log({ reg: "*", afilter: "0x1000" }).text,
      '0, 0x1000, 0x13, "addi a0,a0,1", a0 -> 0x0000000000000001, s1 -> 0x0000000000000005\n'
    )
    assert.notInclude(log({ reg: "*", afilter: "0x1008" }).text, "->")
  })
})

describe("mem", () => {
  const run = (args: Record<string, string>) => {
    const guest = FakeGuest.install(mem, args)
    guest.translate(0x1000n, program)()
    return guest.exit()
  }

  it.each([
    { args: {}, text: "mem accesses: 3\n" },
    { args: { callback: "on", track: "w" }, text: "mem accesses: 1\n" },
    { args: { inline: "on", track: "r" }, text: "mem accesses: 2\n" },
    { args: { haddr: "on" }, text: "mem accesses: 3\nio accesses: 0\n" }
  ])("counts: $args", ({ args, text }) => {
    assert.strictEqual(run(args), text)
  })

  it("refuses to count in two ways", () => {
    assert.throws(() => run({ inline: "on", callback: "on" }), /choose one/)
  })

  it("sums up one region, too, and tells where a value came from nowhere", () => {
    assert.strictEqual(
      run({ "region-summary": "on" }),
      "Warning: 0x0000000000000000:8192 read an un-instrumented value\n" +
        "Region Base, Reads, Writes, Seen all\n0x0000000000000000, 2, 1, false\n"
    )
  })

  it("keeps bytes of an access that crosses into the next region", () => {
    const guest = FakeGuest.install(mem, { "region-summary": "on" })
    const across = { address: 0x3ffe, bytes: 4, value: 0x11223344n }
    guest.translate(0x1000n, [
      { disas: "sw", accesses: [{ ...across, store: true }] },
      { disas: "lw", accesses: [{ ...across, store: false }] },
      { disas: "lh", accesses: [{ address: 0x4000, bytes: 2, value: 0x1122n, store: false }] }
    ])()
    assert.strictEqual(
      guest.exit(),
      "Region Base, Reads, Writes, Seen all\n0x0000000000000000, 1, 1, true\n0x0000000000004000, 1, 0, true\n"
    )
  })
})
