/** Every integer operation: the interpreter's code against `fold`, in every operand form. */
import { assert, describe, it } from "@effect/vitest"
import { IrBuilder } from "@emu/tcg/ir/Block"
import { Opcode, opTable } from "@emu/tcg/ir/Opcode"
import { print } from "@emu/tcg/ir/Print"
import { fold } from "@emu/tcg/optimize/fold"
import { codeBase, dataBase, globals, Guest, loops } from "./support/Guest.ts"
import { edges, value64 } from "./support/values.ts"

describe.each(loops)("under $name", ({ cold }) => {
  const guest = new Guest({ cold, optimize: false })

  /** Runs a block from its first instruction to its exit. */
  const run = (builder: IrBuilder) => {
    guest.code[codeBase] = print(builder.finish(), globals)
    guest.engine.flush()
    guest.pc = BigInt(codeBase)
    guest.engine.run(1000)
  }

  const conds = (opcode: number) => (opTable[opcode]!.constants === 1 ? [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] : [0])

  /** Runs `op d, inputs...` with the inputs in registers from 1 on, or as constants where `constant` says so. */
  const runOp = (
    opcode: number,
    inputs: ReadonlyArray<bigint>,
    cond: number,
    form: { readonly constants?: ReadonlyArray<number>; readonly d?: number }
  ): bigint => {
    const builder = new IrBuilder(BigInt(codeBase))
    builder.insnStart({ pc: BigInt(codeBase), size: 4, raw: 0 })
    const d = form.d ?? 9
    const args = inputs.map((input, i) => (form.constants?.includes(i) === true ? builder.constant(input) : 1 + i))
    builder.op(opcode, d, ...args, ...(opTable[opcode]!.constants === 1 ? [cond] : []))
    builder.op(Opcode.exit_tb, builder.constant(0n), 0)
    inputs.forEach((input, i) => guest.setReg(1 + i, input))
    run(builder)
    return guest.reg(d)
  }

  describe("integer operations", () => {
    fold.forEach((compute, opcode) => {
      if (compute === undefined) return
      const { inputs, name } = opTable[opcode]!
      it(`${name} agrees with its model at the edges`, () => {
        const firsts = inputs > 2 ? edges.slice(0, 6) : edges
        const seconds = inputs === 1 ? [0n] : firsts
        const rows = batch(opcode, firsts, seconds)
        for (const [got, wanted, label] of rows) {
          assert.strictEqual(got, wanted, label)
        }
      })

      it.prop(
        `${name} agrees with its model in every operand form`,
        [value64, value64],
        ([a, b]) => {
          const all = [a, b, 5n, 7n].slice(0, inputs)
          for (const cond of conds(opcode)) {
            const wanted = compute(all, cond)
            for (const d of [9, 1, ...(inputs > 1 ? [2] : [])]) {
              assert.strictEqual(runOp(opcode, all, cond, { d }), wanted, `d = r${d}, cond ${cond}`)
            }
            assert.strictEqual(runOp(opcode, all, cond, { constants: [0] }), wanted, `constant first, cond ${cond}`)
            if (inputs > 1) {
              assert.strictEqual(runOp(opcode, all, cond, { constants: [1] }), wanted, `constant second, cond ${cond}`)
            }
          }
        },
        { arbitrary: { runs: 12 } }
      )
    })
  })

  /** One block that computes an operation for all pairs of inputs, storing the results in memory: result, model, label. */
  const batch = (
    opcode: number,
    firsts: ReadonlyArray<bigint>,
    seconds: ReadonlyArray<bigint>
  ): ReadonlyArray<readonly [got: bigint, wanted: bigint, label: string]> => {
    const { inputs, name } = opTable[opcode]!
    const compute = fold[opcode]!
    const rows: Array<readonly [bigint, bigint, string]> = []
    for (const cond of conds(opcode)) {
      for (const a of firsts) {
        const builder = new IrBuilder(BigInt(codeBase))
        builder.insnStart({ pc: BigInt(codeBase), size: 4, raw: 0 })
        seconds.forEach((b, i) => {
          builder.op(Opcode.mov, 2, builder.constant(b))
          builder.op(opcode, 9, ...[1, 2, 3, 4].slice(0, inputs), ...(opTable[opcode]!.constants === 1 ? [cond] : []))
          builder.op(Opcode.guest_st, 9, 10, 8 * i, 3)
        })
        builder.op(Opcode.exit_tb, builder.constant(0n), 0)
        guest.setReg(1, a)
        guest.setReg(3, 5n)
        guest.setReg(4, 7n)
        guest.setReg(10, BigInt(dataBase))
        run(builder)
        seconds.forEach((b, i) => {
          const wanted = compute([a, b, 5n, 7n].slice(0, inputs), cond)
          rows.push([guest.state.i64[dataBase / 8 + i]!, wanted, `${name} ${a}, ${b} (cond ${cond})`])
        })
      }
    }
    return rows
  }
})
