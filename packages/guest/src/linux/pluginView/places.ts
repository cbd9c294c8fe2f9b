/** Frames of a thread for people. */
import type { StackFrame } from "@emu/core/Ports"
import type { ProcessView } from "./ProcessView.ts"

/**
 * Where a thread is, and where each of its callers will go on.
 *
 * @param slots its registers
 * @param limit at most so many
 */
export const framesOf = (
  view: ProcessView,
  slots: BigUint64Array<ArrayBufferLike>,
  pc: number,
  limit: number
): ReadonlyArray<StackFrame> =>
  view.backtrace.of(slots, pc, limit).map((at, depth) => ({ pc: BigInt(at), place: placeOf(view, at, depth > 0) }))

/**
 * What an address is in: function and offset, else module and offset; empty where it is in neither.
 *
 * @param isReturn it is where a call returns to: where the function called never returns, that is behind the caller's end
 */
const placeOf = ({ modules, symbols }: ProcessView, address: number, isReturn: boolean): string => {
  const symbol = symbols.cover(isReturn ? address - 1 : address)
  const module = modules.find(address)
  const file = module === undefined ? "" : module.path.replace(/.*\//, "")
  if (symbol !== undefined) {
    const offset = BigInt(address) - symbol.start
    return `${symbol.name}${offset === 0n ? "" : `+0x${offset.toString(16)}`} (${file})`
  }
  return module === undefined ? "" : `${file}+0x${(BigInt(address) - module.base).toString(16)}`
}
