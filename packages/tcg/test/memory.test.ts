/** Guest loads, stores and atomics: widths, alignment, page edges, permissions, precise faults. */
import { assert, describe, it } from "@effect/vitest"
import { ExitKind } from "@emu/tcg/Engine"
import { PageFlag, pageSize } from "@emu/tcg/Layout"
import { codeBase, dataBase, Guest, loops } from "./support/Guest.ts"

describe.each(loops)("under $name", ({ cold }) => {
  /** Runs operations of one instruction with r10 = base, r1 = value; the result is in r9. */
  const access = (ops: string, base: bigint, value = 0n, prepare: (guest: Guest) => void = () => {}) => {
    const guest = new Guest({
      cold,
      code: { [codeBase]: ` ---- 10000 4\nmov r8,$0x77\n ---- 10004 4\n${ops}\n ---- 10008 4\nexit_tb $0x1000c,syscall` }
    })
    guest.setReg(10, base)
    guest.setReg(1, value)
    guest.setReg(9, 0x5555n)
    prepare(guest)
    return { guest, exit: { ...guest.engine.run(100) } }
  }

  const ok = ExitKind.syscall
  const end = BigInt(dataBase + 4 * pageSize)
  const holePage = BigInt(dataBase + 4 * pageSize)

  describe("loads and stores", () => {
    const bytes = 0x8877665584838281n
    const loads: ReadonlyArray<readonly [string, bigint]> = [
      ["ub", 0x81n],
      ["sb", -0x7fn],
      ["uw", 0x8281n],
      ["sw", -0x7d7fn],
      ["ul", 0x84838281n],
      ["sl", -0x7b7c7d7fn],
      ["uq", BigInt.asIntN(64, bytes)],
      ["sq", BigInt.asIntN(64, bytes)]
    ]
    for (const offset of [0, 1, 3, 4, 7, pageSize - 8, pageSize - 4, pageSize - 3, pageSize - 1]) {
      it.each(loads.map(([memop]) => memop))(`%s at offset ${offset}`, (memop) => {
        const at = BigInt(dataBase + offset)
        const wanted = loads.find(([name]) => name === memop)![1]
        const { exit, guest } = access(`guest_ld r9,r10,0,${memop}`, at, 0n, ({ state }) =>
          state.view.setBigUint64(dataBase + offset, bytes, true)
        )
        assert.strictEqual(exit.kind, ok)
        assert.strictEqual(guest.reg(9), wanted)
        const size = 1 << "bwlq".indexOf(memop[1]!)
        const stored = access(`guest_st r1,r10,0,${memop}`, at, BigInt.asIntN(64, bytes)).guest.state
        for (let i = -1; i <= 8; i++) {
          const byte = i < 0 || i >= size ? 0 : Number((bytes >> BigInt(8 * i)) & 0xffn)
          assert.strictEqual(stored.u8[dataBase + offset + i], byte, `byte ${i}`)
        }
      })
    }

    it("adds displacements in 64 bits", () => {
      const load = (base: bigint, disp: number) => access(`guest_ld r9,r10,${disp},uq`, base).exit
      assert.strictEqual(load(BigInt(dataBase) + 2048n, -2048).kind, ok)
      assert.strictEqual(load(BigInt(dataBase) - 0x100000n, 0x100000).kind, ok)
      assert.strictEqual(load(BigInt(dataBase) - 0x7fffffffn, 0x7fffffff).kind, ok)
      assert.strictEqual(load(BigInt(dataBase) + 0x7fff0000n, -0x7fff0000).kind, ok)
      for (const [base, disp, address] of [
        [0xfffffff8n, 16, 0x100000008n],
        [0xffffffffn, 0x7fffffff, 0x17ffffffen],
        [-8n, 16, 8n],
        [-8n, -16, 0xffffffffffffffe8n],
        [0n, -1, 0xffffffffffffffffn],
        [1n << 32n, 0x20000, 0x100020000n]
      ] as const) {
        const exit = load(base, disp)
        assert.strictEqual(exit.kind, ExitKind.memoryFault, `${base} + ${disp}`)
        assert.strictEqual(exit.address, address, `${base} + ${disp}`)
        assert.isFalse(exit.mapped)
      }
    })
  })

  describe("faults", () => {
    const rows: ReadonlyArray<
      readonly [name: string, ops: string, base: bigint, address: bigint, store: boolean, mapped: boolean]
    > = [
      ["load from a hole", "guest_ld r9,r10,0,uq", holePage, holePage, false, false],
      ["store to a hole", "guest_st r1,r10,0,uq", holePage + 4n, holePage + 4n, true, false],
      ["load that runs into a hole", "guest_ld r9,r10,0,uq", end - 3n, end, false, false],
      ["store that runs into a hole", "guest_st r1,r10,0,uq", end - 1n, end, true, false],
      ["store to a page without write permission", "guest_st r1,r10,0,ul", BigInt(codeBase), BigInt(codeBase), true, true],
      [
        "atomic on a page without write permission",
        "atomic_fetch_add r9,r10,r1,sl",
        BigInt(codeBase),
        BigInt(codeBase),
        true,
        true
      ],
      ["exchange in a hole", "atomic_cmpxchg r9,r10,r1,r2,uq", holePage, holePage, true, false],
      ["load from page 0", "guest_ld r9,r10,0,ub", 0n, 0n, false, false]
    ]
    it.each(rows.map((row) => row[0]))("%s", (name) => {
      const [, ops, base, address, store, mapped] = rows.find((row) => row[0] === name)!
      const { exit, guest } = access(ops, base, -1n)
      const { address: at, kind, mapped: isMapped, store: isStore } = exit
      assert.deepStrictEqual(
        { kind, at, isStore, isMapped },
        { kind: ExitKind.memoryFault, at: address, isStore: store, isMapped: mapped }
      )
      assert.strictEqual(guest.pc, 0x10004n)
      assert.strictEqual(guest.instructions, 1)
      assert.strictEqual(guest.reg(8), 0x77n, "the instruction before is complete")
      assert.strictEqual(guest.reg(9), 0x5555n, "the faulting one has done nothing")
      assert.isTrue(guest.state.u8.subarray(Number(end) - 8, Number(end)).every((byte) => byte === 0))
    })

    it("names the page that lacks the permission when an access crosses into it", () => {
      const { exit } = access("guest_st r1,r10,0,uq", BigInt(dataBase + pageSize - 4), -1n, (guest) =>
        guest.map(dataBase + pageSize, 1, PageFlag.read)
      )
      assert.strictEqual(exit.address, BigInt(dataBase + pageSize))
      assert.isTrue(exit.mapped)
    })

    it("keeps globals that a later instruction overwrites right at the fault", () => {
      const guest = new Guest({
        cold,
        code: {
          [codeBase]: ` ---- 10000 4\nadd r5,r5,$0x1\n ---- 10004 4\nguest_ld r6,r10,0,uq\n ---- 10008 4\nmov r5,$0x0\nmov r6,$0x0\nexit_tb $0x0,syscall`
        }
      })
      guest.setReg(5, 41n)
      assert.strictEqual(guest.engine.run(10).kind, ExitKind.memoryFault)
      assert.strictEqual(guest.reg(5), 42n)
    })

    it("aligned accesses fault when they are not", () => {
      const { exit, guest } = access("atomic_xchg r9,r10,r1,sl+aligned", BigInt(dataBase + 2))
      assert.strictEqual(exit.kind, ExitKind.alignmentFault)
      assert.strictEqual(exit.address, BigInt(dataBase + 2))
      assert.strictEqual(guest.pc, 0x10004n)
    })
  })

  describe("atomics", () => {
    const old = -5n
    const rows: ReadonlyArray<readonly [string, bigint, bigint]> = [
      ["atomic_xchg", 3n, 3n],
      ["atomic_fetch_add", 3n, -2n],
      ["atomic_fetch_and", 6n, 2n],
      ["atomic_fetch_or", 4n, -1n],
      ["atomic_fetch_xor", -1n, 4n],
      ["atomic_fetch_smin", 3n, -5n],
      ["atomic_fetch_smax", 3n, 3n],
      ["atomic_fetch_umin", 3n, 3n],
      ["atomic_fetch_umax", 3n, -5n]
    ]
    for (const bits of [32, 64] as const) {
      it.each(rows.map(([name]) => name))(`%s of ${bits} bits`, (name) => {
        const [, operand, wanted] = rows.find((row) => row[0] === name)!
        const { guest } = access(`${name} r9,r10,r1,s${bits === 32 ? "l" : "q"}`, BigInt(dataBase), operand, ({ state }) => {
          state.i64[dataBase / 8] = BigInt.asUintN(bits, old)
        })
        assert.strictEqual(guest.reg(9), old)
        assert.strictEqual(BigInt.asIntN(bits, guest.state.i64[dataBase / 8]!), wanted)
        assert.strictEqual(guest.state.u32[dataBase / 4 + 1], bits === 32 ? 0 : Number(BigInt.asUintN(64, wanted) >> 32n))
      })
    }

    it("compare-and-exchange compares the width of the access", () => {
      const run = (expected: bigint) =>
        access("mov r2,$0x9\natomic_cmpxchg r9,r10,r1,r2,sl", BigInt(dataBase), expected, ({ state }) => {
          state.i64[dataBase / 8] = 0xffffffffn
        }).guest
      const hit = run(0x7ffffffffn)
      assert.strictEqual(hit.reg(9), -1n)
      assert.strictEqual(hit.state.u32[dataBase / 4], 9)
      const miss = run(1n)
      assert.strictEqual(miss.reg(9), -1n)
      assert.strictEqual(miss.state.u32[dataBase / 4], 0xffffffff)
    })
  })
})
