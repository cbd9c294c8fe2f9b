/**
 * Accesses to guest memory. The quick path is an access to a page that permits it, in the reference an aligned one, in WebAssembly one that
 * crosses into no other page; `interpreter/operations/memory.ts` does the rest. An access that must be aligned never is quick.
 */
import { MemOp } from "../../ir/Opcode.ts"
import { PageFlag, pageShift, pageSize, pageTableBase } from "../../Layout.ts"
import type { Label } from "../../wasm/CodeWriter.ts"
import { Insn } from "../../wasm/Wasm.ts"
import type { CaseWriter } from "./CaseWriter.ts"
import { type Family, type Operation, operation } from "./Operation.ts"

/** What the reference tests before an access of `size` bytes. */
const quick = (size: number, flag: number): string =>
  `i32[base + 1]! === 0 && ${size === 1 ? "" : `(at & ${size - 1}) === 0 && `}(pageTable[at >>> ${pageShift}]! & ${flag}) !== 0`

/** Leaves the place in memory of an access of `size` bytes in the first spare i32; branches to `slow` where it is not quick. */
const address = (to: CaseWriter, size: number, flag: number, slow: Label): void => {
  const { code } = to
  const [at] = to.locals.i32
  const [sum] = to.locals.i64
  const here = code.block()
  const elsewhere = code.block()
  to.value("base")
  to.word64("disp")
  code.op(Insn.i64_add)
  code.tee(sum)
  code.i64(32n)
  code.op(Insn.i64_shr_u)
  code.op(Insn.i32_wrap_i64)
  code.brIfUnlikely(elsewhere)
  code.get(sum)
  code.op(Insn.i32_wrap_i64)
  code.tee(at)
  code.i32(pageShift)
  code.op(Insn.i32_shr_u)
  code.i32(pageTableBase)
  code.op(Insn.i32_add)
  code.memory(Insn.i32_load8_u, 0)
  code.i32(flag)
  code.op(Insn.i32_and)
  code.op(Insn.i32_eqz)
  code.brIfUnlikely(elsewhere)
  if (size > 1) {
    code.get(at)
    code.i32(pageSize - 1)
    code.op(Insn.i32_and)
    code.i32(pageSize - size)
    code.op(Insn.i32_gt_u)
    code.brIfUnlikely(elsewhere)
  }
  code.br(here)
  code.end()
  code.get(sum)
  code.i32(size - 1)
  code.i32(flag)
  code.call(to.findHigh)
  code.tee(at)
  code.op(Insn.i32_eqz)
  code.brIfUnlikely(slow)
  code.end()
}

interface Load {
  readonly name: string
  readonly size: number
  readonly memop: number
  readonly insn: number
  /** What the reference does where the access is quick. */
  readonly text: string
}

const signed = (value: string): string => `  const value = ${value}
  i32[d] = value
  i32[d + 1] = value >> 31`
const unsigned = (value: string): string => `  i32[d] = ${value}
  i32[d + 1] = 0`
const byte = "at < 0 ? upper8[at & 0x7fffffff]! : i8[at]!"

const loads: ReadonlyArray<Load> = [
  { name: "ld8s", size: 1, memop: MemOp.size8 | MemOp.sign, insn: Insn.i64_load8_s, text: signed(byte) },
  { name: "ld8u", size: 1, memop: MemOp.size8, insn: Insn.i64_load8_u, text: unsigned(`(${byte}) & 0xff`) },
  { name: "ld16s", size: 2, memop: MemOp.size16 | MemOp.sign, insn: Insn.i64_load16_s, text: signed("i16[at >>> 1]!") },
  { name: "ld16u", size: 2, memop: MemOp.size16, insn: Insn.i64_load16_u, text: unsigned("u16[at >>> 1]!") },
  { name: "ld32s", size: 4, memop: MemOp.size32 | MemOp.sign, insn: Insn.i64_load32_s, text: signed("i32[at >>> 2]!") },
  { name: "ld32u", size: 4, memop: MemOp.size32, insn: Insn.i64_load32_u, text: unsigned("i32[at >>> 2]!") },
  {
    name: "ld64",
    size: 8,
    memop: MemOp.size64,
    insn: Insn.i64_load,
    text: `  i32[d] = i32[at >>> 2]!
  i32[d + 1] = i32[(at >>> 2) + 1]!`
  }
]

