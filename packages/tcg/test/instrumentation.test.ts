/** What plugins see: order of callbacks, accesses, inline operations and conditions, registers, errors. */
import { assert, describe, it } from "@effect/vitest"
import { type DynCallback, type Instrumentation, MemRw, PluginCond } from "@emu/core/Instrumentation"
import { SetPcRequest } from "@emu/core/SetPcRequest"
import { ExitKind } from "@emu/tcg/Engine"
import * as Layout from "@emu/tcg/Layout"
import { codeBase, dataBase, Guest, type GuestOptions, loops } from "./support/Guest.ts"

describe.each(loops)("under $name", ({ cold }) => {
  const a = codeBase
  const board = { id: 1, elementSize: 16, byteOffset: Layout.arenaBase, capacity: 16 }
  const entry = { scoreboard: 1, offset: 8 }
  const code = (...insns: ReadonlyArray<string>) =>
    insns.map((text, i) => ` ---- ${(a + 4 * i).toString(16)} 4\n${text}\n`).join("")
  const stop = "exit_tb $0x0,syscall"

  /** A guest whose every block gets this instrumentation; `log` collects what callbacks say. */
  class Plugged extends Guest {
    readonly log: Array<string> = []
    readonly scope = { vcpu: -1, flags: 0, pc: 0n }

    constructor(options: GuestOptions, instrument: (guest: Plugged) => Partial<Instrumentation>) {
      super({ cold, ...options })
      this.state.u8.fill(0, board.byteOffset, board.byteOffset + 256)
      this.codeCache.setScoreboardLookup(() => board)
      this.codeCache.setCallbackScope(this.scope)
      this.codeCache.setInstrumenter(() => ({ tb: [], insns: [], ...instrument(this) }))
      this.setReg(10, BigInt(dataBase))
    }

    counter(vcpu = 0): bigint {
      return this.state.u64[(board.byteOffset + vcpu * board.elementSize + entry.offset) / 8]!
    }

    readonly exec = (name: string, flags: 0 | 1 | 2 | 3 = 1, act: () => void = () => {}): DynCallback => ({
      kind: "exec",
      plugin: 1n,
      flags,
      callback: (vcpu) => {
        const { scope } = this
        this.log.push(`${name} v${vcpu} pc=${scope.pc.toString(16)} flags=${scope.flags} count=${this.counter(vcpu)}`)
        assert.strictEqual(scope.vcpu, vcpu)
        if (flags !== 0) assert.strictEqual(this.pc, scope.pc)
        act()
      }
    })

    readonly mem = (name: string, rw: MemRw = MemRw.readWrite): DynCallback => ({
      kind: "mem",
      plugin: 1n,
      flags: 0,
      rw,
      callback: (vcpu, info, address) => {
        const { isSignExtended, isStore, sizeShift, value } = info
        this.log.push(
          `${name} ${isStore ? "W" : "R"} ${address.toString(16)} size=${sizeShift} sign=${isSignExtended} ${value.toString(16)}`
        )
        assert.strictEqual(this.scope.vcpu, vcpu)
      }
    })
  }

  const add = (imm: bigint): DynCallback => ({ kind: "inline", plugin: 1n, op: 0, entry, imm })
  const store = (imm: bigint): DynCallback => ({ kind: "inline", plugin: 1n, op: 1, entry, imm })

  describe("order", () => {
    it("block first, then each instruction, all kinds in one list", () => {
      const guest = new Plugged({ code: { [a]: code("add r1,r1,$0x1", "guest_ld r2,r10,8,sw", stop) } }, (g) => ({
        tb: [add(1000n), g.exec("tb"), g.exec("tb2")],
        insns: [
          { exec: [add(1n), g.exec("i0")], mem: [] },
          {
            exec: [g.exec("i1", 0), add(1n)],
            mem: [
              { ...add(100000n), kind: "memInline", rw: MemRw.read } as DynCallback,
              g.mem("m1"),
              g.mem("m1w", MemRw.write)
            ]
          },
          { exec: [g.exec("i2")], mem: [g.mem("never")] }
        ]
      }))
      guest.state.view.setUint16(dataBase + 8, 0xfffe, true)
      guest.engine.run(100)
      assert.deepStrictEqual(guest.log, [
        "tb v0 pc=10000 flags=1 count=1000",
        "tb2 v0 pc=10000 flags=1 count=1000",
        "i0 v0 pc=10000 flags=1 count=1001",
        "i1 v0 pc=10004 flags=0 count=1001",
        "m1 R 20008 size=1 sign=true fffe",
        "i2 v0 pc=10008 flags=1 count=101002"
      ])
      assert.strictEqual(guest.scope.vcpu, -1)
    })

    it("a faulting access runs the instruction's callbacks but not the access's", () => {
      const guest = new Plugged({ code: { [a]: code("guest_st r1,r11,0,uq", stop) } }, (g) => ({
        tb: [add(10n)],
        insns: [
          { exec: [g.exec("i0"), add(1n)], mem: [g.mem("m")] },
          { exec: [add(1n)], mem: [] }
        ]
      }))
      assert.strictEqual(guest.engine.run(100).kind, ExitKind.memoryFault)
      assert.lengthOf(guest.log, 1)
      assert.strictEqual(guest.counter(), 11n)
    })
  })

  describe("accesses", () => {
    const accesses = (ops: string, prepare: (guest: Plugged) => void = () => {}, rw: MemRw = MemRw.readWrite) => {
      const guest = new Plugged({ code: { [a]: code(ops, stop) } }, (g) => ({
        insns: [{ exec: [], mem: [g.mem("m", rw)] }]
      }))
      prepare(guest)
      guest.engine.run(100)
      return guest.log
    }
    const minusFive = (guest: Plugged) => {
      guest.state.view.setInt32(dataBase, -5, true)
      guest.setReg(1, 3n)
    }

    it.each([
      ["atomic_xchg", "3"],
      ["atomic_fetch_add", "fffffffe"],
      ["atomic_fetch_and", "3"],
      ["atomic_fetch_or", "fffffffb"],
      ["atomic_fetch_xor", "fffffff8"],
      ["atomic_fetch_smin", "fffffffb"],
      ["atomic_fetch_smax", "3"],
      ["atomic_fetch_umin", "3"],
      ["atomic_fetch_umax", "fffffffb"]
    ] as const)("%s is a read, then a write of what it stored", (name, stored) => {
      const wanted = ["m R 20000 size=2 sign=true fffffffb", `m W 20000 size=2 sign=true ${stored}`]
      assert.deepStrictEqual(accesses(`${name} r9,r10,r1,sl`, minusFive), wanted)
      assert.deepStrictEqual(accesses(`${name} r1,r10,r1,sl`, minusFive), wanted, "operand overwritten")
      assert.deepStrictEqual(accesses(`${name} r10,r10,r1,sl`, minusFive), wanted, "address overwritten")
    })

    it("B6: a callback and an inline operation hear their own direction only", () => {
      const load = "guest_ld r3,r10,0,uq"
      const exchange = "atomic_xchg r9,r10,r1,sl"
      const directions = (ops: string, rw: MemRw) => accesses(ops, minusFive, rw).map((line) => line.split(" ")[1])
      assert.deepStrictEqual(directions(load, MemRw.read), ["R"])
      assert.deepStrictEqual(directions(load, MemRw.write), [])
      assert.deepStrictEqual(directions("guest_st r1,r10,0,uq", MemRw.read), [])
      assert.deepStrictEqual(directions("guest_st r1,r10,0,uq", MemRw.write), ["W"])
      assert.deepStrictEqual(directions(exchange, MemRw.read), ["R"])
      assert.deepStrictEqual(directions(exchange, MemRw.write), ["W"])
      for (const [rw, count] of [
        [MemRw.read, 1n],
        [MemRw.write, 1n],
        [MemRw.readWrite, 2n]
      ] as const) {
        const guest = new Plugged({ code: { [a]: code(exchange, stop) } }, () => ({
          insns: [{ exec: [], mem: [{ kind: "memInline", plugin: 1n, rw, op: 0, entry, imm: 1n }] }]
        }))
        guest.engine.run(100)
        assert.strictEqual(guest.counter(), count)
      }
    })

    it("a compare-and-exchange is a store, only when it succeeds", () => {
      const ops = (expected: string) => `mov r2,${expected}\natomic_cmpxchg r2,r10,r2,r1,sl`
      const wanted = ["m W 20000 size=2 sign=true 3"]
      assert.deepStrictEqual(accesses(ops("$0xfffffffb"), minusFive), wanted)
      assert.deepStrictEqual(accesses(ops("$0xfffffffa"), minusFive), [])
    })

    it("a load that overwrites its base still tells the address", () => {
      assert.deepStrictEqual(
        accesses("guest_ld r10,r10,4,uq", ({ state }) => (state.i64[dataBase / 8] = -1n)),
        ["m R 20004 size=3 sign=false ffffffff"]
      )
    })

    it("values are those of the access, zero-extended", () => {
      assert.deepStrictEqual(
        accesses("mov r1,$0x8123456789abcdef\nguest_st r1,r10,0,ub\nguest_st r1,r10,0,uq\nguest_ld r3,r10,0,sb"),
        ["m W 20000 size=0 sign=false ef", "m W 20000 size=3 sign=false 8123456789abcdef", "m R 20000 size=0 sign=true ef"]
      )
    })
  })

  describe("inline operations and conditions", () => {
    it("go to the vCPU's own element", () => {
      const guest = new Plugged({ code: { [a]: code("mov r1,$0x0", stop) } }, () => ({
        tb: [add(5n)],
        insns: [{ exec: [add(-1n)], mem: [] }]
      }))
      for (const vcpu of [0, 3, 3]) {
        guest.pc = BigInt(a)
        guest.state.i64[Layout.CpuSlot.vcpuIndex] = BigInt(vcpu)
        guest.engine.run(100)
      }
      assert.deepStrictEqual([guest.counter(0), guest.counter(1), guest.counter(3)], [4n, 0n, 8n])
    })

    it("add modulo 2^64, and store", () => {
      const guest = new Plugged({ code: { [a]: code(stop) } }, () => ({
        tb: [store(0xffffffffn), add(1n), add(0xffffffff00000000n), add(2n)]
      }))
      guest.engine.run(1)
      assert.strictEqual(guest.counter(), 2n)
    })

    it("counters are right wherever somebody may look, merged or not", () => {
      const guest = new Plugged(
        {
          code: {
            [a]: code(
              "add r1,r1,$0x1",
              "add r1,r1,$0x1",
              "guest_ld r2,r10,0,uq",
              "add r1,r1,$0x1",
              "guest_ld r2,r11,0,uq",
              stop
            )
          }
        },
        (g) => ({ insns: [0, 1, 2, 3, 4, 5].map((i) => ({ exec: i === 3 ? [add(1n), g.exec("x")] : [add(1n)], mem: [] })) })
      )
      guest.engine.run(100)
      assert.deepStrictEqual(guest.log, ["x v0 pc=1000c flags=1 count=4"])
      assert.strictEqual(guest.counter(), 5n)
    })

    it("compare unsigned, and see what was added before them", () => {
      const conds = ["never", "always", "eq", "ne", "lt", "le", "gt", "ge"] as const
      const holds: Record<(typeof conds)[number], (x: bigint, y: bigint) => boolean> = {
        never: () => false,
        always: () => true,
        eq: (x, y) => x === y,
        ne: (x, y) => x !== y,
        lt: (x, y) => x < y,
        le: (x, y) => x <= y,
        gt: (x, y) => x > y,
        ge: (x, y) => x >= y
      }
      for (const imm of [2n, 3n, 4n, 0xffffffffffffffffn]) {
        const guest = new Plugged({ code: { [a]: code(stop) } }, (g) => ({
          tb: [
            add(3n),
            ...conds.map((cond): DynCallback => ({
              kind: "cond",
              plugin: 1n,
              flags: 0,
              cond: PluginCond[cond],
              entry,
              imm,
              callback: () => g.log.push(cond)
            }))
          ]
        }))
        guest.engine.run(1)
        assert.deepStrictEqual(
          guest.log,
          conds.filter((cond) => holds[cond](3n, imm)),
          String(imm)
        )
      }
    })
  })

  describe("callbacks that change things", () => {
    it("a register written before an instruction is what it reads", () => {
      const guest = new Plugged({ code: { [a]: code("mov r1,$0x5", "add r2,r1,$0x1", stop) } }, (g) => ({
        insns: [
          { exec: [], mem: [] },
          { exec: [g.exec("w", 2, () => g.setReg(1, 100n))], mem: [] }
        ]
      }))
      guest.engine.run(100)
      assert.strictEqual(guest.reg(2), 101n)
    })

    it("a register read before an instruction has its value of then", () => {
      const guest: Plugged = new Plugged({ code: { [a]: code("mov r1,$0x5", "mov r1,$0x6", stop) } }, (g) => ({
        insns: [
          { exec: [], mem: [] },
          { exec: [g.exec("r", 1, () => g.log.push(String(g.reg(1))))], mem: [] }
        ]
      }))
      guest.engine.run(100)
      assert.strictEqual(guest.log[1], "5")
    })

    it("set_pc leaves the block before the instruction", () => {
      const guest = new Plugged({ code: { [a]: code("mov r1,$0x5", "mov r1,$0x6", stop) } }, (g) => ({
        insns: [
          { exec: [], mem: [] },
          {
            exec: [
              g.exec("jump", 3, () => {
                throw new SetPcRequest(0x123456n)
              }),
              g.exec("skipped")
            ],
            mem: []
          }
        ]
      }))
      assert.strictEqual(guest.engine.run(100).kind, ExitKind.redirected)
      assert.strictEqual(guest.pc, 0x123456n)
      assert.strictEqual(guest.reg(1), 5n)
      assert.strictEqual(guest.instructions, 1)
      assert.lengthOf(guest.log, 1)
      assert.strictEqual(guest.scope.vcpu, -1)
    })

    it("a throw leaves at the instruction and says who threw", () => {
      const boom = new Error("boom")
      const guest = new Plugged({ code: { [a]: code("mov r1,$0x5", "mov r1,$0x6", stop) } }, (g) => ({
        insns: [
          { exec: [], mem: [] },
          {
            exec: [
              g.exec("boom", 0, () => {
                throw boom
              })
            ],
            mem: []
          }
        ]
      }))
      const exit = guest.engine.run(100)
      assert.strictEqual(exit.kind, ExitKind.callbackError)
      assert.deepStrictEqual(exit.error, { plugin: 1n, event: "exec", pc: 0x10004n, cause: boom })
      assert.strictEqual(guest.pc, 0x10004n)
      assert.strictEqual(guest.instructions, 1)
    })

    it("what the instrumenter throws is the exit's error; a front end's bug is not", () => {
      const guest = new Guest({ cold, code: { [a]: code(stop) } })
      const thrown = new Error("plugin")
      guest.codeCache.setInstrumenter(() => {
        throw thrown
      })
      const exit = guest.engine.run(100)
      assert.strictEqual(exit.kind, ExitKind.callbackError)
      assert.strictEqual(exit.error, thrown)
      guest.pc = BigInt(a + 8)
      assert.throws(() => guest.engine.run(100), "no code")
    })

    it("flush and requestExit take effect at the next boundary", () => {
      let flushes = 0
      const guest: Plugged = new Plugged(
        { code: { [a]: code("add r1,r1,$0x1", `goto_tb $0x${a.toString(16)},0,jump`) } },
        (g) => ({
          tb: [
            g.exec("tb", 0, () => {
              if (g.log.length === 3) g.engine.flush()
              if (g.log.length === 5) g.codeCache.requestExit()
            })
          ]
        })
      )
      guest.codeCache.setFlushListener(() => flushes++)
      assert.strictEqual(guest.engine.run(100).kind, ExitKind.requested)
      assert.strictEqual(guest.reg(1), 5n)
      assert.lengthOf(guest.translated, 2)
      assert.strictEqual(flushes, 1)
    })
  })
})
