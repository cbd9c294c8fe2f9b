/** What hotpages prints where the golden files of tests/golden don't show it. */
import { assert, describe, it } from "@effect/vitest"
import hotpages from "@emu/plugins/hotpages"
import { FakeGuest, type FakeInsn } from "./support/FakeGuest.ts"

const access = (address: number, store: boolean): FakeInsn => ({
  disas: "access",
  accesses: [{ address, store, bytes: 8, value: 0n }]
})

/** Reads 3, 1 and 0 times, writes 0, 1 and 2 times in three pages; each page on another vCPU, the second on two. */
const run = (args: Record<string, string>) => {
  const guest = FakeGuest.install(hotpages, args)
  const first = guest.translate(0x100n, [access(0x4ff8, false)])
  const second = guest.translate(0x200n, [access(0x5000, false)])
  const alsoSecond = guest.translate(0x300n, [access(0x5ff8, true)])
  const third = guest.translate(0xdffff000n, [access(0xdffff008, true)])
  for (const block of [first, first, first, second]) block(0)
  alsoSecond(40)
  for (const block of [third, third]) block(1)
  return guest.exit()
}

const header = "Addr, RCPUs, Reads, WCPUs, Writes\n"
const low = "0x0000000000004000, 0x0001, 3, 0x0000, 0\n"
const middle = "0x0000000000005000, 0x0001, 1, 0x10000000000, 1\n"
const high = "0x00000000dffff000, 0x0000, 0, 0x0002, 2\n"

describe("hotpages", () => {
  it.each([
    { args: { limit: "0" }, rows: low + middle + high },
    { args: { limit: "0", sortby: "reads" }, rows: low + middle + high },
    { args: { limit: "0", sortby: "writes" }, rows: high + middle + low },
    { args: { limit: "0", sortby: "address" }, rows: high + middle + low },
    { args: { limit: "1", sortby: "address" }, rows: high },
    { args: {}, rows: low + middle },
    { args: { io: "on" }, rows: "" },
    {
      args: { pagesize: "0x80000000", sortby: "address", limit: "0" },
      rows: `0x0000000080000000${high.slice(18)}0x0000000000000000, 0x0001, 4, 0x10000000000, 1\n`
    },
    { args: { pagesize: "64", limit: "1" }, rows: "0x0000000000004fc0, 0x0001, 3, 0x0000, 0\n" }
  ])("prints $args", ({ args, rows }) => {
    assert.strictEqual(run(args), header + rows)
  })

  it("counts an access in each page that it touches", () => {
    const guest = FakeGuest.install(hotpages, { limit: "0", sortby: "address" })
    guest.translate(0x100n, [access(0x4ffc, true), access(0x5ff9, false), access(0x6ff8, false)])()
    const rows = [
      "0x0000000000006000, 0x0001, 2, 0x0000, 0\n",
      "0x0000000000005000, 0x0001, 1, 0x0001, 1\n",
      "0x0000000000004000, 0x0000, 0, 0x0001, 1\n"
    ]
    assert.strictEqual(guest.exit(), header + rows.join(""))
  })

  it("prints nothing of a single page, as QEMU does", () => {
    const guest = FakeGuest.install(hotpages, {})
    guest.translate(0x100n, [access(0x4000, false)])()
    assert.strictEqual(guest.exit(), header)
  })

  it.each(["0", "32", "1000", "0x100000000"])("refuses pages of %s bytes", (pagesize) => {
    assert.throws(() => run({ pagesize }), /^pagesize=\d+: must be a power of two/)
  })
})
