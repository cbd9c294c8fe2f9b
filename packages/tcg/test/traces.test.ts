/** Buffered traces: the records of both engines are what callbacks hear of, whatever else is woven in. */
import { assert, describe, it } from "@effect/vitest"
import { type DynCallback, type Instrumentation, MemRw } from "@emu/core/Instrumentation"
import { TraceKind, type TraceBatch } from "@emu/core/Trace"
import { TraceBuffer } from "@emu/core/trace/TraceBuffer"
import { ExitKind } from "@emu/tcg/Engine"
import { make } from "@emu/tcg/engine/tiered/TieredEngine"
import type { IrBlock } from "@emu/tcg/ir/Block"
import { weave } from "@emu/tcg/instrument/weave"
import { print } from "@emu/tcg/ir/Print"
import { parse } from "@emu/tcg/ir/Parse"
import { verify } from "@emu/tcg/ir/Verify"
import * as Layout from "@emu/tcg/Layout"
import { codeBase, dataBase, globals, Guest, type GuestOptions } from "./support/Guest.ts"

const a = codeBase
const code = (at: number, ...insns: ReadonlyArray<string>) =>
  insns.map((text, i) => ` ---- ${(at + 4 * i).toString(16)} 4\n${text}\n`).join("")
const kindNames = Object.keys(TraceKind)

/** Records as text: `v0 load 4@20000 pc=10000 value`. */
const recordsOf = (batch: TraceBatch, withValues: boolean): Array<string> => {
  const { addresses, kinds, length, pcs, sizes, vcpu } = batch
  return Array.from({ length }, (_, i) => {
    const value = withValues ? ` ${batch.values[i]!.toString(16)}` : ""
    return `v${vcpu} ${kindNames[kinds[i]!]} ${sizes[i]}@${addresses[i]!.toString(16)} pc=${pcs[i]!.toString(16)}${value}`
  })
}

/** A guest whose every block gets this instrumentation, with a trace of `records` records. */
class Traced extends Guest {
  readonly batches: Array<ReadonlyArray<string>> = []
  readonly trace: TraceBuffer
  /** Called with each batch. */
  onBatch: () => void = () => {}

  constructor(
    options: GuestOptions & { readonly records?: number; readonly values?: boolean },
    instrument: (guest: Traced, insns: number) => Partial<Instrumentation>
  ) {
    super(options)
    const { records = 100, values = true } = options
    this.state.u8.fill(0, Layout.arenaBase, Layout.arenaBase + 4096)
    this.trace = new TraceBuffer({
      buffer: this.state.buffer,
      byteOffset: Layout.arenaBase,
      records,
      values,
      deliver: (batch) => {
        this.batches.push(recordsOf(batch, values))
        this.onBatch()
      }
    })
    this.codeCache.setInstrumenter((_, { insns }) => ({ tb: [], insns: [], ...instrument(this, insns.length) }))
    this.setReg(10, BigInt(dataBase))
  }

  /** Everything recorded so far. */
  records(): ReadonlyArray<string> {
    this.trace.drain()
    return this.batches.flat()
  }

  mem(rw: MemRw = MemRw.readWrite): DynCallback {
    return { kind: "traceMem", plugin: 1n, trace: this.trace, rw }
  }

  exec(pc: number): DynCallback {
    return { kind: "traceExec", plugin: 1n, trace: this.trace, site: this.trace.siteNumber(pc, 4, TraceKind.exec) }
  }

  block(pc: number, size: number): DynCallback {
    return { kind: "traceExec", plugin: 1n, trace: this.trace, site: this.trace.siteNumber(pc, size, TraceKind.block) }
  }
}

const jit: typeof make = (options) => make({ ...options, jit: { hotThreshold: 1, synchronous: true } })
const engines = { interpreter: make, jit }

