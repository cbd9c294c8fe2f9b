/**
 * What compiled code and the engine agree on: the function type of regions, what they return, where shared cells are.
 *
 * A region is a function `(pc, depth, fuel) -> (next, fuel)`. `pc` is where it is entered (the region's root or its second
 * entry), `depth` how deep the stack is above it (`frameDepth`), `fuel` how many instructions may still run.
 * `next` is the guest pc to continue at, or `Leave.described` (odd, so no pc), in which case the cells say why.
 * All state is in memory at every call and return.
 */
import { CpuSlot, guestEnd } from "../../Layout.ts"

/** Locals of a region function that are its parameters. `pc` is 0 once the entry is reached. */
export const Parameter = { pc: 0, depth: 1, fuel: 2 } as const

/** Values of a region's first result that are not a pc. */
export const Leave = {
  /** `exit_tb`: cell `exitCode` holds the code, the pc slot the next pc. */
  exit: 1,
  /** A fault: cell `site` says at which operation, cell `address` the guest address. */
  fault: 3,
  /** The next pc does not fit 32 bits; it is in the pc slot. */
  farJump: 5,
  /** A callback or a helper wants to leave; cell `site` says at which operation. */
  interrupted: 7,
  /** The region does not hold for the state as it is (floating-point status); the pc slot says where to interpret on. */
  unfit: 9,
  /** As `unfit`: a register that the region keeps in 32 bits is not sign-extended. */
  wide: 11,
  /** As `unfit`: the accesses of a loop are not all allowed, as the check in front of it asks. */
  unhoist: 13,
  /** A check for several accesses failed: the interpreter is to do the rest of the block; cell `site` says from where. */
  rest: 15,
  /** Baseline code: a block with floating point is entered with an unusual status; the pc slot says which. */
  unusual: 17
} as const

/** Byte offsets of the cells, which are state slots of the running vCPU that nothing else uses. */
export const Cell = {
  exitCode: 246 * 8,
  site: 246 * 8 + 4,
  address: 247 * 8,
  /** Fuel left when the outermost region returned. */
  fuel: 248 * 8,
  pc: CpuSlot.pc * 8
} as const

/** Byte offsets of the words of a window (`Windows.ts`), and its size. */
export const Window = { low: 0, limit: 4, misses: 8, bytes: 12 } as const

/** State slots through which operands and results of out-of-line operations are passed: the first temps. */
export const Scratch = { a: 256, b: 257, c: 258, result: 259 } as const

/** What compiled code calls. */
export interface JitImports {
  /** Softfloat: operation and constants packed as `lower/float.ts` does, operands in the scratch slots. */
  readonly float: (packed: number) => void
  /** A helper: its number, and the fuel left in front of the instruction; operands and result in the scratch slots. */
  readonly helper: (helper: number, fuel: number) => void
  /** Moves the window at an address to where an access went that missed it. */
  readonly moveWindow: (window: number, address: number) => void
  /** A plugin's exec callback (or `drainDeferredNumber`): fuel to take away, or negative to leave. */
  readonly exec: (callback: number) => number
  /** A plugin's memory callback for an access: its address and value are in scratch slots. As `exec`. */
  readonly mem: (callback: number) => number
  /**
   * An access that compiled code found no way to make, at the address in its cell, by its size less one and the `PageFlag`s that it needs:
   * where it is in memory now, if it may be made after all (`CpuState.bringIn`), else 0.
   */
  readonly bringIn: (last: number, needs: number) => number
}

/** Instead of the number of a callback: calls the deferred callbacks that wait. */
export const drainDeferredNumber = -1

/**
 * How deep compiled functions may call each other before one returns to the engine instead, in units of 128 bytes: their
 * frames must fit V8's stack of 1 MB, of which others have some.
 */
export const maxDepth = 5600

/**
 * What a function's frame adds to the depth. V8's baseline compiler gives each local eight bytes, its optimising one spills
 * what it likes: twice as much is counted, and half a kilobyte for the rest.
 */
export const frameDepth = (locals: number): number => 4 + Math.ceil(locals / 8)

/**
 * The table of entries: 2^18 pairs of (guest pc, entry), at a fixed place behind the guest's addresses, indexed by bits 1 to
 * 18 of the pc. An entry's low half is an index in the function table, the high half is 0 for a region, and `firstIndex` plus the
 * number of the block for a function of baseline code. In an empty pair the pc is 0, save for the first pair, where it is 1: nothing may match a jump to address 0.
 */
export const entryTableBase = guestEnd
export const entryTableBits = 18
export const entryTableBytes = 8 << entryTableBits

/** Where the two halves of an entry are. */
export const slotMask = 0xffff
export const indexShift = 16
export const firstIndex = 1

/** What a pc shifted left by two is masked with to give its pair's offset in the table. */
export const entryMask = ((1 << entryTableBits) - 1) << 3

/** Byte offset of the pair for a pc. */
export const entryOffset = (pc: number): number => entryTableBase + ((pc >>> 1) & ((1 << entryTableBits) - 1)) * 8
