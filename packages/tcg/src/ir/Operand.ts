/** What the constant arguments of each operation mean: labels, conditions, access descriptors. For text and lowering. */
import { opTable } from "./Opcode.ts"

/** Meaning of a constant argument. */
export type ConstantKind = "number" | "label" | "cond" | "memop" | "rm" | "hint" | "exit"

const special: Record<string, ReadonlyArray<ConstantKind>> = {
  set_label: ["label"],
  br: ["label"],
  brcond: ["cond", "label"],
  goto_tb: ["number", "hint"],
  goto_ptr: ["hint"],
  exit_tb: ["exit"],
  setcond: ["cond"],
  movcond: ["cond"],
  guest_ld: ["number", "memop"],
  guest_st: ["number", "memop"],
  fma_f32: ["rm", "number"],
  fma_f64: ["rm", "number"]
}

const kindsOf = (name: string, count: number): ReadonlyArray<ConstantKind> => {
  const known = special[name]
  if (known !== undefined) {
    return known
  }
  const kind = name.startsWith("atomic_") ? "memop" : /^f(add|sub|mul|div|sqrt|cvt)_/.test(name) ? "rm" : "number"
  return Array.from({ length: count }, () => kind)
}

/** Kinds of the constant arguments of each operation, indexed by operation number. */
export const constantKinds: ReadonlyArray<ReadonlyArray<ConstantKind>> = opTable.map((info) =>
  kindsOf(info.name, info.constants)
)

const symbols: Record<Exclude<ConstantKind, "number" | "label" | "memop">, ReadonlyArray<string>> = {
  cond: ["eq", "ne", "lt", "ge", "le", "gt", "ltu", "geu", "leu", "gtu"],
  rm: ["rne", "rtz", "rdn", "rup", "rmm", "rm5", "rm6", "dyn"],
  hint: ["jump", "call", "return"],
  exit: ["syscall", "breakpoint", "illegal", "fence_i", "yield"]
}

const memSizes = ["b", "w", "l", "q"]

const memopText = (memop: number): string =>
  `${(memop & 8) !== 0 ? "s" : "u"}${memSizes[memop & 7] ?? "?"}${(memop & 16) !== 0 ? "+aligned" : ""}`

const memopValue = (text: string): number | undefined => {
  const match = /^([su])([bwlq])(\+aligned)?$/.exec(text)
  return match === null
    ? undefined
    : (match[1] === "s" ? 8 : 0) | memSizes.indexOf(match[2]!) | (match[3] === undefined ? 0 : 16)
}

/** Text of a constant argument: `ne`, `sl+aligned`, `L3`, `-16`. */
export const formatConstant = (kind: ConstantKind, value: number): string => {
  switch (kind) {
    case "number":
      return String(value)
    case "label":
      return `L${value}`
    case "memop":
      return memopText(value)
    default:
      return symbols[kind][value] ?? String(value)
  }
}

/** Value of a constant argument's text, or undefined where it has none. */
export const parseConstant = (kind: ConstantKind, text: string): number | undefined => {
  if (/^-?\d+$/.test(text)) {
    return Number(text)
  }
  if (kind === "number") {
    return undefined
  }
  if (kind === "label") {
    return /^L\d+$/.test(text) ? Number(text.slice(1)) : undefined
  }
  if (kind === "memop") {
    return memopValue(text)
  }
  const index = symbols[kind].indexOf(text)
  return index < 0 ? undefined : index
}
