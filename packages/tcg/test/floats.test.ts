/** Floating-point operations in the interpreter, its quick paths above all, against the exact ones on bit patterns. */
import { assert, describe, it } from "@effect/vitest"
import { IrBuilder } from "@emu/tcg/ir/Block"
import { Opcode, OpFlag, opTable } from "@emu/tcg/ir/Opcode"
import { print } from "@emu/tcg/ir/Print"
import { CpuSlot } from "@emu/tcg/Layout"
import { evaluate } from "@emu/tcg/softfloat/index"
import { operations } from "@emu/tcg/softfloat/operations"
import { codeBase, globals, Guest, loops } from "./support/Guest.ts"
import { integer, triple } from "./softfloat/patterns.ts"

describe.each(loops)("under $name", ({ cold }) => {
  const guest = new Guest({ cold })

  /** Runs one operation on r1, r2, r3 into r4. */
  const program = (opcode: number, rm: number, negate: number): string => {
    const { constants, inputs } = opTable[opcode]!
    const builder = new IrBuilder(BigInt(codeBase))
    builder.insnStart({ pc: BigInt(codeBase), size: 4, raw: 0 })
    builder.op(opcode, 4, ...[1, 2, 3].slice(0, inputs), ...[rm, negate].slice(0, constants))
    builder.op(Opcode.exit_tb, builder.constant(0n), 0)
    return print(builder.finish(), globals)
  }

  describe("floating point", () => {
    operations.forEach((operation, opcode) => {
      if (operation === undefined) return
      const { constants, name } = opTable[opcode]!
      const modes: ReadonlyArray<readonly [rm: number, dynamic: number]> =
        constants === 0
          ? [[0, 0]]
          : [
              [0, 0],
              [1, 0],
              [7, 0],
              [7, 3]
            ]
      const check = (inputs: ReadonlyArray<bigint>) => {
        for (const [rm, dynamic] of modes) {
          guest.code[codeBase] = program(opcode, rm, inputs.length === 3 ? 2 : 0)
          guest.engine.flush()
          for (const flags of [0, 1]) {
            inputs.forEach((input, i) => guest.setReg(1 + i, BigInt.asIntN(64, input)))
            guest.state.i64[CpuSlot.fpFlags] = BigInt(flags)
            guest.state.i64[CpuSlot.fpRound] = BigInt(dynamic)
            guest.pc = BigInt(codeBase)
            guest.engine.run(10)
            const status = { round: rm === 7 ? dynamic : rm, flags }
            const [a = 0n, b = 0n, c = 0n] = inputs
            const wanted = evaluate(opcode, status, a, b, c, inputs.length === 3 ? 2 : 0)
            const label = `${name} rm ${rm} frm ${dynamic} flags ${flags} of ${inputs.map((x) => x.toString(16)).join(", ")}`
            assert.strictEqual(guest.reg(4), wanted, label)
            assert.strictEqual(Number(guest.state.i64[CpuSlot.fpFlags]), status.flags, label)
          }
        }
      }
      const options = { arbitrary: { runs: 150 } }
      const { inputs } = opTable[opcode]!
      if (/_f(32|64)_[iu]/.test(name)) {
        it.prop(name, [integer], ([x]) => check([x]), options)
      } else {
        it.prop(name, [triple(operation.operandWidth)], ([t]) => check(t.slice(0, inputs)), options)
      }
    })

    it("has every operation that the table marks", () => {
      const marked = opTable.flatMap(({ flags }, opcode) => ((flags & OpFlag.fpStatus) !== 0 ? [opcode] : []))
      assert.deepStrictEqual(
        marked.filter((opcode) => operations[opcode] === undefined),
        []
      )
    })
  })
})
