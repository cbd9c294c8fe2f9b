/** What the lowering of single operations gets of the region around them. */
import { Insn, ValType } from "../../../wasm/Wasm.ts"
import type { CounterLocals } from "./CounterLocals.ts"
import type { Cursor } from "./Cursor.ts"
import type { LowerContext } from "./lower/Context.ts"
import type { RegionAnalysis } from "../analysis/RegionAnalysis.ts"
import { Leave, Parameter } from "../Runtime.ts"
import type { SideExits } from "./SideExits.ts"
import type { Values } from "./Values.ts"
import { firstWeb } from "../analysis/Webs.ts"

/** What of the context does not depend on the region. */
export interface LowerOptions extends Pick<
  LowerContext,
  "callees" | "callbackNumber" | "exactFma" | "scoreboardAddress" | "windowSize"
> {
  /** The window to test accesses off a base against; `base` is a value number, of a block without webs. */
  readonly window: LowerContext["window"]
}

/** What a region's function is written with. */
export interface RegionWriters extends Pick<LowerContext, "code" | "vcpu"> {
  readonly values: Values
  readonly counters: CounterLocals
  readonly cursor: Cursor
  readonly exits: SideExits
}

/** Makes the context for a region's operations. It goes along with the cursor. */
export const makeLowerContext = (
  { accesses, float, webs }: RegionAnalysis,
  { code, counters, cursor, exits, values, vcpu }: RegionWriters,
  options: LowerOptions
): LowerContext => {
  const address = code.local(ValType.i64)
  const taken = code.local(ValType.i32)
  return {
    code,
    values,
    callees: options.callees,
    exactFma: options.exactFma,
    address,
    scratch: [0, 1, 2, 3].map(() => code.local(ValType.i64)),
    scratchF64: [0, 1, 2, 3].map(() => code.local(ValType.f64)),
    isCovered: (op) => accesses.covered.has(op),
    window: (base, write) => options.window(base < firstWeb ? base : webs.globalOf(base), write),
    windowSize: options.windowSize,
    faultSite: (memop, needs) => exits.site(memop, needs),
    leaveOnFault: () => exits.leaveOnFault(),
    storeDirty: () => values.store(cursor.dirtyWebs()),
    addToCounter: (entry, value) => counters.add(entry, value),
    pushCounter: (entry) => counters.push(entry, cursor.ahead),
    flushCounters: () => counters.flush(cursor.pending, cursor.ahead),
    afterCallback: () => {
      code.tee(taken)
      code.i32(0)
      code.op(Insn.i32_lt_s)
      code.ifUnlikely()
      exits.leaveAtSite(Leave.interrupted)
      code.end()
      code.get(Parameter.fuel)
      code.get(taken)
      code.op(Insn.i32_sub)
      code.set(Parameter.fuel)
      counters.followFuel(cursor.ahead)
    },
    pushFuelHere: () => {
      code.get(Parameter.fuel)
      code.i32(cursor.node.ir.insns.length - cursor.insn)
      code.op(Insn.i32_add)
    },
    vcpu,
    callbackNumber: options.callbackNumber,
    scoreboardAddress: options.scoreboardAddress,
    strictFloat: float.strict,
    reloadLive: () => values.load(webs.behindOp.get(cursor.op) ?? [], () => code.op(Insn.unreachable))
  }
}