const slowLoadText = (memop: number | string): string => `if (!load(machine, d, base, disp, ${memop})) {
  return leave(machine, pc, left)
}`

const load = ({ insn, memop, name, size, text }: Load): Operation =>
  operation(
    name,
    "^d base #disp",
    `const at = (i32[base]! + disp) | 0
if (${quick(size, PageFlag.read)}) {
${text}
} else ${slowLoadText(memop)}`,
    (to) => {
      const { code } = to
      const slow = code.block()
      address(to, size, PageFlag.read, slow)
      to.put("d", () => {
        code.get(to.locals.i32[0])
        code.memory(insn, 0)
      })
      to.goOn()
      code.end()
      to.callChecked("load", "d", "base", "disp", memop)
    }
  )

interface Store {
  readonly name: string
  readonly size: number
  readonly memop: number
  readonly insn: number
  readonly text: string
}

const stores: ReadonlyArray<Store> = [
  {
    name: "st8",
    size: 1,
    memop: MemOp.size8,
    insn: Insn.i64_store8,
    text: `  if (at < 0) upper8[at & 0x7fffffff] = i32[value]!
  else i8[at] = i32[value]!`
  },
  { name: "st16", size: 2, memop: MemOp.size16, insn: Insn.i64_store16, text: "  u16[at >>> 1] = i32[value]!" },
  { name: "st32", size: 4, memop: MemOp.size32, insn: Insn.i64_store32, text: "  i32[at >>> 2] = i32[value]!" },
  {
    name: "st64",
    size: 8,
    memop: MemOp.size64,
    insn: Insn.i64_store,
    text: `  i32[at >>> 2] = i32[value]!
  i32[(at >>> 2) + 1] = i32[value + 1]!`
  }
]

const slowStoreText = (memop: number | string): string => `if (!store(machine, value, base, disp, ${memop})) {
  return leave(machine, pc, left)
}`

const store = ({ insn, memop, name, size, text }: Store): Operation =>
  operation(
    name,
    "value base #disp",
    `const at = (i32[base]! + disp) | 0
if (${quick(size, PageFlag.write)}) {
${text}
} else ${slowStoreText(memop)}`,
    (to) => {
      const { code } = to
      const slow = code.block()
      address(to, size, PageFlag.write, slow)
      code.get(to.locals.i32[0])
      to.value("value")
      code.memory(insn, 0)
      to.goOn()
      code.end()
      to.callChecked("store", "value", "base", "disp", memop)
    }
  )

export const memory: Family = {
  heading: "guest memory",
  operations: [
    ...loads.map(load),
    ...stores.map(store),
    operation("ld_aligned", "^d base #disp #memop", slowLoadText("memop"), (to) =>
      to.callChecked("load", "d", "base", "disp", "memop")
    ),
    operation("st_aligned", "value base #disp #memop", slowStoreText("memop"), (to) =>
      to.callChecked("store", "value", "base", "disp", "memop")
    ),
    operation(
      "atomic",
      "^d addr value #memop #opcode",
      `if (!atomic(machine, d, addr, value, memop, opcode)) {
  return leave(machine, pc, left)
}`,
      (to) => to.callChecked("atomic", "d", "addr", "value", "memop", "opcode")
    ),
    operation(
      "cmpxchg",
      "^d addr expected value #memop",
      `if (!compareExchange(machine, d, addr, expected, value, memop)) {
  return leave(machine, pc, left)
}`,
      (to) => to.callChecked("compareExchange", "d", "addr", "expected", "value", "memop")
    )
  ]
}