describe.each(Object.entries(engines))("%s", (_, makeEngine) => {
  /** r3 times: a load, two stores, a read-modify-write; then a system call. */
  const loop = {
    [a]: code(
      a,
      "guest_ld r1,r10,0,sl",
      "guest_st r1,r10,16,uq",
      "add r1,r1,$0x1\nguest_st r1,r10,0,uw",
      "atomic_fetch_add r4,r10,r3,sl",
      "sub r3,r3,$0x1\nbrcond r3,$0x0,eq,L0\ngoto_tb $0x10000,0,jump\nset_label L0\ngoto_tb $0x10100,1,jump"
    ),
    [a + 0x100]: code(a + 0x100, "exit_tb $0x0,syscall")
  }

  it("records accesses and executed code in program order", () => {
    const guest = new Traced({ code: loop, make: makeEngine }, (g, count) => ({
      tb: count > 1 ? [g.block(a, 20)] : [],
      insns: Array.from({ length: count }, (__, i) => ({
        exec: count > 1 && i === 1 ? [g.exec(a + 4)] : [],
        mem: [g.mem()]
      }))
    }))
    guest.setReg(3, 40n)
    guest.state.i32[dataBase >> 2] = -5
    assert.strictEqual(guest.engine.run(1000).kind, ExitKind.syscall)
    const at = dataBase.toString(16)
    const expected: Array<string> = []
    const memory = new DataView(new ArrayBuffer(8))
    memory.setInt32(0, -5, true)
    for (let left = 40; left > 0; left--) {
      const first = memory.getInt32(0, true)
      const hex = (value: number) => (value >>> 0).toString(16)
      const stored = (first + 1) & 0xffff
      expected.push(
        `v0 block 20@10000 pc=10000 0`,
        `v0 load 4@${at} pc=10000 ${hex(first)}`,
        `v0 exec 4@10004 pc=10004 0`,
        `v0 store 8@20010 pc=10004 ${BigInt.asUintN(64, BigInt(first)).toString(16)}`,
        `v0 store 2@${at} pc=10008 ${hex(stored)}`
      )
      memory.setUint16(0, stored, true)
      const old = memory.getInt32(0, true)
      expected.push(`v0 load 4@${at} pc=1000c ${hex(old)}`, `v0 store 4@${at} pc=1000c ${hex(old + left)}`)
      memory.setInt32(0, old + left, true)
    }
    assert.deepStrictEqual(guest.records(), expected)
    assert.isTrue(guest.batches.every((batch) => batch.length <= 100))
  })

  it.each([1, 2, 3, 5, 64, 1000])("loses and repeats nothing with room for %i records", (records) => {
    const guest = new Traced({ code: loop, make: makeEngine, records, values: false }, (g, count) => ({
      insns: Array.from({ length: count }, () => ({ exec: [], mem: [g.mem(), g.mem(MemRw.write)] }))
    }))
    guest.setReg(3, 50n)
    guest.engine.run(1000)
    const expected = ["load", "store", "store", "store", "store", "load", "store", "store"]
    assert.deepStrictEqual(
      guest.records().map((text) => text.split(" ")[1]),
      Array.from({ length: 50 }, () => expected).flat()
    )
    assert.isTrue(guest.batches.every((batch) => batch.length <= records))
  })

  it("a faulting access is not recorded, what came before it is", () => {
    const guest = new Traced(
      {
        code: { [a]: code(a, "guest_st r1,r10,0,uq", "guest_ld r1,r11,0,uq", "goto_tb $0x10000,0,jump") },
        make: makeEngine
      },
      (g) => ({ insns: [0, 1, 2].map((i) => ({ exec: [g.exec(a + 4 * i)], mem: [g.mem()] })) })
    )
    guest.setReg(11, BigInt(dataBase))
    guest.engine.run(60)
    guest.records()
    guest.batches.length = 0
    guest.setReg(11, 0x5000n)
    guest.pc = BigInt(a)
    assert.strictEqual(guest.engine.run(60).kind, ExitKind.memoryFault)
    assert.deepStrictEqual(
      guest.records().map((text) => text.replace(/ [0-9a-f]+$/, "")),
      ["v0 exec 4@10000 pc=10000", "v0 store 8@20000 pc=10000", "v0 exec 4@10004 pc=10004"]
    )
  })

  it("callbacks may drain at any time, and are told nothing twice", () => {
    const drained: Array<number> = []
    const guest = new Traced({ code: loop, make: makeEngine }, (g, count) => {
      const drain: DynCallback = {
        kind: "exec",
        plugin: 1n,
        flags: 0,
        callback: () => {
          const before = g.batches.flat().length
          g.trace.drain()
          drained.push(g.batches.flat().length - before)
        }
      }
      return {
        insns: Array.from({ length: count }, (__, i) => ({
          exec: count === 5 && (i === 2 || i === 4) ? [drain] : [],
          mem: [g.mem()]
        }))
      }
    })
    guest.setReg(3, 30n)
    guest.engine.run(1000)
    assert.lengthOf(guest.records(), 30 * 5)
    assert.deepStrictEqual(drained, Array.from({ length: 30 }, () => [2, 3]).flat())
  })

  it("an error of onBatch leaves at the record that found no room, and nothing is delivered twice", () => {
    const guest = new Traced({ code: loop, make: makeEngine, records: 4 }, (g, count) => ({
      insns: Array.from({ length: count }, () => ({ exec: [], mem: [g.mem()] }))
    }))
    guest.setReg(3, 30n)
    guest.engine.run(70)
    guest.onBatch = () => {
      throw new Error("enough")
    }
    const { error, kind } = guest.engine.run(1000)
    assert.strictEqual(kind, ExitKind.callbackError)
    assert.include(error, { plugin: 1n, event: "trace" })
    assert.strictEqual((error as { readonly pc: bigint }).pc, guest.pc)
    guest.onBatch = () => {}
    const before = guest.records().length
    const loads = guest.batches.flat().filter((text) => text.includes("load")).length
    assert.isAbove(loads, 20)
    assert.lengthOf(guest.records(), before)
  })

  it("an error at a block's own record counts none of its instructions", () => {
    const guest = new Traced({ code: loop, make: makeEngine, records: 6 }, (g, count) => ({
      tb: count > 1 ? [g.block(a, 20)] : []
    }))
    guest.setReg(3, 100n)
    guest.engine.run(5 * 15)
    assert.strictEqual(guest.instructions, 5 * 15)
    guest.onBatch = () => {
      throw new Error("enough")
    }
    assert.strictEqual(guest.engine.run(1000).kind, ExitKind.callbackError)
    assert.deepStrictEqual([guest.pc, guest.instructions], [BigInt(a), 5 * 18])
  })

  it("a block longer than the buffer drains on its way", () => {
    const long = Array.from({ length: 200 }, (__, i) => `guest_st r1,r10,${8 * i},uq`)
    const guest = new Traced(
      { code: { [a]: code(a, ...long, "exit_tb $0x10000,yield") }, make: makeEngine, records: 150, values: false },
      (g, count) => ({ insns: Array.from({ length: count }, () => ({ exec: [], mem: [g.mem()] })) })
    )
    for (let i = 0; i < 5; i++) assert.strictEqual(guest.engine.run(1000).kind, ExitKind.yield)
    const addresses = guest.records().map((text) => Number.parseInt(text.split(/[@ ]/)[3]!, 16) - dataBase)
    assert.deepStrictEqual(
      addresses,
      Array.from({ length: 1000 }, (__, i) => 8 * (i % 200))
    )
  })
})

