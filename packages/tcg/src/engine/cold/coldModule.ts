/**
 * The interpreter's loop in WebAssembly: the same code as the reference runs, from the same table of operations. V8 compiles it once, by
 * what it says and not by what it has seen run.
 */
import { CodeWriter } from "../../wasm/CodeWriter.ts"
import { ModuleWriter } from "../../wasm/ModuleWriter.ts"
import { Insn, ValType } from "../../wasm/Wasm.ts"
import { addFindHigh } from "../operations/findHigh.ts"
import { type CallName, calls, callType, CaseWriter, type LoopLocals } from "../operations/CaseWriter.ts"
import { operations } from "../operations/table.ts"

/** Names of the functions that the module imports. */
const callNames = Object.keys(calls) as ReadonlyArray<CallName>

const hotNumber = operations.findIndex(({ name }) => name === "hot")

/** The function's parameters: where to begin in the code, and how many instructions may run. */
const Parameter = { entry: 0, left: 1 } as const

/**
 * Writes the module. Its export `run` does what `execute` of the reference does.
 *
 * @param sharedMemory whether the memory that it imports is shared
 */
export const coldModule = (sharedMemory: boolean): Uint8Array<ArrayBuffer> => {
  const module = new ModuleWriter()
  const functions = Object.fromEntries(
    callNames.map((name) => [name, module.importFunction(name, module.type(...callType(name)))])
  ) as Record<CallName, number>
  const { i32 } = ValType
  module.function(module.type([i32, i32], []), "run", loop(functions, addFindHigh(module)).body())
  return module.finish({ sharedMemory, table: false })
}

const localsOf = (code: CodeWriter): LoopLocals => {
  const local = (type: ValType) => code.local(type)
  const { f32, f64, i32, i64 } = ValType
  return {
    pc: local(i32),
    left: Parameter.left,
    place: local(i32),
    low: local(i32),
    high: local(i32),
    i32: [local(i32), local(i32)],
    i64: [local(i64), local(i64), local(i64), local(i64)],
    f64: local(f64),
    f32: local(f32)
  }
}

const loop = (functions: Readonly<Record<CallName, number>>, findHigh: number): CodeWriter => {
  const code = new CodeWriter(2)
  const locals = localsOf(code)
  const goTo = () => {
    code.i32(2)
    code.op(Insn.i32_shl)
    code.set(locals.pc)
  }
  code.get(Parameter.entry)
  goTo()
  const enter = code.loop()
  const miss = code.block()
  beginBlock(code, locals, functions.hot)
  const dispatch = code.loop()
  const unknown = code.block()
  const labels = operations.map(() => code.block()).reverse()
  code.get(locals.pc)
  code.memory(Insn.i32_load8_u, 0)
  code.brTable(labels, unknown)
  const writer = new CaseWriter(code, locals, { dispatch, enter, miss }, functions, findHigh)
  for (const operation of operations) {
    code.end()
    writer.case(operation)
  }
  code.end()
  code.get(locals.pc)
  code.memory(Insn.i32_load8_u, 0)
  code.call(functions.unknown)
  code.op(Insn.return)
  code.end()
  code.end()
  // miss: the block is not known here.
  for (const local of [locals.left, locals.place, locals.low, locals.high]) code.get(local)
  code.call(functions.next)
  code.tee(locals.pc)
  code.i32(0)
  code.op(Insn.i32_lt_s)
  code.ifUnlikely()
  code.op(Insn.return)
  code.end()
  code.get(locals.pc)
  goTo()
  code.br(enter)
  code.end()
  return code
}

/** What `hot` does, where blocks are entered: most begin with it, and this spares them a turn of the loop. */
const beginBlock = (code: CodeWriter, { i32: [count], pc }: LoopLocals, hot: number): void => {
  code.get(pc)
  code.memory(Insn.i32_load, 0)
  code.i32(hotNumber)
  code.op(Insn.i32_eq)
  code.if()
  code.get(pc)
  code.get(pc)
  code.memory(Insn.i32_load, 4)
  code.i32(1)
  code.op(Insn.i32_sub)
  code.tee(count)
  code.memory(Insn.i32_store, 4)
  code.get(count)
  code.i32(0)
  code.op(Insn.i32_lt_s)
  code.ifUnlikely()
  code.get(pc)
  code.i32(2)
  code.op(Insn.i32_shr_u)
  code.call(hot)
  code.i32(2)
  code.op(Insn.i32_shl)
  code.set(pc)
  code.else()
  code.get(pc)
  code.i32(8)
  code.op(Insn.i32_add)
  code.set(pc)
  code.end()
  code.end()
}
