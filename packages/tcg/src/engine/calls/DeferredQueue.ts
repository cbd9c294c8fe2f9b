/** Deferred callbacks that compiled code has recorded, and that wait to be called. */
import type { ExecCallback, MemCallback, MemInfo } from "@emu/core/Instrumentation"
import type { CpuState } from "../../CpuState.ts"
import { deferredBuffer } from "../../instrument/records.ts"
import { MemOp } from "../../ir/Opcode.ts"
import type { CodeCallback } from "./CodeCallback.ts"

/** The callbacks of one kind that code may record: what to call, and what is known of it, by number. */
interface Callbacks<F> {
  readonly functions: Array<F>
  readonly codes: Array<CodeCallback>
}

/** Lowest bit of a record's site: it is of an access. The bits above number the callback among those of its kind. */
const accessBit = 1

export class DeferredQueue {
  private readonly execs: Callbacks<ExecCallback> = { functions: [], codes: [] }
  private readonly mems: Callbacks<MemCallback> = { functions: [], codes: [] }
  private readonly cursor: Uint32Array<ArrayBufferLike>
  private readonly sites: Uint32Array<ArrayBufferLike>
  private readonly addresses: Uint32Array<ArrayBufferLike>
  private readonly access: RecordedAccess

  constructor({ buffer }: CpuState) {
    const { addresses, cursor, records, sites, values } = deferredBuffer
    this.cursor = new Uint32Array(buffer, cursor, 1)
    this.sites = new Uint32Array(buffer, sites, records)
    this.addresses = new Uint32Array(buffer, addresses, records)
    this.access = new RecordedAccess(this.sites, new BigUint64Array(buffer, values, records), this.mems.codes)
    this.cursor[0] = 0
  }

  get isEmpty(): boolean {
    return this.cursor[0] === 0
  }

  /** Takes in a callback. Gives the site that records of it have. */
  add(code: CodeCallback): number {
    const { callback } = code
    if (callback.kind === "mem") return 2 * put(this.mems, callback.callback, code) + accessBit
    if (callback.kind === "exec") return 2 * put(this.execs, callback.callback, code)
    throw new Error(`a callback of kind ${callback.kind} cannot be deferred`)
  }

  /** All code is gone, and with it all callbacks, unless some wait: they stay until the next time. */
  clear(): void {
    if (!this.isEmpty) return
    for (const list of [this.execs, this.mems]) {
      list.functions.length = 0
      list.codes.length = 0
    }
  }

  /** Makes the callbacks of a plugin do nothing. */
  silence(plugin: bigint): void {
    for (const { codes, functions } of [this.execs, this.mems]) {
      codes.forEach(({ callback }, i) => {
        if (callback.plugin === plugin) functions[i] = () => {}
      })
    }
  }

  /**
   * Calls what waits, in order. Plugins often make a function for each block or instruction, but of one piece of source: V8 takes them
   * for the same here, and inlines it.
   *
   * @param failed told of a callback that threw: whether to go on with those behind it, which else are forgotten
   * @returns whether all were called
   */
  drain(vcpu: number, failed: (code: CodeCallback, cause: unknown) => boolean): boolean {
    const { access, addresses, cursor, sites } = this
    const execs = this.execs.functions
    const mems = this.mems.functions
    const count = cursor[0]! >>> 2
    cursor[0] = 0
    for (let i = 0; i < count; i++) {
      try {
        for (; i < count; i++) {
          const site = sites[i]!
          if ((site & accessBit) === 0) {
            const call = execs[site >>> 1]!
            call(vcpu)
          } else {
            access.at = i
            const call = mems[site >>> 1]!
            call(vcpu, access, addresses[i]!)
          }
        }
      } catch (cause) {
        const site = sites[i]!
        const { codes } = (site & accessBit) === 0 ? this.execs : this.mems
        if (!failed(codes[site >>> 1]!, cause)) return false
      }
    }
    return true
  }
}

const put = <F>({ codes, functions }: Callbacks<F>, callback: F, code: CodeCallback): number => {
  functions.push(callback)
  return codes.push(code) - 1
}

/** The access of record number `at`: looked up only for callbacks that look at it. */
class RecordedAccess implements MemInfo {
  at = 0
  readonly isBigEndian = false
  readonly #sites: Uint32Array<ArrayBufferLike>
  readonly #values: BigUint64Array<ArrayBufferLike>
  readonly #codes: ReadonlyArray<CodeCallback>

  constructor(
    sites: Uint32Array<ArrayBufferLike>,
    values: BigUint64Array<ArrayBufferLike>,
    codes: ReadonlyArray<CodeCallback>
  ) {
    this.#sites = sites
    this.#values = values
    this.#codes = codes
  }

  get #code(): CodeCallback {
    return this.#codes[this.#sites[this.at]! >>> 1]!
  }

  get sizeShift(): number {
    return this.#code.memop & MemOp.sizeMask
  }

  get isSignExtended(): boolean {
    return (this.#code.memop & MemOp.sign) !== 0
  }

  get isStore(): boolean {
    return this.#code.store
  }

  get value(): bigint {
    return this.#values[this.at]!
  }
}
