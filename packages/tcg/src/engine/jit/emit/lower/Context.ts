/** What the lowering of single operations works with. */
import type { ScoreboardU64 } from "@emu/core/Scoreboard"
import type { BlockCallback, IrBlock, Op } from "../../../../ir/Block.ts"
import type { CodeWriter } from "../../../../wasm/CodeWriter.ts"
import type { ScoreboardPlace } from "../../analysis/Counters.ts"
import type { Values } from "../Values.ts"

/** Function indices that lowered code may call. */
export interface Callees {
  readonly float: number
  readonly helper: number
  readonly checkRead: number
  readonly checkWrite: number
  readonly misaligned: number
  readonly checkRange: number
  readonly room: number
  readonly exec: number
  readonly mem: number
}

/** Where operands are, for the lowering of one operation. */
export type OperandValues = Pick<
  Values,
  | "beginSet"
  | "definesNarrow"
  | "getAddress"
  | "getF64"
  | "getI32"
  | "getI64"
  | "isF64"
  | "isI32"
  | "isNarrow"
  | "setF64"
  | "setI32"
  | "setI64"
  | "setU32"
>

export interface LowerContext {
  readonly code: CodeWriter
  readonly values: OperandValues
  readonly callees: Callees
  /** Spare locals. */
  readonly address: number
  readonly scratch: ReadonlyArray<number>
  readonly scratchF64: ReadonlyArray<number>
  /** The host's relaxed multiply-add is fused. */
  readonly exactFma: boolean
  /** The address of a window (`Windows.ts`) to test accesses off a base against. */
  readonly window: (base: number, write: boolean) => number
  /** Bytes in a window now. */
  readonly windowSize: (window: number) => number
  /** Whether an access was checked already. */
  readonly isCovered: (op: Op) => boolean
  /** A number for an access at the current instruction, which needs these `PageFlag`s, should it fault. */
  readonly faultSite: (memop: number, needs: number) => number
  /** Pops a number: leaves the region with a fault unless it is 0. */
  readonly leaveOnFault: () => void
  /** Stores all dirty globals, so that JS sees them; they stay dirty in the sense of later exits. */
  readonly storeDirty: () => void
  /** Behind a call to a plugin: pops what it returned, fuel to take away or a negative number to leave the region here. */
  readonly afterCallback: () => void
  /** Pushes the fuel as it is in front of the current instruction. */
  readonly pushFuelHere: () => void
  /** The local that holds the vCPU's index. */
  readonly vcpu: () => number
  /** Adds to what is collected for a scoreboard entry; false if it is none of the region's counters. */
  readonly addToCounter: (entry: ScoreboardU64, value: bigint) => boolean
  /** Pushes what is collected for a scoreboard entry; false if it is none of the region's counters. */
  readonly pushCounter: (entry: ScoreboardU64) => boolean
  /** Adds what counters have collected to memory, so that JS sees it. */
  readonly flushCounters: () => void
  /** A new number for a callback: what `exec` and `mem` are called with, or for a deferred one what is recorded. */
  readonly callbackNumber: (ir: IrBlock, callback: BlockCallback) => number
  readonly scoreboardAddress: (entry: ScoreboardU64) => ScoreboardPlace
  readonly strictFloat: boolean
  /** Reloads what is live behind the operation from memory. */
  readonly reloadLive: () => void
}
