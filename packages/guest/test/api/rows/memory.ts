/** What memory callbacks tell of an access, guest memory, and physical addresses, of which there are none. */
import { CallbackFlags, type MemInfo, MemRw } from "@emu/core/Instrumentation"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { insn, li, reg } from "../../linux/support/assemble.ts"
import { at, data, exit, exitWith, loop, type OnEngine, rounds, type Rows, tagOf } from "../support/guest.ts"

/** Stores -1 as a double word, and loads it in every width. */
const widths = [
  ...li(reg.t0, data),
  ...li(reg.t1, -1),
  ...loop([
    insn("sd", { rs1: reg.t0, rs2: reg.t1, imm: 0 }),
    ...["lb", "lbu", "lh", "lhu", "lw", "lwu", "ld"].map((name) => insn(name, { rd: reg.a0, rs1: reg.t0, imm: 0 })),
    ...["sb", "sh", "sw"].map((name) => insn(name, { rs1: reg.t0, rs2: reg.t1, imm: 8 })),
    insn("amoadd.w", { rd: reg.a0, rs1: reg.t0, rs2: reg.t1 })
  ]),
  ...exit(0)
]

/** What a field says of each access of one round, in the last round. */
const field = <A>(on: OnEngine, look: (info: MemInfo) => A) =>
  Effect.gen(function* () {
    const seen: Array<A> = []
    yield* on(
      (api) =>
        api.onTbTrans((tb) => {
          for (const { onMem } of tb.insns.map((known) => ({ onMem: known.onMem.bind(known) }))) {
            onMem((_, info) => void seen.push(look(info)), MemRw.readWrite)
          }
        }),
      widths
    )
    assert.strictEqual(seen.length, 13 * rounds)
    const last = seen.slice(-13)
    assert.deepStrictEqual(seen.slice(0, 13), last)
    return last
  })

const noAddress = undefined

export const memoryRows: Rows = {
  mem_size_shift: Effect.fnUntraced(function* (on) {
    const shifts = yield* field(on, (info) => info.sizeShift)
    assert.deepStrictEqual(shifts, [3, 0, 0, 1, 1, 2, 2, 3, 0, 1, 2, 2, 2])
  }),

  mem_is_sign_extended: Effect.fnUntraced(function* (on) {
    const isSigned = (yield* field(on, (info) => info.isSignExtended)).slice(0, 8)
    assert.deepStrictEqual(isSigned, [false, true, false, true, false, true, false, false])
  }),

  mem_is_big_endian: Effect.fnUntraced(function* (on) {
    assert.notInclude(yield* field(on, (info) => info.isBigEndian), true)
  }),

  mem_is_store: Effect.fnUntraced(function* (on) {
    const loads = Array.from({ length: 7 }, () => false)
    // an atomic operation reads, then writes
    assert.deepStrictEqual(yield* field(on, (info) => info.isStore), [true, ...loads, true, true, true, false, true])
  }),

  mem_get_value: Effect.fnUntraced(function* (on) {
    const [byte, half, word, double] = [0xffn, 0xffffn, 0xffff_ffffn, 0xffff_ffff_ffff_ffffn]
    // zero-extended, whatever the register got; of an atomic operation what it really stored
    assert.deepStrictEqual(yield* field(on, (info) => info.value), [
      double,
      byte,
      byte,
      half,
      half,
      word,
      word,
      double,
      byte,
      half,
      word,
      word,
      word - 1n
    ])
  }),

  get_hwaddr: Effect.fnUntraced(function* (on) {
    yield* on((api) =>
      api.onTbTrans((tb) => {
        const look = (_: number, info: MemInfo, address: number) => assert.isUndefined(api.hwaddr(info, address))
        for (const known of tb.insns) known.onMem(look, MemRw.readWrite)
      })
    )
  }),

  hwaddr_is_io: Effect.fnUntraced(function* (on) {
    yield* on((api) => api.onVcpuInit(() => assert.isFalse(api.hwaddrIsIo(noAddress))))
  }),

  hwaddr_phys_addr: Effect.fnUntraced(function* (on) {
    yield* on((api) => api.onVcpuInit(() => assert.strictEqual(api.hwaddrPhysAddr(noAddress), 0n)))
  }),

  hwaddr_device_name: Effect.fnUntraced(function* (on) {
    yield* on((api) => api.onVcpuInit(() => assert.strictEqual(api.hwaddrDeviceName(noAddress), "Invalid")))
  }),

  translate_vaddr: Effect.fnUntraced(function* (on) {
    yield* on((api) => api.onVcpuInit(() => assert.isUndefined(api.translateVaddr(at.start))))
  }),

  read_memory_hwaddr: Effect.fnUntraced(function* (on) {
    yield* on((api) => api.onVcpuInit(() => assert.isUndefined(api.readMemoryHwaddr(at.start, 4))))
  }),

  write_memory_hwaddr: Effect.fnUntraced(function* (on) {
    yield* on((api) => api.onVcpuInit(() => assert.isFalse(api.writeMemoryHwaddr(at.start, Uint8Array.of(0)))))
  }),

  read_memory_vaddr: Effect.fnUntraced(function* (on) {
    const seen: Array<number> = []
    yield* on((api) => {
      assert.strictEqual(
        tagOf(() => api.readMemory(at.start, 1)),
        "NoVcpuContextError"
      )
      return api.onTbTrans((tb) => {
        // memory needs no permission for registers
        for (const known of tb.insns) {
          if (known.pc === at.count) known.onExec(() => void seen.push(api.readMemory(BigInt(data), 1)[0]!))
        }
        for (const [address, length] of [
          [8n, 4],
          [at.start, 0],
          [at.start, 1.5],
          [0x1_0000_0000n, 1],
          [-1n, 8],
          [0x20ffcn, 4 << 20]
        ] as const) {
          assert.strictEqual(
            tagOf(() => api.readMemory(address, length)),
            "GuestMemoryError"
          )
        }
      })
    })
    assert.deepStrictEqual(
      seen,
      Array.from({ length: rounds }, (_, i) => i + 1)
    )
  }),

  write_memory_vaddr: Effect.fnUntraced(function* (on) {
    // data: what the next instruction loads
    const { status } = yield* on((api) =>
      api.onTbTrans((tb) => {
        for (const known of tb.insns) {
          if (known.pc === at.lw) known.onExec(() => api.writeMemory(BigInt(data), Uint8Array.of(100, 0, 0, 0)))
        }
        assert.strictEqual(
          tagOf(() => api.writeMemory(0n, Uint8Array.of(1))),
          "GuestMemoryError"
        )
        assert.strictEqual(
          tagOf(() => api.writeMemory(at.start, Uint8Array.of())),
          "GuestMemoryError"
        )
      })
    )
    assert.strictEqual(status, 101)

    // code, which is not writable for the guest: from the next block on it is what was written
    let round = 0
    const two = Uint8Array.from(new Uint8Array(Uint32Array.of(insn("addi", { rd: reg.t1, rs1: reg.t1, imm: 2 })).buffer))
    const patched = yield* on((api) =>
      api.onTbTrans((tb) => {
        for (const known of tb.insns) {
          if (known.pc !== at.count) continue
          known.onExec(() => {
            if (++round === 30) api.writeMemory(at.addi, two)
          }, CallbackFlags.noRegs)
        }
      })
    )
    assert.strictEqual(patched.status, 30 + 2 * (rounds - 30))
    // a program that is never written to is what it was
    assert.strictEqual((yield* on(() => Effect.void, [...li(reg.t1, 5), ...loop([]), ...exitWith(reg.t1)])).status, 5)
  })
}
