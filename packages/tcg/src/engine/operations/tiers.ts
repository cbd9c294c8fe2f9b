/** Where the interpreters meet the compiled tier: these begin blocks, but for the last. */
import { Insn } from "../../wasm/Wasm.ts"
import { EngineCell } from "../cells.ts"
import { type Family, jump, operation } from "./Operation.ts"

export const tiers: Family = {
  heading: "the compiled tier",
  operations: [
    // The loop in WebAssembly counts where it enters a block; here it comes only from its own start.
    jump(
      "hot",
      "#countdown",
      `if (--code[pc + 1]! >= 0) {
  pc += 2
} else {
  pc = machine.tier!.hot(pc)
}
continue`,
      (to) => to.code.br(to.enter)
    ),
    jump(
      "region",
      "#entry",
      `pc = machine.tier!.enterRegion(pc, left)
if (pc < 0) {
  return
}
left = machine.left
limit = machine.limit
continue`,
      (to) => {
        const { code, locals } = to
        to.here()
        code.get(locals.left)
        to.callWith("region")
        code.tee(locals.i32[0])
        code.i32(0)
        code.op(Insn.i32_lt_s)
        code.ifUnlikely()
        code.op(Insn.return)
        code.end()
        to.cell(EngineCell.left)
        code.set(locals.left)
        to.enterAt(locals.i32[0])
      }
    ),
    operation(
      "jump_target",
      "a #last",
      `const low = i32[a]!
if (low !== last) {
  code[pc + 2] = low
  machine.tier!.noteTarget(low)
}`,
      (to) => {
        const { code, locals } = to
        to.low("a")
        code.tee(locals.i32[0])
        to.word("last")
        code.op(Insn.i32_ne)
        code.if()
        code.get(locals.pc)
        code.get(locals.i32[0])
        code.memory(Insn.i32_store, 8)
        code.get(locals.i32[0])
        to.callWith("noteTarget")
        code.end()
      }
    )
  ]
}
