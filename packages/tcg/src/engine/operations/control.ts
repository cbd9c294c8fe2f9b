import { jumpCacheBase, jumpCacheMask } from "../../Layout.ts"
import { Insn } from "../../wasm/Wasm.ts"
import { branches, choices } from "./conditions.ts"
import { type Family, jump, operation } from "./Operation.ts"

export const control: Family = {
  heading: "control",
  operations: [
    jump(
      "br",
      "#target",
      `pc = target
continue`,
      (to) => {
        const { code, locals } = to
        to.word("target")
        code.i32(2)
        code.op(Insn.i32_shl)
        code.set(locals.pc)
        code.br(to.dispatch)
      }
    ),
    ...branches,
    jump(
      "goto_tb",
      "^#n #link #pcLow #pcHigh",
      `left -= n
if (left > limit && link >= 0) {
  pc = link
  continue
}
pc = next(machine, left, pc + 1, pcLow, pcHigh)
if (pc < 0) {
  return
}
limit = machine.limit
continue`,
      (to) => {
        const { code, locals } = to
        to.count()
        to.wordAddress("link")
        code.set(locals.i32[0])
        to.word("pcHigh")
        code.set(locals.high)
        to.follow()
      }
    ),
    ...choices,
    jump(
      "goto_ptr",
      "^#n a",
      `const low = i32[a]!
left -= n
if (left > limit && i32[a + 1]! === 0) {
  const at = jumpCacheAt(low)
  const target = i32[at + 1]!
  if (i32[at]! === low && target >= 0) {
    pc = target
    continue
  }
}
pc = next(machine, left, -1, low, i32[a + 1]!)
if (pc < 0) {
  return
}
limit = machine.limit
continue`,
      (to) => {
        const { code, locals } = to
        const [at, target] = locals.i32
        to.count()
        to.low("a")
        code.set(locals.low)
        to.high("a")
        code.set(locals.high)
        const missing = code.block()
        to.branchUnlessChained(missing)
        code.get(locals.high)
        code.brIfUnlikely(missing)
        code.get(locals.low)
        code.i32(2)
        code.op(Insn.i32_shl)
        code.i32(jumpCacheMask)
        code.op(Insn.i32_and)
        code.i32(jumpCacheBase)
        code.op(Insn.i32_add)
        code.tee(at)
        code.memory(Insn.i32_load, 0)
        code.get(locals.low)
        code.op(Insn.i32_ne)
        code.brIfUnlikely(missing)
        code.get(at)
        code.memory(Insn.i32_load, 4)
        code.tee(target)
        code.i32(0)
        code.op(Insn.i32_lt_s)
        code.brIfUnlikely(missing)
        to.enterAt(target)
        code.end()
        code.i32(-1)
        code.set(locals.place)
        code.br(to.miss)
      }
    ),
    jump("exit_tb", "^#n a #kind", "return exit(machine, left - n, a, kind as ExitKind)", (to) => {
      to.count()
      to.code.get(to.locals.left)
      to.call("exit", "a", "kind")
      to.code.op(Insn.return)
    }),
    operation(
      "call",
      "^d a b #helper #n",
      `callHelper(machine, left - n, d, a, b, helper)
limit = machine.limit`,
      (to) => {
        to.code.get(to.locals.left)
        to.word("n")
        to.code.op(Insn.i32_sub)
        to.call("helper", "d", "a", "b", "helper")
      }
    )
  ]
}
