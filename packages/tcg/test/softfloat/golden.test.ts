/**
 * Every case of the golden guest `floats`: some 80 000 results with their flags, recorded from QEMU. The operands stand in
 * the same file.
 */
import { readFileSync } from "node:fs"
import { gunzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { CpuState } from "@emu/tcg/CpuState"
import { Opcode, RoundingMode } from "@emu/tcg/ir/Opcode"
import * as Layout from "@emu/tcg/Layout"
import { execute } from "@emu/tcg/softfloat/index"

const file = new URL("../../../../tests/golden/programs/floats.expected/cases.stdout.gz", import.meta.url)
const lines = gunzipSync(readFileSync(file)).toString("latin1").split("\n")

/** Operand triples by list, and recorded "result flags" lines by row. */
const read = () => {
  const operands = new Map<string, Array<Array<bigint>>>()
  const rows = new Map<string, Array<string>>()
  let list: Array<Array<bigint>> | undefined
  let row: Array<string> | undefined
  for (const line of lines) {
    if (line.startsWith("operands.")) operands.set(line.slice(9), (list = []))
    else if (/^[0-9a-f]{16} [0-9a-f]{2}$/.test(line)) row!.push(line)
    else if (list !== undefined && /^[0-9a-f]{16}( |$)/.test(line)) list.push(line.split(" ").map((w) => BigInt(`0x${w}`)))
    else {
      list = undefined
      if (!line.includes(" ")) rows.set(line, (row = []))
    }
  }
  return { operands, rows }
}

const { operands, rows } = read()
const state = new CpuState(new WebAssembly.Memory({ initial: Layout.wasmPages, maximum: Layout.wasmPages, shared: true }))
const slots = { d: 10, a: 11, b: 12, c: 13 }

const fmaSigns: Record<string, number> = { fmadd: 0, fmsub: 2, fnmsub: 1, fnmadd: 3 }
const integers: Record<string, string> = { w: "i32", wu: "u32", l: "i64", lu: "u64" }
const formats: Record<string, string> = { s: "f32", d: "f64" }

/** The IR operation of a row's instruction, or undefined where the instruction is moves only (fsgnj, fmv). */
const operationOf = (name: string) => {
  const [base, x, y] = name.split(".") as [string, string, string | undefined]
  const find = (key: string) => Opcode[key as keyof typeof Opcode]
  if (base in fmaSigns) return { opcode: find(`fma_${formats[x]}`), negate: fmaSigns[base]! }
  if (base === "fcvt") return { opcode: find(`fcvt_${formats[x] ?? integers[x]}_${formats[y!] ?? integers[y!]}`), negate: 0 }
  const opcode = find(`${base}_${formats[x]}`)
  return opcode === undefined ? undefined : { opcode, negate: 0 }
}

/** A boxed single's low half, or the canonical NaN. */
const unbox = (bits: bigint) => (bits >> 32n === 0xffffffffn ? bits & 0xffffffffn : 0x7fc00000n)

describe("golden floats", () => {
  for (const [name, expected] of rows) {
    const parts = name.split(".")
    const mode = RoundingMode[parts.at(-1) as keyof typeof RoundingMode]
    const instruction = mode === undefined ? name : parts.slice(0, -1).join(".")
    const operation = operationOf(instruction)
    if (operation === undefined || expected.length === 0) continue
    it(name, () => {
      const from = /^fcvt\.[sd]\.(w|l)/.test(instruction)
        ? "i"
        : instruction === "fcvt.s.d"
          ? "d"
          : instruction.split(".").at(-1)!
      const resultIsSingle = /^f(add|sub|mul|div|sqrt|n?madd|n?msub|min|max|cvt)\.s/.test(instruction)
      const list = operands.get(from)!
      assert.strictEqual(expected.length, list.length)
      const got = list.map((triple) => {
        const [a, b, c] = from === "s" ? triple.map(unbox) : triple
        state.u64[slots.a] = a!
        state.u64[slots.b] = b ?? 0n
        state.u64[slots.c] = c ?? 0n
        state.u64[Layout.CpuSlot.fpFlags] = 0n
        assert.isTrue(execute(state, operation.opcode, slots.d, slots.a, slots.b, slots.c, mode ?? 0, operation.negate))
        const result = state.u64[slots.d]! | (resultIsSingle ? 0xffffffff00000000n : 0n)
        if (resultIsSingle) assert.strictEqual(state.u32[2 * slots.d + 1], 0)
        const flags = state.u32[2 * Layout.CpuSlot.fpFlags]!
        return `${result.toString(16).padStart(16, "0")} ${flags.toString(16).padStart(2, "0")}`
      })
      assert.deepStrictEqual(got, expected)
    })
  }

  it("covers every operation that the file has", () => {
    assert.isAbove(rows.size, 130)
  })
})
