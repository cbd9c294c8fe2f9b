/** Constants of translated code, in memory beside the value slots, so that one kind of operand names both. */
import type { CpuState } from "../../../CpuState.ts"
import * as Layout from "../../../Layout.ts"

const capacity = (Layout.constantPoolEnd - Layout.constantPoolBase) / 8

/** The pool. Equal constants share one place until `clear`. */
export class ConstantPool {
  /** Places of constants: by numbers those that are safe integers, as Maps find numbers faster. */
  private readonly indices = new Map<bigint | number, number>()
  /** Constants in front of those in `indices`. */
  private restored = 0
  private readonly i64: BigInt64Array<ArrayBufferLike>

  constructor(state: CpuState) {
    this.i64 = state.i64
  }

  /** Whether there is room for so many new constants. */
  hasRoom(count: number): boolean {
    return this.size + count <= capacity
  }

  /** Constants in the pool. */
  get size(): number {
    return this.restored + this.indices.size
  }

  /** Puts constants at the start of an empty pool; false where there is no room. They are not shared with further ones. */
  restore(constants: BigInt64Array): boolean {
    if (!this.hasRoom(constants.length)) return false
    this.i64.set(constants, Layout.constantPoolBase / 8)
    this.restored = constants.length
    return true
  }

  /** Address of a constant. Ask `hasRoom` first. */
  address(value: bigint): number {
    const number = Number(value)
    const key = Number.isSafeInteger(number) ? number : value
    let n = this.indices.get(key)
    if (n === undefined) {
      n = this.size
      this.indices.set(key, n)
      this.i64[Layout.constantPoolBase / 8 + n] = value
    }
    return Layout.constantPoolBase + 8 * n
  }

  clear(): void {
    this.indices.clear()
    this.restored = 0
  }
}