describe("weaving", () => {
  const trace = new TraceBuffer({
    buffer: new ArrayBuffer(4096),
    byteOffset: 0,
    records: 100,
    values: true,
    deliver: () => {}
  })
  const mem: DynCallback = { kind: "traceMem", plugin: 1n, trace, rw: MemRw.readWrite }
  const called: DynCallback = { kind: "exec", plugin: 1n, flags: 0, callback: () => {} }
  const woven = (block: IrBlock, lists: Instrumentation["insns"]): string => {
    const result = weave(block, { tb: [], insns: lists })
    assert.deepStrictEqual(verify(result, globals), [])
    const text = print(result, globals)
    assert.strictEqual(print({ ...parse(text, globals), callbacks: result.callbacks }, globals), text)
    return text
      .split("\n")
      .filter((line) => /trace_|plugin_|set_label/.test(line))
      .join("\n")
  }
  const end = "exit_tb $0x0,syscall"

  it("reserves once for a stretch that nothing looks into", () => {
    const block = parse(code(a, "guest_ld r1,r10,0,uq", "guest_ld r10,r10,8,uq", "guest_st r1,r10,0,uq", end), globals)
    const text = woven(
      block,
      [0, 1, 2, 3].map(() => ({ exec: [], mem: [mem] }))
    )
    assert.strictEqual(
      text,
      [
        "trace_reserve tmp0,3,0",
        "trace_mem tmp0,tmp0,r10,r1,0,1",
        "trace_mem tmp0,tmp0,tmp1,r10,8,2",
        "trace_mem tmp0,tmp0,r10,r1,0,3"
      ].join("\n")
    )
  })

  it("reserves anew behind callbacks and labels", () => {
    const block = parse(
      code(
        a,
        "guest_ld r1,r10,0,uq",
        "guest_ld r1,r10,8,uq",
        "brcond r1,$0x0,eq,L0\nset_label L0\nguest_ld r1,r10,0,uq",
        end
      ),
      globals
    )
    const text = woven(block, [
      { exec: [], mem: [mem] },
      { exec: [called], mem: [mem, mem] },
      { exec: [], mem: [mem] },
      { exec: [], mem: [] }
    ])
    assert.strictEqual(
      text,
      [
        "trace_reserve tmp0,1,0",
        "trace_mem tmp0,tmp0,r10,r1,0,1",
        "plugin_exec 2",
        "trace_reserve tmp1,2,3",
        "trace_mem tmp1,tmp1,r10,r1,8,4",
        "trace_mem tmp1,tmp1,r10,r1,8,5",
        "set_label L0",
        "trace_reserve tmp2,1,6",
        "trace_mem tmp2,tmp2,r10,r1,0,7"
      ].join("\n")
    )
  })
})
