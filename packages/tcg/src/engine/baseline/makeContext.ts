/** What the lowering of operations gets of the baseline function around them. */
import type { Op } from "../../ir/Block.ts"
import { CpuSlot } from "../../Layout.ts"
import type { CodeWriter } from "../../wasm/CodeWriter.ts"
import { Insn, ValType } from "../../wasm/Wasm.ts"
import type { LowerContext } from "../jit/emit/lower/Context.ts"
import type { LowerOptions } from "../jit/emit/lowerContext.ts"
import { Leave, Parameter } from "../jit/Runtime.ts"
import type { BlockValues } from "./BlockValues.ts"

export interface BaselineOptions extends LowerOptions {
  /** Type index of regions, for calls through the table. */
  readonly regionType: number
  /** Number of the first site. */
  readonly firstSite: number
}

/** The function that is being written. */
export interface FunctionParts {
  readonly code: CodeWriter
  readonly values: BlockValues
  /** A spare local for fuel that a callback takes away. */
  readonly taken: number
  readonly options: BaselineOptions
  /** Whether an access was checked already. */
  readonly isCovered: (op: Op) => boolean
  /** Whether the block does floating point out of line. */
  readonly isStrict: () => boolean
  /** Instructions of the block from the current one on. */
  readonly insnsAhead: () => number
  readonly site: (memop: number, needs: number) => number
  /** Pops a number: leaves with a fault unless it is 0. */
  readonly leaveOnFault: () => void
  readonly leaveAtSite: (leave: number) => void
}

/** Makes the context. Memory is always right, so nothing is to be stored where others look at it. */
export const makeContext = (parts: FunctionParts): LowerContext => {
  const { code, isStrict, options, taken, values } = parts
  const address = code.local(ValType.i64)
  let vcpu: number | undefined
  return {
    code,
    values,
    callees: options.callees,
    exactFma: options.exactFma,
    address,
    scratch: lazyLocals(code, ValType.i64),
    scratchF64: lazyLocals(code, ValType.f64),
    isCovered: parts.isCovered,
    window: options.window,
    windowSize: options.windowSize,
    faultSite: parts.site,
    leaveOnFault: parts.leaveOnFault,
    storeDirty: () => {},
    addToCounter: () => false,
    pushCounter: () => false,
    flushCounters: () => {},
    afterCallback: () => {
      code.tee(taken)
      code.i32(0)
      code.op(Insn.i32_lt_s)
      code.ifUnlikely()
      parts.leaveAtSite(Leave.interrupted)
      code.end()
      code.get(Parameter.fuel)
      code.get(taken)
      code.op(Insn.i32_sub)
      code.set(Parameter.fuel)
    },
    pushFuelHere: () => {
      code.get(Parameter.fuel)
      code.i32(parts.insnsAhead())
      code.op(Insn.i32_add)
    },
    vcpu: () => {
      // Loaded at each use: only instrumentation needs it.
      vcpu ??= code.local(ValType.i32)
      code.i32(0)
      code.memory(Insn.i32_load, CpuSlot.vcpuIndex * 8)
      code.set(vcpu)
      return vcpu
    },
    callbackNumber: options.callbackNumber,
    scoreboardAddress: options.scoreboardAddress,
    get strictFloat() {
      return isStrict()
    },
    reloadLive: () => values.forgetCopies()
  }
}

/** Four locals that are declared where they are used first: each makes the function's frame larger. */
const lazyLocals = (code: CodeWriter, type: ValType): ReadonlyArray<number> => {
  const locals: Array<number> = []
  for (let i = 0; i < 4; i++) {
    let local: number | undefined
    Object.defineProperty(locals, i, { get: () => (local ??= code.local(type)), enumerable: true })
  }
  return locals
}
