/** Writes the reference loop and the list of operations' numbers from the table of operations. */
import { type Operation } from "@emu/tcg/engine/operations/Operation"
import { type Operand, wordOf, wordsOf } from "@emu/tcg/engine/operations/operands"
import { families } from "@emu/tcg/engine/operations/table"

const head = `/* oxlint-disable max-lines -- one switch is one function, and one function is what V8 compiles as a whole */
/**
 * The reference loop: one switch over the code that \`lower\` writes. \`node scripts/interpreter-loop.ts\` makes this file from the table in
 * \`operations/\`.
 *
 * Values are pairs of 32-bit words in the Int32 view of the process's memory; operands are indices of low words. Pairs and
 * BigInt64Array run equally fast once optimised, but pairs neither allocate in V8's lower tiers nor need its BigInt feedback.
 * Case labels are literal numbers because only those make V8 emit a jump table. Everything that is not the common case is a
 * function elsewhere.
 */
import { jumpCacheAt } from "../../TbCache.ts"
import type { ExitKind } from "../../Engine.ts"
import { execute as softfloat } from "../../softfloat/index.ts"
import * as Layout from "../../Layout.ts"
import {
  divideSigned,
  divideSigned32,
  divideUnsigned,
  divideUnsigned32,
  mul,
  mulhS,
  mulhSU,
  mulhU,
  popcount32,
  rotateLeft,
  shiftLeft,
  shiftRight,
  shiftRightSigned,
  swapBytes32,
  trailingZeros32
} from "./operations/arithmetic.ts"
import { atomic, compareExchange } from "./operations/atomics.ts"
import { callCond, callExec, callHelper, callMem, drainTrace } from "../calls/callbacks.ts"
import { exit, leave, next } from "./exits.ts"
import type { Machine } from "./Machine.ts"
import { load, store } from "./operations/memory.ts"
import { recordAccess, recordExec } from "../calls/traces.ts"

const fpFlags = 2 * Layout.CpuSlot.fpFlags
const fpRound = 2 * Layout.CpuSlot.fpRound

/**
 * Runs code from \`entry\` until something must be handled outside; \`machine.exit\` says what. \`machine.left\` is the number of
 * guest instructions that may run, before and after.
 */
export const execute = (machine: Machine, entry: number): void => {
  const { code, state, vcpu } = machine
  const { f32, f64, i16, i32, i8, pageTable, u16, u32, upper8 } = state
  let pc = entry
  let left = machine.left
  let limit = machine.limit
  for (;;) {
    switch (code[pc]! & 0xff) {
`

const foot = `      default:
        throw new Error(\`the interpreter has no operation \${code[pc]}\`)
    }
  }
}
`

const constant = (operation: Operation, { isPacked, isValue, name }: Operand, index: number): string =>
  isPacked
    ? `const ${name} = code[pc]! >>> ${isValue ? 18 : 16}`
    : `const ${name} = code[pc + ${wordOf(operation, index)}]!${isValue ? " >>> 2" : ""}`

const isUsed = (text: string, { name }: Operand): boolean => new RegExp(`\\b${name}\\b`).test(text)

const caseText = (operation: Operation, number: number): string => {
  const { jumps, name, operands, text } = operation
  const constants = operands.flatMap((operand, index) =>
    isUsed(text, operand) ? [constant(operation, operand, index)] : []
  )
  const lines = [
    `// ${name}`,
    ...constants,
    ...text.split("\n"),
    ...(jumps ? [] : [`pc += ${wordsOf(operation)}`, "continue"])
  ]
  return `      case ${number}: {\n${lines.map((line) => `        ${line}\n`).join("")}      }\n`
}

/** The text of the module with the loop. */
export const referenceLoop = (): string => {
  let number = 0
  const cases = families.map(
    ({ heading, operations }) =>
      `      // --- ${heading} ---\n${operations.map((operation) => caseText(operation, number++)).join("")}`
  )
  return `${head}${cases.join("")}${foot}`
}

/** What `codeShapes` says of an operand that has a word of its own. */
const kindOf = ({ isValue, name }: Operand): string => {
  if (isValue) return "v"
  if (name.startsWith("link")) return "l"
  if (name === "target") return "t"
  return name === "last" ? "s" : "w"
}

const shapeOf = ({ operands }: Operation): string =>
  operands
    .filter(({ isPacked }) => !isPacked)
    .map(kindOf)
    .join("")

/** The text of the module with the numbers. */
export const codeNumbers = (): string => {
  let number = 0
  const rows = families.map(
    ({ heading, operations }) =>
      `  // --- ${heading} ---\n${operations
        .map(
          ({ name, operands }) => `  /** ${operands.map((operand) => operand.name).join(", ")} */\n  ${name}: ${number++},\n`
        )
        .join("")}`
  )
  return `/**
 * The interpreters' code: what \`lower\` makes of an IR block. \`node scripts/interpreter-loop.ts\` makes this file from the table in
 * \`operations/\`.
 *
 * An operation is one word with its number, then its operands; the first one is in the upper half of that word where the table says so. Operands that name values are addresses of eight bytes: the vCPU's state
 * and temps in page 0, constants in their pool. Links and targets are indices of words in memory.
 */

/** Numbers of the operations by name, with their operands. */
export const Code = {
${rows.join("").replace(/,\n$/, "\n")}} as const

/**
 * The words behind each operation's own, by number: \`v\` the address of a value, \`l\` a link, \`t\` a target in the same block, \`s\` what was
 * seen last, \`w\` any other.
 */
export const codeShapes = [
${families
  .flatMap(({ operations }) => operations)
  .map((operation) => `  "${shapeOf(operation)}"`)
  .join(",\n")}
] as const
`
}
