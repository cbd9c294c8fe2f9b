/** Block boundaries: chaining, jump cache, budget, requested exits, invalidation and flushes, fetch faults, exit codes. */
import { assert, describe, it } from "@effect/vitest"
import { ExitKind } from "@emu/tcg/Engine"
import { CpuSlot, PageFlag, pageSize } from "@emu/tcg/Layout"
import { codeBase, dataBase, Guest, loops } from "./support/Guest.ts"

describe.each(loops)("under $name", ({ cold }) => {
  const a = codeBase
  const b = codeBase + 0x100
  const hex = (n: number) => n.toString(16)
  /** A block of `n` instructions that adds n to r1, then jumps. */
  const step = (pc: number, n: number, end: string) =>
    Array.from({ length: n }, (_, i) => ` ---- ${hex(pc + 4 * i)} 4\nadd r1,r1,$0x1\n`).join("") + end
  const to = (pc: number) => `goto_tb $0x${hex(pc)},0,jump`
  const pingPong = { [a]: step(a, 3, to(b)), [b]: step(b, 2, to(a)) }

  describe("budget", () => {
    it("stops at the first boundary at or after it, and goes on from there", () => {
      for (const budget of [1, 2, 3, 4, 5, 6, 7, 1000, 1001]) {
        const guest = new Guest({ cold, code: pingPong })
        for (let total = 0; total < 20;) {
          const before = guest.instructions
          assert.strictEqual(guest.engine.run(budget).kind, ExitKind.budget)
          const ran = guest.instructions - before
          assert.isTrue(ran >= budget && ran < budget + 3, `${ran} of ${budget}`)
          total += ran
          assert.strictEqual(guest.reg(1), BigInt(guest.instructions))
          assert.strictEqual(guest.pc, BigInt(guest.instructions % 5 === 0 ? a : b))
        }
      }
    })

    it("of nothing runs nothing", () => {
      const guest = new Guest({ cold, code: pingPong })
      assert.strictEqual(guest.engine.run(0).kind, ExitKind.budget)
      assert.strictEqual(guest.instructions, 0)
      assert.deepStrictEqual(guest.translated, [])
    })
  })

  describe("chaining", () => {
    it("translates each block once", () => {
      const guest = new Guest({ cold, code: pingPong })
      guest.engine.run(1000)
      guest.engine.run(1000)
      assert.deepStrictEqual(guest.translated, [a, b])
      assert.deepInclude(guest.engine.stats(), { translatedBlocks: 2, translatedInsns: 5, flushes: 0, cachedBlocks: 2 })
    })

    it("chooses between both ends of a conditional branch, each condition", () => {
      for (const [cond, x, y] of [
        ["eq", 1n, 1n],
        ["ne", 1n, 1n << 32n],
        ["lt", -1n, 0n],
        ["ge", 0n, -1n],
        ["le", -1n, -1n],
        ["gt", 1n << 40n, 5n],
        ["ltu", 5n, -1n],
        ["geu", -1n, 5n],
        ["leu", 5n, 5n],
        ["gtu", -1n, 1n << 62n]
      ] as const) {
        const block = ` ---- ${hex(a)} 4\nbrcond r2,r3,${cond},L0\n${to(b)}\nset_label L0\ngoto_tb $0x${hex(b + 0x100)},1,jump`
        const exitAt = (pc: number) => ` ---- ${hex(pc)} 4\nexit_tb $0x${hex(pc)},syscall`
        const guest = new Guest({ cold, code: { [a]: block, [b]: exitAt(b), [b + 0x100]: exitAt(b + 0x100) } })
        for (const [first, second, taken] of [
          [x, y, true],
          [y, x, x === y || cond === "ne"]
        ] as const) {
          for (let again = 0; again < 3; again++) {
            guest.setReg(2, first)
            guest.setReg(3, second)
            guest.pc = BigInt(a)
            guest.engine.run(100)
            assert.strictEqual(guest.pc, BigInt(taken ? b + 0x100 : b), `${first} ${cond} ${second}`)
          }
        }
        assert.lengthOf(guest.translated, x === y || cond === "ne" ? 2 : 3)
      }
    })

    it("a computed jump goes where its register says, with a warm jump cache too", () => {
      const code: Record<number, string> = { [a]: step(a, 1, "goto_ptr r2,jump") }
      for (let i = 0; i < 4; i++) {
        const pc = b + 0x2000 * i
        code[pc] = step(
          pc,
          1,
          `add r2,r2,$0x2000\nbrcond r2,$0x${hex(b + 0x8000)},ne,L0\nmov r2,$0x${hex(b)}\nset_label L0\ngoto_ptr r2,jump`
        )
      }
      const guest = new Guest({ cold, code })
      guest.map(codeBase, 16, PageFlag.read | PageFlag.exec)
      guest.setReg(2, BigInt(b))
      assert.strictEqual(guest.engine.run(40).kind, ExitKind.budget)
      assert.strictEqual(guest.reg(1), 40n)
      assert.lengthOf(guest.translated, 5)
      guest.engine.flushJumpCache(0)
      guest.engine.run(40)
      assert.lengthOf(guest.translated, 5)
    })
  })

  describe("invalidation", () => {
    const twoPages = (): Guest => {
      const far = codeBase + pageSize
      const guest = new Guest({ cold, code: { [a]: step(a, 1, to(far)), [far]: step(far, 1, to(a)) } })
      guest.engine.run(100)
      return guest
    }

    it("flushPages drops the blocks of those pages only, and unlinks them", () => {
      const guest = twoPages()
      const page = codeBase / pageSize
      guest.code[codeBase + pageSize] = step(codeBase + pageSize, 1, `exit_tb $0x0,breakpoint`)
      guest.engine.flushPages(page + 1, page + 5)
      assert.strictEqual(guest.engine.run(100).kind, ExitKind.breakpoint)
      assert.lengthOf(guest.translated, 3)
      assert.strictEqual(guest.engine.stats().cachedBlocks, 2)
    })

    it("a block belongs to both pages that it touches", () => {
      const pc = codeBase + pageSize - 2
      const guest = new Guest({ cold, code: { [pc]: ` ---- ${hex(pc)} 4\nexit_tb $0x${hex(pc)},syscall` } })
      const page = codeBase / pageSize
      const marked = () => [0, 1, 2].map((i) => (guest.state.pageTable[page + i]! & PageFlag.code) !== 0)
      for (const which of [page, page + 1]) {
        guest.pc = BigInt(pc)
        guest.engine.run(10)
        assert.deepStrictEqual(marked(), [true, true, false])
        guest.engine.flushPages(which, which)
        assert.deepStrictEqual(marked(), [false, false, false])
      }
      assert.lengthOf(guest.translated, 2)
    })

    it("flushWritable drops blocks of writable pages whose bytes have changed", () => {
      const guest = twoPages()
      const page = codeBase / pageSize
      const flush = (write: number, changed: number) => {
        if (write !== 0) guest.engine.protect(page, page, guest.state.pageTable[page]! | write)
        guest.state.pageTable[page]! |= write
        guest.state.u8[changed]! ^= 1
        guest.engine.flushWritable()
        return guest.engine.stats().cachedBlocks
      }
      assert.strictEqual(flush(0, a), 2, "not writable")
      guest.state.u8[a]! ^= 1
      assert.strictEqual(flush(PageFlag.write, a + 4), 2, "other bytes")
      assert.strictEqual(flush(PageFlag.write, a + 3), 1, "a byte of the first block")
      guest.engine.run(100)
      assert.deepStrictEqual(guest.translated.slice(2), [a])
    })

    it("flush from a helper takes effect at the next boundary and tells the listener", () => {
      let calls = 0
      let flushed = 0
      const guest: Guest = new Guest({
        cold,
        code: { [a]: step(a, 1, `call r3,r1,r2,0\nadd r1,r1,$0x10\n${to(a)}`) },
        helpers: [
          {
            name: "helper",
            run: () => {
              if (++calls === 3) {
                guest.engine.flush()
                assert.strictEqual(flushed, 0)
              }
              return 0n
            }
          }
        ]
      })
      guest.codeCache.setFlushListener(() => flushed++)
      guest.engine.run(10)
      assert.strictEqual(flushed, 1)
      assert.strictEqual(guest.reg(1), 170n)
      assert.deepStrictEqual(guest.translated, [a, a])
      guest.engine.flush()
      assert.strictEqual(flushed, 2)
      assert.strictEqual(guest.state.pageTable[a / pageSize]! & PageFlag.code, 0)
    })

    it("survives running out of room for code", () => {
      const guest = new Guest({ cold, code: pingPong })
      const big = ` ---- ${hex(a)} 4\n${"xor r1,r1,r2\n".repeat(100_000)}exit_tb $0x${hex(a)},yield`
      guest.code[a] = big
      for (let i = 0; i < 16; i++) {
        guest.code[a + 2 * i] = big
        guest.pc = BigInt(a + 2 * i)
        assert.strictEqual(guest.engine.run(10).kind, ExitKind.yield)
      }
      assert.isAbove(guest.engine.stats().flushes, 0)
    })
  })

  describe("exits", () => {
    it("requestExit from a helper returns at the next boundary", () => {
      const guest: Guest = new Guest({
        cold,
        code: { [a]: step(a, 2, `call r3,r1,r2,0\n${to(b)}`), [b]: step(b, 1, to(a)) },
        helpers: [{ name: "helper", run: () => (guest.engine.requestExit(), 7n) }]
      })
      assert.strictEqual(guest.engine.run(100).kind, ExitKind.requested)
      assert.strictEqual(guest.reg(3), 7n)
      assert.strictEqual(guest.pc, BigInt(b))
      assert.strictEqual(guest.instructions, 2)
      assert.strictEqual(guest.engine.run(100).kind, ExitKind.requested)
      assert.strictEqual(guest.instructions, 5)
    })

    it("warming up, in the middle of a long run, is seen by nobody", () => {
      let calls = 0
      const guest: Guest = new Guest({
        cold,
        code: { [a]: step(a, 2, `call r3,r1,r2,0\n${to(b)}`), [b]: step(b, 2, to(a)) },
        helpers: [
          {
            name: "helper",
            run: () => {
              if (++calls === 25_000) guest.engine.requestExit()
              return 7n
            }
          }
        ]
      })
      const registers = Array.from({ length: 28 }, (_, i) => BigInt(i) << 33n)
      registers.forEach((value, i) => guest.setReg(4 + i, value))
      assert.strictEqual(guest.engine.run(1_000_000).kind, ExitKind.requested)
      assert.strictEqual(guest.instructions, 99_998)
      assert.strictEqual(guest.engine.run(100_002).kind, ExitKind.budget)
      assert.strictEqual(guest.instructions, 200_000)
      assert.strictEqual(guest.reg(1), 200_000n)
      assert.deepStrictEqual(
        registers.map((_, i) => guest.reg(4 + i)),
        registers
      )
      assert.deepStrictEqual(guest.translated, [a, b])
      assert.strictEqual(guest.state.pageTable[0], 0)
      assert.deepInclude(guest.engine.stats(), { translatedBlocks: 2, translatedInsns: 4, flushes: 0, cachedBlocks: 2 })
    })

    it("an exit requested in the block at which warming up is due is not lost", () => {
      let calls = 0
      const guest: Guest = new Guest({
        cold,
        code: { [a]: step(a, 2, `call r3,r1,r2,0\n${to(a)}`) },
        helpers: [
          {
            name: "helper",
            run: () => {
              if (++calls === 50_000) guest.engine.requestExit()
              return 7n
            }
          }
        ]
      })
      assert.strictEqual(guest.engine.run(1_000_000).kind, ExitKind.requested)
      assert.strictEqual(guest.instructions, 100_000)
    })

    it("helpers see the count of instructions before theirs", () => {
      const seen: Array<bigint> = []
      const guest = new Guest({
        cold,
        code: { [a]: `${step(a, 2, "")} ---- ${hex(a + 8)} 4\ncall r3,r1,r2,0\n${to(a)}` },
        helpers: [{ name: "count", run: (state) => (seen.push(state.i64[CpuSlot.instructions]!), 0n) }]
      })
      guest.state.i64[CpuSlot.instructions] = 0xffffffffn
      guest.engine.run(6)
      assert.deepStrictEqual(seen, [0x100000001n, 0x100000004n])
      assert.strictEqual(guest.instructions, 0x100000005)
    })

    it.each([
      ["syscall", ExitKind.syscall],
      ["breakpoint", ExitKind.breakpoint],
      ["illegal", ExitKind.illegal],
      ["fence_i", ExitKind.fenceI],
      ["yield", ExitKind.yield]
    ] as const)("exit_tb %s", (name, kind) => {
      const guest = new Guest({ cold, code: { [a]: ` ---- ${hex(a)} 4\nexit_tb r7,${name}` } })
      guest.setReg(7, 0x123456789an)
      assert.strictEqual(guest.engine.run(10).kind, kind)
      assert.strictEqual(guest.pc, 0x123456789an)
      assert.strictEqual(guest.instructions, 1)
    })

    it.each(
      [
        ["a page that is not executable", BigInt(dataBase), BigInt(dataBase), true],
        ["a hole", 0x50000n, 0x50000n, false],
        ["an address beyond 4 GiB", 0x1234500010000n, 0x1234500010000n, false],
        ["a negative address", -2n, 0xfffffffffffffffen, false]
      ].map((row) => row.map(String))
    )("fetching from %s faults", (_, target, address, mapped) => {
      for (const jump of ["goto_ptr r2,jump", `goto_tb $${BigInt(target)},0,jump`]) {
        const guest = new Guest({ cold, code: { [a]: step(a, 1, jump) } })
        guest.setReg(2, BigInt(target))
        const exit = guest.engine.run(10)
        assert.strictEqual(exit.kind, ExitKind.fetchFault)
        assert.strictEqual(exit.address, BigInt(address))
        assert.strictEqual(String(exit.mapped), mapped)
        assert.strictEqual(guest.pc, BigInt(address))
        assert.strictEqual(guest.instructions, 1)
      }
    })
  })
})
