/** Deferred callbacks on both engines: each is called, in order among everything else that calls plugins, and in time. */
import { assert, describe, it } from "@effect/vitest"
import { CallbackFlags, type DynCallback, type Instrumentation, MemRw, PluginCond } from "@emu/core/Instrumentation"
import type { CallbackFailure } from "@emu/core/PluginError"
import { TraceBuffer } from "@emu/core/trace/TraceBuffer"
import { ExitKind } from "@emu/tcg/Engine"
import { make } from "@emu/tcg/engine/tiered/TieredEngine"
import * as Layout from "@emu/tcg/Layout"
import { codeBase, dataBase, Guest, type GuestOptions } from "./support/Guest.ts"

const a = codeBase
const code = (at: number, ...insns: ReadonlyArray<string>) =>
  insns.map((text, i) => ` ---- ${(at + 4 * i).toString(16)} 4\n${text}\n`).join("")
const board = { id: 1, elementSize: 8, byteOffset: Layout.arenaBase, capacity: 16 }
const entry = { scoreboard: 1, offset: 0 }
const { deferred } = CallbackFlags
const kinds = Object.fromEntries(Object.entries(ExitKind).map(([name, kind]) => [kind, name]))

/** A guest whose every block gets this instrumentation; `log` collects what callbacks say. */
class Deferring extends Guest {
  readonly log: Array<string> = []
  readonly scope = { vcpu: -1, flags: 0, pc: 0n }

  constructor(options: GuestOptions, instrument: (guest: Deferring, insns: number) => Partial<Instrumentation>) {
    super(options)
    // what the guest before this one left in their memory: entries of regions (but for what guards the first), scoreboards
    this.state.u8.fill(0, Layout.guestEnd + 8, Layout.arenaBase + 4096)
    this.codeCache.setScoreboardLookup(() => board)
    this.codeCache.setCallbackScope(this.scope)
    this.codeCache.setInstrumenter((_, { insns }) => ({ tb: [], insns: [], ...instrument(this, insns.length) }))
    this.setReg(10, BigInt(dataBase))
  }

  readonly exec = (name: string, flags: CallbackFlags = deferred, act: () => void = () => {}, plugin = 1n): DynCallback => ({
    kind: "exec",
    plugin,
    flags,
    callback: (vcpu, ...others: ReadonlyArray<unknown>) => {
      assert.deepStrictEqual([this.scope.vcpu, this.scope.flags, others.length], [vcpu, flags, 0])
      this.log.push(`${name} v${vcpu}`)
      act()
    }
  })

  readonly mem = (name: string, flags: CallbackFlags = deferred, rw: MemRw = MemRw.readWrite): DynCallback => ({
    kind: "mem",
    plugin: 1n,
    flags,
    rw,
    callback: (vcpu, { isBigEndian, isSignExtended, isStore, sizeShift, value }, address) => {
      assert.deepStrictEqual([this.scope.vcpu, this.scope.flags, isBigEndian], [vcpu, flags, false])
      const what = `${isStore ? "W" : "R"}${isSignExtended ? "s" : ""}${sizeShift}`
      this.log.push(`${name} v${vcpu} ${what} ${address.toString(16)} ${value.toString(16)}`)
    }
  })
}

/** r3 times: a load, two stores, a read-modify-write, a double; then a system call. */
const body = [
  "guest_ld r1,r10,0,sl",
  "guest_st r1,r10,16,uq",
  "add r1,r1,$0x1\nguest_st r1,r10,0,uw",
  "atomic_fetch_add r4,r10,r3,sl",
  "fadd_f64 r5,r5,r5,0\nguest_st r5,r10,24,uq",
  "sub r3,r3,$0x1\nbrcond r3,$0x0,eq,L0\ngoto_tb $0x10000,0,jump\nset_label L0\ngoto_tb $0x10100,1,jump"
]
const loop = { [a]: code(a, ...body), [a + 0x100]: code(a + 0x100, "exit_tb $0x0,syscall") }

const jit: typeof make = (options) => make({ ...options, jit: { hotThreshold: 1, synchronous: true } })

/** What the same instrumentation says on the interpreter with every callback called at once: what all must say. */
const logOf = (
  makeEngine: typeof make,
  turns: number,
  instrument: (guest: Deferring, flags: CallbackFlags, insns: number) => Partial<Instrumentation>,
  flags: CallbackFlags = deferred
) => {
  const guest = new Deferring({ code: loop, make: makeEngine }, (g, insns) => instrument(g, flags, insns))
  guest.setReg(3, BigInt(turns))
  guest.setReg(5, 0x3ff8000000000000n)
  guest.state.i32[dataBase >> 2] = -5
  assert.strictEqual(guest.engine.run(1_000_000).kind, ExitKind.syscall)
  assert.strictEqual(guest.scope.vcpu, -1)
  return guest.log
}

