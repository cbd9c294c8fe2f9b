import { Insn } from "../../wasm/Wasm.ts"
import { byteSwap } from "./longArithmetic.ts"
import { type Family, type Operation, operation } from "./Operation.ts"

/** An operation that is one instruction of WebAssembly. */
const unary = (name: string, insn: number, text: string): Operation =>
  operation(name, "^d a", text, (to) =>
    to.put("d", () => {
      to.value("a")
      to.code.op(insn)
    })
  )

/** Extension of the lowest bits: the load that does it. */
const extension = (name: string, load: number, low: string, high: string): Operation =>
  operation(
    name,
    "^d a",
    high === "sign"
      ? `const value = ${low}
i32[d] = value
i32[d + 1] = value >> 31`
      : `i32[d] = ${low}
i32[d + 1] = 0`,
    (to) =>
      to.put("d", () => {
        to.word("a")
        to.code.memory(load, 0)
      })
  )

export const bits: Family = {
  heading: "bits and extensions",
  operations: [
    unary(
      "clz",
      Insn.i64_clz,
      `const hi = i32[a + 1]!
i32[d] = hi === 0 ? 32 + Math.clz32(i32[a]!) : Math.clz32(hi)
i32[d + 1] = 0`
    ),
    unary(
      "ctz",
      Insn.i64_ctz,
      `const lo = i32[a]!
i32[d] = lo === 0 ? 32 + trailingZeros32(i32[a + 1]!) : trailingZeros32(lo)
i32[d + 1] = 0`
    ),
    unary(
      "popcnt",
      Insn.i64_popcnt,
      `i32[d] = popcount32(i32[a]!) + popcount32(i32[a + 1]!)
i32[d + 1] = 0`
    ),
    operation(
      "bswap",
      "^d a",
      `const lo = i32[a]!
i32[d] = swapBytes32(i32[a + 1]!)
i32[d + 1] = swapBytes32(lo)`,
      byteSwap
    ),
    extension("ext8s", Insn.i64_load8_s, "(i32[a]! << 24) >> 24", "sign"),
    extension("ext16s", Insn.i64_load16_s, "(i32[a]! << 16) >> 16", "sign"),
    extension("ext32s", Insn.i64_load32_s, "i32[a]!", "sign"),
    extension("ext8u", Insn.i64_load8_u, "i32[a]! & 0xff", "zero"),
    extension("ext16u", Insn.i64_load16_u, "i32[a]! & 0xffff", "zero"),
    extension("ext32u", Insn.i64_load32_u, "i32[a]!", "zero")
  ]
}
