/** Registers: permission by the callback's flag, values at every instruction, changes seen by the next one. */
import { CallbackFlags, MemRw } from "@emu/core/Instrumentation"
import type { InsnHandle, PluginApi } from "@emu/core/PluginApi"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { call, insn, li, reg } from "../../linux/support/assemble.ts"
import { at, exitWith, loop, type OnEngine, register, rounds, type Rows, Sys, tagOf } from "../support/guest.ts"

/** Runs a program with something at the instruction at one address. */
const onInsn = (
  on: OnEngine,
  pc: bigint,
  look: (api: PluginApi, insn: InsnHandle) => void,
  program?: ReadonlyArray<number>
) =>
  on(
    (api) =>
      api.onTbTrans((tb) => {
        for (const known of tb.insns) if (known.pc === pc) look(api, known)
      }),
    program
  )

const flags = Object.values(CallbackFlags)

/** The error where a callback's flags do not allow what it does. */
const refusal = (flag: CallbackFlags): string =>
  flag === CallbackFlags.deferred ? "DeferredCallbackError" : "RegisterPermissionError"

export const registerRows: Rows = {
  get_registers: Effect.fnUntraced(function* (on) {
    yield* on((api) => {
      const all = api.getRegisters()
      const names = all.map(({ name }) => name)
      assert.strictEqual(new Set(names).size, all.length)
      assert.deepStrictEqual([names[0], names[8], names[32], names[33]], ["zero", "fp", "pc", "ft0"])
      const { feature, isReadOnly, size } = register(api, "a0")
      assert.deepStrictEqual([feature, isReadOnly, size], ["org.gnu.gdb.riscv.cpu", false, 8])
      // as in QEMU, where zero is said to be writable, these cannot be written
      assert.deepStrictEqual(
        ["zero", "pc"].map((name) => register(api, name).isReadOnly),
        [true, true]
      )
      assert.strictEqual(register(api, "fcsr").feature, "org.gnu.gdb.riscv.csr")
      return Effect.void
    })
  }),

  read_register: Effect.fnUntraced(function* (on) {
    for (const flag of flags) {
      const seen: Array<unknown> = []
      yield* onInsn(on, at.sw, (api, known) =>
        known.onExec(() => void seen.push(tagOf(() => api.readRegister(register(api, "t1")))), flag)
      )
      const values = Array.from({ length: rounds }, (_, i) =>
        flag < CallbackFlags.readRegs ? refusal(flag) : BigInt(i + 1)
      )
      assert.deepStrictEqual(seen, values)
    }
    // outside of a callback there is no vCPU whose registers they could be
    yield* on((api) => {
      assert.strictEqual(
        tagOf(() => api.readRegister(register(api, "a0"))),
        "NoVcpuContextError"
      )
      return Effect.void
    })
  }),

  write_register: Effect.fnUntraced(function* (on) {
    for (const flag of flags) {
      const seen: Array<unknown> = []
      const { status } = yield* onInsn(on, at.sw, (api, known) =>
        known.onExec(() => {
          // the store is the next instruction
          seen.push(tagOf(() => api.writeRegister(register(api, "t1"), 9n)))
        }, flag)
      )
      const mayWrite = flag >= CallbackFlags.readWriteRegs
      assert.strictEqual(status, mayWrite ? 9 : rounds)
      assert.deepStrictEqual(new Set(seen), new Set([mayWrite ? undefined : refusal(flag)]))
    }
    const refused: Array<unknown> = []
    yield* onInsn(on, at.sw, (api, known) =>
      known.onExec(() => {
        for (const name of ["zero", "pc"]) refused.push(tagOf(() => api.writeRegister(register(api, name), 0n)))
      }, CallbackFlags.readWriteRegs)
    )
    assert.deepStrictEqual(new Set(refused), new Set(["RegisterAccessError"]))

    // a value that does not fit where the JIT has seen 32 bits so far, and a counter that ends the loop
    const wide = 0x1234_5678_9abc_def0n
    const body = [insn("addiw", { rd: reg.t1, rs1: reg.t1, imm: 1 }), insn("srli", { rd: reg.a1, rs1: reg.t1, imm: 56 })]
    let round = 0
    const { status } = yield* onInsn(
      on,
      at.start + 8n,
      (api, known) =>
        known.onExec(() => {
          if (++round !== 40) return
          api.writeRegister(register(api, "t1"), wide)
          api.writeRegister(register(api, "s1"), 1n)
        }, CallbackFlags.readWriteRegs),
      [...loop(body), ...exitWith(reg.a1)]
    )
    assert.deepStrictEqual([round, status], [40, 0x12])

    // in front of a block
    let blocks = 0
    yield* on((api) =>
      api.onTbTrans((tb) => {
        if (tb.pc !== at.lw) return
        tb.onExec(() => {
          if (++blocks === 40) api.writeRegister(register(api, "s1"), 1n)
        }, CallbackFlags.readWriteRegs)
      })
    )
    assert.strictEqual(blocks, 40)

    // in a memory callback the access has happened: the loaded value is there to be replaced
    const loaded = yield* onInsn(on, at.lw, (api, known) =>
      known.onMem(() => api.writeRegister(register(api, "t1"), 20n), MemRw.read, CallbackFlags.readWriteRegs)
    )
    assert.strictEqual(loaded.status, 21)

    // the rounding mode of the floating-point unit
    const rounding = [
      ...li(reg.t0, 3),
      insn("fcvt.d.w", { rd: 1, rs1: reg.t0, rm: 7 }),
      ...li(reg.t0, 2),
      insn("fcvt.d.w", { rd: 2, rs1: reg.t0, rm: 7 }),
      insn("fdiv.d", { rd: 1, rs1: 1, rs2: 2, rm: 7 }),
      ...loop([insn("fcvt.w.d", { rd: reg.a1, rs1: 1, rm: 7 })]),
      ...exitWith(reg.a1)
    ]
    const convert =
      0x10000n + 4n * BigInt(rounding.findIndex((word) => word === insn("fcvt.w.d", { rd: reg.a1, rs1: 1, rm: 7 })))
    for (const [mode, expected] of [
      [0n, 2],
      [1n, 1]
    ] as const) {
      const { status: rounded } = yield* onInsn(
        on,
        convert,
        (api, known) => known.onExec(() => api.writeRegister(register(api, "frm"), mode), CallbackFlags.readWriteRegs),
        rounding
      )
      assert.strictEqual(rounded, expected)
    }
  }),

  set_pc: Effect.fnUntraced(function* (on) {
    for (const flag of flags) {
      const seen: Array<unknown> = []
      const { status } = yield* onInsn(on, at.addi, (api, known) => {
        known.onExec(() => {
          if (flag === CallbackFlags.readWriteRegsPc) api.setPc(at.sw)
          seen.push(tagOf(() => api.setPc(at.sw)))
        }, flag)
      })
      // the instruction does not run, nor does the rest of the callback
      if (flag === CallbackFlags.readWriteRegsPc) assert.deepStrictEqual([status, seen.length], [0, 0])
      else assert.deepStrictEqual([status, new Set(seen)], [rounds, new Set([refusal(flag)])])
    }

    // no instruction can be at an odd address
    const odd: Array<unknown> = []
    yield* onInsn(on, at.addi, (api, known) =>
      known.onExec(() => void odd.push(tagOf(() => api.setPc(at.sw + 1n))), CallbackFlags.readWriteRegsPc)
    )
    assert.deepStrictEqual(new Set(odd), new Set(["PcAlignmentError"]))

    // in front of a block, of which nothing runs then
    let leaves = 0
    const left = yield* on((api) =>
      api.onTbTrans((tb) => {
        if (tb.pc !== at.lw) return
        tb.onExec(() => {
          if (++leaves === 40) api.setPc(at.exit)
        }, CallbackFlags.readWriteRegsPc)
      })
    )
    assert.deepStrictEqual([leaves, left.status], [40, 40])

    // from a memory callback: the access has happened, the callbacks behind it do not run
    const later: Array<string> = []
    const skipped = yield* onInsn(on, at.lw, (api, known) => {
      known.onMem(
        () => {
          api.writeRegister(register(api, "t1"), 50n)
          api.setPc(at.sw)
        },
        MemRw.read,
        CallbackFlags.readWriteRegsPc
      )
      known.onMem(() => void later.push("heard"), MemRw.read)
    })
    assert.deepStrictEqual([skipped.status, later], [50, []])

    // around system calls: before one it is not made, after one its result is there
    const calls = [...loop([...call(Sys.getpid, 7), insn("addi", { rd: reg.s0, rs1: reg.a0, imm: 0 })]), ...exitWith(reg.s0)]
    const before = yield* on(
      (api) =>
        api.onSyscall((_, num) => {
          if (num === Sys.getpid) api.setPc(afterCall(api))
        }),
      calls
    )
    const filtered = yield* on(
      (api) => api.onSyscallFilter((_, num) => (num === Sys.getpid ? api.setPc(afterCall(api)) : undefined)),
      calls
    )
    const behind = yield* on(
      (api) =>
        api.onSyscallRet((_, num) => {
          if (num === Sys.getpid) api.setPc(afterCall(api))
        }),
      calls
    )
    const changed = yield* on(
      (api) =>
        api.onSyscallRet((_, num) => {
          if (num === Sys.getpid) api.writeRegister(register(api, "a0"), 33n)
        }),
      calls
    )
    assert.deepStrictEqual(
      [before, filtered, behind, changed].map(({ status }) => status),
      [7, 7, 100, 33]
    )
  })
}

/** The instruction behind the call, whose address is what callbacks of system calls see as pc. */
const afterCall = (api: PluginApi): bigint => api.readRegister(register(api, "pc"))
