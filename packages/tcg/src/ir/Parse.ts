/** Reads the text form of a block that `Print` writes. */
import * as Data from "effect/Data"
import { cpuStateSlots } from "../Layout.ts"
import { type IrBlock, IrBuilder } from "./Block.ts"
import { opTable } from "./Opcode.ts"
import { constantKinds, parseConstant } from "./Operand.ts"
import { sharedGlobals } from "./Print.ts"

/** A line that is no operation of the IR. */
export class IrSyntaxError extends Data.TaggedError("IrSyntaxError")<{
  readonly line: number
  readonly text: string
  readonly reason: string
}> {
  override get message() {
    return `IR text, line ${this.line}: ${this.reason}: ${this.text}`
  }
}

const opcodes = new Map(opTable.map((info, opcode) => [info.name, opcode]))

const globalNumbers = (globals: ReadonlyArray<string>): ReadonlyMap<string, number> => {
  const numbers = new Map<string, number>()
  globals.forEach((name, slot) => {
    if (name !== "" && !numbers.has(name)) {
      numbers.set(name, slot)
    }
  })
  for (const [slot, name] of sharedGlobals) {
    numbers.set(name, slot)
  }
  return numbers
}

/**
 * The block that a text describes. Blank lines and what follows `#` are ignored; the `tb` line is optional and defaults to
 * the first instruction's pc.
 *
 * @throws IrSyntaxError naming the line
 */
export const parse = (text: string, globals: ReadonlyArray<string>): IrBlock => {
  const numbers = globalNumbers(globals)
  const first = /^ *(?:tb|----) +([0-9a-f]+)/m.exec(text)
  const builder = new IrBuilder(first === null ? 0n : BigInt(`0x${first[1]}`))
  let temps = 0
  let labels = 0
  text.split("\n").forEach((full, index) => {
    const line = full.replace(/#.*/, "").trim()
    const fail = (reason: string): never => {
      throw new IrSyntaxError({ line: index + 1, text: full, reason })
    }
    const value = (arg: string): number => {
      const global = numbers.get(arg)
      if (global !== undefined) {
        return global
      }
      const match = /^(?:tmp(\d+)|g(\d+)|\$(-?)(0x[0-9a-f]+|\d+))$/.exec(arg)
      if (match === null) {
        return fail(`${arg} is no global, temp (tmpN) or constant ($0xN)`)
      }
      if (match[1] !== undefined) {
        temps = Math.max(temps, Number(match[1]) + 1)
        return cpuStateSlots + Number(match[1])
      }
      if (match[2] !== undefined) {
        return Number(match[2])
      }
      return builder.constant(match[3] === "-" ? -BigInt(match[4]!) : BigInt(match[4]!))
    }
    if (line === "" || line.startsWith("tb ")) {
      return
    }
    const insn = /^---- +([0-9a-f]+)(?: +(\d+)(?: +([0-9a-f]+))?)?$/.exec(line)
    if (insn !== null) {
      builder.insnStart({ pc: BigInt(`0x${insn[1]}`), size: Number(insn[2] ?? 4), raw: Number.parseInt(insn[3] ?? "0", 16) })
      return
    }
    const [name, ...rest] = line.split(/\s+/)
    const opcode = opcodes.get(name!)
    if (opcode === undefined) {
      return fail(`there is no operation ${name}`)
    }
    const args = rest.join("") === "" ? [] : rest.join("").split(",")
    const info = opTable[opcode]!
    const values = info.outputs + info.inputs
    if (args.length !== values + info.constants) {
      return fail(`${name} takes ${values + info.constants} arguments`)
    }
    const numbersOf = args.map((arg, i) => {
      if (i < values) {
        return value(arg)
      }
      const kind = constantKinds[opcode]![i - values]!
      const constant = parseConstant(kind, arg)
      if (constant === undefined) {
        return fail(`${arg} is no ${kind}`)
      }
      if (kind === "label") {
        labels = Math.max(labels, constant + 1)
      }
      return constant
    })
    builder.op(opcode, ...numbersOf)
  })
  return { ...builder.finish(), temps, labels }
}
