import { type Family, operation } from "./Operation.ts"

export const moves: Family = {
  heading: "moves",
  operations: [
    operation(
      "mov",
      "^d a",
      `i32[d + 1] = i32[a + 1]!
i32[d] = i32[a]!`,
      (to) => to.put("d", () => to.value("a"))
    ),
    operation(
      "movi",
      "^d #imm",
      `i32[d] = imm
i32[d + 1] = imm >> 31`,
      (to) => to.put("d", () => to.word64("imm"))
    )
  ]
}
