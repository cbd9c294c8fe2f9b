/** The loop in WebAssembly for one machine. */
import { execute as softfloat } from "../../softfloat/index.ts"
import { callCond, callExec, callHelper, callMem, drainTrace } from "../calls/callbacks.ts"
import { recordAccess, recordExec } from "../calls/traces.ts"
import { EngineCell } from "../cells.ts"
import { exit, leave, next } from "../interpreter/exits.ts"
import type { Machine } from "../interpreter/Machine.ts"
import { atomic, compareExchange } from "../interpreter/operations/atomics.ts"
import { load, store } from "../interpreter/operations/memory.ts"
import type { Opcode } from "../../ir/Opcode.ts"
import type { ExitKind } from "../../Engine.ts"
import type { CallName } from "../operations/CaseWriter.ts"
import { coldModule } from "./coldModule.ts"

/** The module, by whether memory is shared: every machine of this thread uses the same, which V8 compiles once. */
const modules: { readonly shared: Array<WebAssembly.Module>; readonly unshared: Array<WebAssembly.Module> } = {
  shared: [],
  unshared: []
}

const moduleFor = (isShared: boolean): WebAssembly.Module => {
  const list = isShared ? modules.shared : modules.unshared
  return (list[0] ??= new WebAssembly.Module(coldModule(isShared)))
}

/** As the reference's `execute`. */
export type Execute = (machine: Machine, entry: number) => void

const leftIndex = EngineCell.left / 4

/** The functions that the loop calls. */
const callsOf = (machine: Machine): Record<CallName, (...parameters: Array<never>) => number | void> => {
  const { i32 } = machine.state
  return {
    next: (left: number, place: number, low: number, high: number) => next(machine, left, place, low, high),
    exit: (left: number, a: number, kind: ExitKind) => exit(machine, left, a, kind),
    leave: (at: number, left: number) => leave(machine, at, left),
    load: (d: number, base: number, disp: number, memop: number) => +load(machine, d, base, disp, memop),
    store: (value: number, base: number, disp: number, memop: number) => +store(machine, value, base, disp, memop),
    atomic: (d: number, address: number, value: number, memop: number, opcode: number) =>
      +atomic(machine, d, address, value, memop, opcode),
    compareExchange: (d: number, address: number, expected: number, value: number, memop: number) =>
      +compareExchange(machine, d, address, expected, value, memop),
    helper: (left: number, d: number, a: number, b: number, helper: number) => callHelper(machine, left, d, a, b, helper),
    float: (opcode: Opcode, d: number, a: number, b: number, c: number, rm: number, negate: number) => {
      softfloat(machine.state, opcode, d, a, b, c, rm, negate)
    },
    exec: (callback: number) => +callExec(machine, callback),
    cond: (callback: number) => +callCond(machine, callback),
    drainTrace: (callback: number) => +drainTrace(machine, callback),
    mem: (base: number, value: number, disp: number, callback: number) => +callMem(machine, base, value, disp, callback),
    recordExec: (at: number) => recordExec(i32, at),
    recordAccess: (at: number) => recordAccess(i32, at),
    hot: (at: number) => machine.tier!.hot(at),
    region: (at: number, left: number) => {
      const to = machine.tier!.enterRegion(at, left)
      i32[leftIndex] = machine.left
      return to
    },
    noteTarget: (pc: number) => machine.tier!.noteTarget(pc),
    unknown: (number: number) => {
      throw new Error(`the interpreter has no operation ${number}`)
    }
  }
}

/** Makes the loop for a machine. */
export const makeColdLoop = (machine: Machine): Execute => {
  const { state } = machine
  const isShared = typeof SharedArrayBuffer !== "undefined" && state.buffer instanceof SharedArrayBuffer
  const instance = new WebAssembly.Instance(moduleFor(isShared), { env: { memory: state.memory, ...callsOf(machine) } })
  const run = instance.exports["run"] as (entry: number, left: number) => void
  return (_, entry) => run(entry, machine.left)
}
