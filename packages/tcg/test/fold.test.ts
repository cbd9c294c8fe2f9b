/** The model itself, at values worked out by hand: everything else is compared with it. */
import { assert, describe, it } from "@effect/vitest"
import { Opcode } from "@emu/tcg/ir/Opcode"
import { fold } from "@emu/tcg/optimize/fold"

const min = -0x8000000000000000n
const max = 0x7fffffffffffffffn

const rows: ReadonlyArray<readonly [keyof typeof Opcode, ReadonlyArray<bigint>, bigint]> = [
  ["add", [max, 1n], min],
  ["sub", [min, 1n], max],
  ["mul", [1n << 62n, 4n], 0n],
  ["mulh_s", [min, min], 1n << 62n],
  ["mulh_s", [-1n, 1n], -1n],
  ["mulh_u", [-1n, -1n], -2n],
  ["mulh_su", [-1n, -1n], -1n],
  ["div_s", [7n, -2n], -3n],
  ["div_s", [5n, 0n], -1n],
  ["div_s", [min, -1n], min],
  ["rem_s", [7n, -2n], 1n],
  ["rem_s", [-7n, 2n], -1n],
  ["rem_s", [5n, 0n], 5n],
  ["rem_s", [min, -1n], 0n],
  ["div_u", [-1n, 2n], max],
  ["div_u", [5n, 0n], -1n],
  ["rem_u", [-1n, 10n], 5n],
  ["shl", [1n, 65n], 2n],
  ["shr", [-1n, 60n], 15n],
  ["sar", [min, 63n], -1n],
  ["rotl", [min, 1n], 1n],
  ["rotr", [1n, 1n], min],
  ["clz", [0n], 64n],
  ["clz", [1n], 63n],
  ["ctz", [0n], 64n],
  ["ctz", [8n], 3n],
  ["popcnt", [-1n], 64n],
  ["bswap", [0x0102030405060708n], 0x0807060504030201n],
  ["ext8s", [0x80n], -128n],
  ["ext8u", [-1n], 255n],
  ["ext16s", [0x8000n], -32768n],
  ["ext32s", [0x80000000n], -0x80000000n],
  ["ext32u", [-1n], 0xffffffffn],
  ["add_i32", [0x7fffffffn, 1n], -0x80000000n],
  ["div_s_i32", [-0x80000000n, -1n], -0x80000000n],
  ["div_u_i32", [-1n, 1n], -1n],
  ["rem_u_i32", [-1n, 10n], 5n],
  ["shr_i32", [-1n, 28n], 15n],
  ["shr_i32", [-1n, 0n], -1n],
  ["sar_i32", [0x80000000n, 31n], -1n],
  ["rotl_i32", [0x80000000n, 1n], 1n],
  ["rotr_i32", [1n, 1n], -0x80000000n],
  ["clz_i32", [0xffffffff00000000n], 32n],
  ["ctz_i32", [0n], 32n],
  ["popcnt_i32", [-1n], 32n],
  ["f32_unbox", [0x3f800000n], 0x7fc00000n],
  ["f32_unbox", [-0x40800000n], 0xbf800000n],
  ["f32_box", [0x3f800000n], -0xc0800000n]
]

describe("fold", () => {
  it.each(
    rows.map(([name, inputs, wanted]) => [`${name} ${inputs.join(", ")}`, name, inputs.map(String), String(wanted)] as const)
  )("%s", (_, name, inputs, wanted) => {
    assert.strictEqual(fold[Opcode[name]]!(inputs.map(BigInt), 0), BigInt(wanted))
  })
})
