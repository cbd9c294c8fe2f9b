/** The engine as a service, and what translation options do. */
import { assert, describe, it } from "@effect/vitest"
import { CodeCache } from "@emu/core/Ports"
import { CpuState } from "@emu/tcg/CpuState"
import { Engine, ExitKind } from "@emu/tcg/Engine"
import * as TieredEngine from "@emu/tcg/engine/tiered/TieredEngine"
import type { FrontEnd, TranslateOptions } from "@emu/tcg/FrontEnd"
import { Opcode } from "@emu/tcg/ir/Opcode"
import * as Layout from "@emu/tcg/Layout"
import * as Effect from "effect/Effect"
import { codeBase, Guest } from "./support/Guest.ts"

const hex = codeBase.toString(16)
const code = { [codeBase]: ` ---- ${hex} 4 13\nmov r1,$0x1\nmov r1,$0x2\nexit_tb $0x${hex},syscall` }

describe("trace", () => {
  it("tells instructions, IR before and after optimisation, and each block that runs", () => {
    const texts: Record<"inAsm" | "op" | "opOpt", Array<string>> = { inAsm: [], op: [], opOpt: [] }
    const ran: Array<number> = []
    const guest = new Guest({
      code: { ...code, [codeBase + 0x100]: ` ---- ${(codeBase + 0x100).toString(16)} 4 0\ngoto_tb $0x${hex},0,jump` },
      trace: {
        inAsm: (text) => texts.inAsm.push(text),
        op: (text) => texts.op.push(text),
        opOpt: (text) => texts.opOpt.push(text),
        exec: (vcpu, pc) => ran.push(vcpu, pc)
      }
    })
    for (let i = 0; i < 2; i++) {
      guest.pc = BigInt(codeBase + 0x100)
      guest.engine.run(100)
    }
    assert.deepStrictEqual(texts.inAsm[1], "0x00010000:  00000013          insn 19\n")
    assert.include(texts.op[1], "mov r1,$0x1\nmov r1,$0x2")
    assert.notInclude(texts.opOpt[1], "mov r1,$0x1")
    assert.deepStrictEqual(ran, [0, codeBase + 0x100, 0, codeBase, 0, codeBase + 0x100, 0, codeBase])
    assert.lengthOf(guest.translated, 2)
  })
})

describe("services", () => {
  const state = new CpuState(new WebAssembly.Memory({ initial: Layout.wasmPages, maximum: Layout.wasmPages, shared: true }))
  const asked: Array<TranslateOptions> = []
  const frontEnd: FrontEnd = {
    name: "nothing",
    globals: [],
    helpers: [],
    translate: (reader, builder, options) => {
      asked.push(options)
      if (reader.fetch16(Number(builder.pc)) < 0) return false
      builder.insnStart({ pc: builder.pc, size: 2, raw: 0 })
      builder.op(Opcode.exit_tb, builder.constant(7n), 0)
      return true
    },
    disassemble: () => ""
  }

  it.effect("Engine and CodeCache are the same interpreter", () =>
    Effect.gen(function* () {
      const engine = yield* Engine
      const cache = yield* CodeCache
      state.pageTable[0x10] = Layout.PageFlag.mapped | Layout.PageFlag.exec
      state.i64[Layout.CpuSlot.pc] = 0x10000n
      assert.strictEqual(engine.run(10).kind, ExitKind.syscall)
      assert.strictEqual(state.i64[Layout.CpuSlot.pc], 7n)
      cache.flush()
      assert.strictEqual(engine.stats().flushes, 1)
      assert.strictEqual(engine.stats().cachedBlocks, 0)
    }).pipe(Effect.provide(TieredEngine.layer({ state, frontEnd })))
  )

  it("asks the front end for as many instructions as the options allow", () => {
    asked.length = 0
    for (const oneInsnPerTb of [false, true]) {
      state.i64[Layout.CpuSlot.pc] = 0x10000n
      TieredEngine.make({ state, frontEnd, oneInsnPerTb }).engine.run(1)
    }
    assert.deepStrictEqual(asked, [{ maxInsns: 512 }, { maxInsns: 1 }])
  })
})

describe("temps", () => {
  it("of a block that needs more at once than there are slots: the block is translated again, shorter", () => {
    const limits: Array<number> = []
    const state = new CpuState(
      new WebAssembly.Memory({ initial: Layout.wasmPages, maximum: Layout.wasmPages, shared: true })
    )
    state.pageTable[0x10] = Layout.PageFlag.mapped | Layout.PageFlag.exec
    const frontEnd: FrontEnd = {
      name: "greedy",
      globals: [],
      helpers: [],
      translate: (_, builder, { maxInsns }) => {
        limits.push(maxInsns)
        const temps = Array.from({ length: maxInsns }, (_each, i) => {
          builder.insnStart({ pc: builder.pc + BigInt(2 * i), size: 2, raw: 0 })
          const temp = builder.temp()
          builder.op(Opcode.guest_ld, temp, 1, 0, 0)
          return temp
        })
        for (const temp of temps) builder.op(Opcode.add, 2, 2, temp)
        builder.op(Opcode.exit_tb, builder.constant(7n), 0)
        return true
      },
      disassemble: () => ""
    }
    state.pageTable[0x11] = Layout.PageFlag.mapped | Layout.PageFlag.read
    state.u8[0x11000] = 3
    const { engine } = TieredEngine.make({ state, frontEnd })
    state.i64[1] = 0x11000n
    state.i64[Layout.CpuSlot.pc] = 0x10000n
    assert.strictEqual(engine.run(10).kind, ExitKind.syscall)
    assert.deepStrictEqual(limits, [512, 256, 128])
    assert.strictEqual(state.i64[2], 3n * 128n)
  })
})
