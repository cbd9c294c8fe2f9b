/** What depends on how two values compare. le, gt, leu and gtu are ge, lt, geu and ltu with the operands swapped. */
import { Insn } from "../../wasm/Wasm.ts"
import type { CaseWriter } from "./CaseWriter.ts"
import { type Family, jump, type Operation, operation } from "./Operation.ts"

interface Condition {
  readonly name: string
  /** What the reference computes first, and what it tests then. */
  readonly before: string
  readonly test: string
  readonly insn: number
}

const signed = `const ah = i32[a + 1]!
const bh = i32[b + 1]!
`
const unsigned = `const ah = u32[a + 1]!
const bh = u32[b + 1]!
`
const less = "ah === bh ? u32[a]! < u32[b]! : ah < bh"
const notLess = "ah === bh ? u32[a]! >= u32[b]! : ah > bh"

const conditions: ReadonlyArray<Condition> = [
  { name: "eq", before: "", test: "i32[a]! === i32[b]! && i32[a + 1]! === i32[b + 1]!", insn: Insn.i64_eq },
  { name: "ne", before: "", test: "i32[a]! !== i32[b]! || i32[a + 1]! !== i32[b + 1]!", insn: Insn.i64_ne },
  { name: "lt", before: signed, test: less, insn: Insn.i64_lt_s },
  { name: "ge", before: signed, test: notLess, insn: Insn.i64_ge_s },
  { name: "ltu", before: unsigned, test: less, insn: Insn.i64_lt_u },
  { name: "geu", before: unsigned, test: notLess, insn: Insn.i64_ge_u }
]

/** A row for each condition. */
const family = (row: (condition: Condition) => Operation): ReadonlyArray<Operation> => conditions.map(row)

/** Pushes whether the condition holds. */
const test = (to: CaseWriter, { insn }: Condition): void => {
  to.value("a")
  to.value("b")
  to.code.op(insn)
}

/** What the reference does at the link whose index is in `link`: `next` patches it. */
const followText = `const target = code[link]!
if (left > limit && target >= 0) {
  pc = target
  continue
}
pc = next(machine, left, link, code[link + 1]!, 0)
if (pc < 0) {
  return
}
limit = machine.limit
continue`

export const comparisons: Family = {
  heading: "conditions",
  operations: [
    ...family((condition) =>
      operation(
        `set${condition.name}`,
        "^d a b",
        `${condition.before}i32[d] = ${condition.before === "" ? condition.test : `(${condition.test})`} ? 1 : 0
i32[d + 1] = 0`,
        (to) => to.putU32("d", () => test(to, condition))
      )
    ),
    ...family((condition) =>
      operation(
        `mov${condition.name}`,
        "^d a b x y",
        `${condition.before}const from = ${condition.before === "" ? condition.test : `(${condition.test})`} ? x : y
i32[d + 1] = i32[from + 1]!
i32[d] = i32[from]!`,
        (to) =>
          to.put("d", () => {
            to.value("x")
            to.value("y")
            test(to, condition)
            to.code.op(Insn.select)
          })
      )
    )
  ]
}

/** Jumps inside a block. */
export const branches: ReadonlyArray<Operation> = family((condition) =>
  jump(
    `br${condition.name}`,
    "a b #target",
    `${condition.before}if (${condition.test}) {
  pc = target
  continue
}
pc += 4
continue`,
    (to) => {
      const { code, locals } = to
      test(to, condition)
      code.if()
      to.word("target")
      code.i32(2)
      code.op(Insn.i32_shl)
      code.set(locals.pc)
      code.br(to.dispatch)
      code.end()
      to.goOn()
    }
  )
)

/** `brcond` and the two `goto_tb` that it chooses from. */
export const choices: ReadonlyArray<Operation> = family((condition) =>
  jump(
    `j${condition.name}`,
    "^#n a b #linkElse #pcElse #linkTaken #pcTaken",
    `${condition.before}const link = ${condition.before === "" ? condition.test : `(${condition.test})`} ? pc + 5 : pc + 3
left -= n
${followText}`,
    (to) => {
      const { code, locals } = to
      to.wordAddress("linkElse")
      to.wordAddress("linkTaken")
      test(to, condition)
      code.op(Insn.i32_eqz)
      code.op(Insn.select)
      code.set(locals.i32[0])
      to.count()
      code.i32(0)
      code.set(locals.high)
      to.follow()
    }
  )
)