const each = (insns: number, of: (index: number) => Partial<Instrumentation["insns"][number]>): Instrumentation["insns"] =>
  Array.from({ length: insns }, (_, i) => ({ exec: [], mem: [], ...of(i) }))

describe.each(Object.entries({ interpreter: make, jit }))("%s", (name, makeEngine) => {
  const isJit = name === "jit"

  it.each([
    [
      "blocks, instructions and accesses",
      (g, flags, insns) => ({
        tb: [g.exec("tb", flags), g.exec("tb2", flags)],
        insns: each(insns, (i) => ({
          exec: [g.exec(`i${i}`, flags)],
          mem: [g.mem(`m${i}`, flags), g.mem("w", flags, MemRw.write)]
        }))
      })
    ],
    [
      "others that are called at once",
      (g, flags, insns) => ({
        tb: [g.exec("tb", flags), g.exec("now", CallbackFlags.noRegs)],
        insns: each(insns, (i) => ({
          exec: [g.exec(`i${i}`, i % 2 === 0 ? flags : CallbackFlags.readWriteRegs)],
          mem: [g.mem("a", flags), g.mem("b", CallbackFlags.noRegs), g.mem("c", flags)]
        }))
      })
    ],
    [
      "conditions and inline operations",
      (g, flags, insns) => ({
        tb: [
          { kind: "inline", plugin: 2n, op: 0, entry, imm: 1n },
          g.exec("tb", flags),
          {
            ...g.exec("cond", CallbackFlags.noRegs, () => void (g.state.u64[board.byteOffset / 8] = 0n)),
            kind: "cond",
            cond: PluginCond.ge,
            entry,
            imm: 7n
          } as DynCallback
        ],
        insns: each(insns, (i) => ({ exec: [g.exec(`i${i}`, flags)] }))
      })
    ]
  ] satisfies ReadonlyArray<[string, (g: Deferring, flags: CallbackFlags, insns: number) => Partial<Instrumentation>]>)(
    "keeps the order of %s, with what they are told",
    (_, instrument) => {
      // more than wait at a time
      const turns = 1500
      const expected = logOf(make, turns, instrument, CallbackFlags.noRegs)
      assert.isAbove(expected.length, 5000)
      assert.deepStrictEqual(logOf(makeEngine, turns, instrument), expected)
    }
  )

  it("calls all before a run returns: at a fault, which comes behind them, and when time is up", () => {
    const guest = new Deferring(
      {
        code: { [a]: code(a, "guest_st r1,r10,0,uq", "guest_ld r1,r11,0,uq", "goto_tb $0x10000,0,jump") },
        make: makeEngine
      },
      (g) => ({ insns: each(3, (i) => ({ exec: [g.exec(`i${i}`)], mem: [g.mem(`m${i}`)] })) })
    )
    guest.setReg(11, BigInt(dataBase))
    for (const budget of [60, 1, 300]) {
      const before = guest.instructions
      assert.strictEqual(guest.engine.run(budget).kind, ExitKind.budget)
      assert.lengthOf(guest.log.splice(0), ((guest.instructions - before) / 3) * 5)
    }
    guest.setReg(11, 0x5000n)
    assert.strictEqual(guest.engine.run(60).kind, ExitKind.memoryFault)
    assert.deepStrictEqual(guest.log, ["i0 v0", "m0 v0 W3 20000 0", "i1 v0"])
  })

  it("belongs to the vCPU that ran", () => {
    const guest = new Deferring({ code: loop, make: makeEngine }, (g) => ({ tb: [g.exec("tb")] }))
    for (const vcpu of [0, 3, 1]) {
      guest.state.i64[Layout.CpuSlot.vcpuIndex] = BigInt(vcpu)
      guest.setReg(3, 5n)
      guest.pc = BigInt(a)
      guest.engine.run(1000)
    }
    assert.deepStrictEqual(
      guest.log,
      [0, 3, 1].flatMap((vcpu) => Array<string>(6).fill(`tb v${vcpu}`))
    )
  })

  it("is called before plugins look at a block, and before code is dropped", () => {
    const guest = new Deferring({ code: loop, make: makeEngine }, (g, insns) => {
      g.log.push(`translated ${insns}`)
      return { tb: [g.exec("tb")] }
    })
    guest.codeCache.setFlushListener(() => guest.log.push("flushed"))
    guest.setReg(3, 50n)
    guest.engine.run(1000)
    const expected = ["translated 6", ...Array<string>(50).fill("tb v0"), "translated 1", "tb v0"]
    assert.deepStrictEqual(guest.log, expected)
    guest.engine.flush()
    assert.deepStrictEqual(guest.log, [...expected, "flushed"])
  })

  it("may ask for all code to be dropped: what waits is still called", () => {
    let calls = 0
    const guest = new Deferring({ code: loop, make: makeEngine }, (g) => ({
      tb: [g.exec("tb", deferred, () => void (++calls % 20 === 0 && g.codeCache.flush()))]
    }))
    guest.setReg(3, 500n)
    assert.strictEqual(guest.engine.run(10_000).kind, ExitKind.syscall)
    assert.strictEqual(calls, 501)
  })

  it("that throws is named with its own pc; nothing behind it is called, and the guest has come a little further", () => {
    for (const place of [0, 3]) {
      let calls = 0
      const fails = (g: Deferring) =>
        g.exec(
          "fails",
          deferred,
          () => {
            if (++calls === 40) throw new Error("enough")
          },
          7n
        )
      const guest = new Deferring({ code: loop, make: makeEngine }, (g, insns) => ({
        insns: each(insns, (i) => ({ exec: i === place ? [fails(g)] : [g.exec(`i${i}`)], mem: [g.mem("m")] }))
      }))
      guest.setReg(3, 1000n)
      const { error, kind } = guest.engine.run(100_000)
      assert.strictEqual(kinds[kind], "callbackError")
      const { cause, event, pc, plugin } = error as CallbackFailure
      assert.deepStrictEqual([(cause as Error).message, event, pc, plugin], ["enough", "exec", BigInt(a + 4 * place), 7n])
      assert.deepStrictEqual([guest.log.at(-1), calls, guest.scope.vcpu], ["fails v0", 40, -1])
      // it can go on from where it is
      guest.log.length = 0
      const done = guest.instructions
      assert.strictEqual(guest.engine.run(100_000).kind, ExitKind.syscall)
      assert.isBelow(guest.log.length, 12_000)
      assert.isAbove(guest.instructions, done)
      assert.strictEqual(guest.reg(3), 0n)
    }
  })

  it("that throws is silent from then on where the guest is to go on; others are called", () => {
    let calls = 0
    const failures: Array<string> = []
    const guest = new Deferring({ code: loop, make: makeEngine }, (g, insns) => ({
      tb: [g.exec("other", deferred, () => {}, 2n)],
      insns: each(insns, () => ({
        mem: [
          {
            kind: "mem",
            plugin: 7n,
            flags: deferred,
            rw: MemRw.write,
            callback: () => {
              if (++calls >= 40) throw new Error("enough")
            }
          }
        ]
      }))
    }))
    guest.codeCache.setFailureListener(({ event, pc, plugin }) => {
      failures.push(`${plugin} ${event} ${pc.toString(16)}`)
      return true
    })
    guest.setReg(3, 300n)
    assert.strictEqual(guest.engine.run(100_000).kind, ExitKind.syscall)
    assert.deepStrictEqual([calls, failures], [40, ["7 mem 10010"]])
    assert.lengthOf(guest.log, 301)
  })

  it("may drain a trace, and batches of a trace come in order with it", () => {
    const guest = new Deferring({ code: loop, make: makeEngine }, (g, insns) => ({
      insns: each(insns, (i) => ({
        exec: i === 4 ? [g.exec("drains", deferred, trace.drain)] : [],
        mem: [{ kind: "traceMem", plugin: 1n, trace, rw: MemRw.write }, g.mem("m", deferred, MemRw.read)]
      }))
    }))
    let records = 0
    const trace = new TraceBuffer({
      buffer: guest.state.buffer,
      byteOffset: Layout.arenaBase + 64,
      records: 5,
      values: true,
      deliver: ({ length }) => {
        records += length
        assert.strictEqual(guest.scope.flags === CallbackFlags.noRegs || guest.log.at(-1) === "drains v0", true)
      }
    })
    guest.setReg(3, 400n)
    assert.strictEqual(guest.engine.run(100_000).kind, ExitKind.syscall)
    trace.drain()
    assert.strictEqual(records, 4 * 400)
    assert.lengthOf(guest.log, 3 * 400)
  })

  it("is compiled", () => {
    const guest = new Deferring({ code: loop, make: makeEngine }, (g) => ({ tb: [g.exec("tb")] }))
    guest.setReg(3, 100n)
    guest.engine.run(10_000)
    assert.strictEqual((guest.engine.stats().compiled?.insns ?? 0) > 500, isJit)
  })
})
