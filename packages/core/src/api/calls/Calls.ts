/**
 * `onCall` of one plugin. It takes part in the plugin's own events: at each translated block it asks for a callback where a watched
 * function begins, and where functions return to for one that runs only while a call may end there.
 */
import type { CallHooks, CallTarget, FunctionCall } from "../../FunctionCalls.ts"
import { CallbackFlags, InlineOp, PluginCond } from "../../Instrumentation.ts"
import type { PluginApi, TbHandle, VcpuCallback } from "../../PluginApi.ts"
import type { GuestAccess } from "../../Ports.ts"
import type { ScoreboardU64 } from "../../Scoreboard.ts"
import { afterEnd, afterReturn, beforeCall, type Frame } from "./ShadowStack.ts"
import { nameFor } from "./targets.ts"

/** What it needs of the plugin's API. */
export type Api = Pick<PluginApi, "scoreboardNewUnsafe" | "u64" | "u64Get" | "u64Set">

/** A target with what is to be done. */
export interface Watch {
  readonly target: CallTarget
  readonly hooks: CallHooks<unknown>
}

/** A vCPU's slots. */
interface Slots {
  /** The return address of its innermost call; 0 without. Return addresses are even. */
  readonly expected: ScoreboardU64
  /** How many calls it is in. */
  readonly depth: ScoreboardU64
  /** The return address of the last call instruction: tells calls from jumps. */
  readonly called: ScoreboardU64
}

export class Calls {
  readonly watches: Array<Watch> = []
  /** The plugin's own handlers of the events that this takes part in. */
  tbTrans: ((tb: TbHandle) => void) | undefined
  vcpuInit: VcpuCallback | undefined
  vcpuExit: VcpuCallback | undefined
  readonly #api: Api
  readonly #guest: GuestAccess["Service"]
  readonly #frames = new Map<number, Frame | undefined>()
  /** Frames of vCPUs that have not begun yet. */
  readonly #inherited = new Map<number, Frame | undefined>()
  #slots: Slots | undefined

  constructor(api: Api, guest: GuestAccess["Service"]) {
    this.#api = api
    this.#guest = guest
  }

  /** Forgets everything, as a reset of the plugin does. */
  clear(): void {
    this.watches.length = 0
    this.tbTrans = this.vcpuInit = this.vcpuExit = undefined
    this.#frames.clear()
    this.#inherited.clear()
    this.#slots = undefined
  }

  readonly onTbTrans = (tb: TbHandle): void => {
    this.#instrument(tb)
    this.tbTrans?.(tb)
  }

  readonly onVcpuInit: VcpuCallback = (vcpu) => {
    this.#put(vcpu, this.#inherited.get(vcpu))
    this.#inherited.delete(vcpu)
    return this.vcpuInit?.(vcpu)
  }

  readonly onVcpuExit: VcpuCallback = (vcpu) => {
    afterEnd(this.#frames.get(vcpu), vcpu)
    this.#frames.delete(vcpu)
    return this.vcpuExit?.(vcpu)
  }

  /** A vCPU has been made by another one: that of a forked process is in the same calls, a new thread has a stack of its own. */
  readonly made = (vcpu: number, by: number): void => {
    const { calls, readRegister } = this.#guest
    const isFork = readRegister(vcpu, calls.stackPointer) === readRegister(by, calls.stackPointer)
    if (isFork) this.#inherited.set(vcpu, this.#frames.get(by))
  }

  get #places(): Slots {
    if (this.#slots === undefined) {
      const board = this.#api.scoreboardNewUnsafe(24)
      const [expected, depth, called] = [0, 8, 16].map((offset) => this.#api.u64(board, offset))
      this.#slots = { expected: expected!, depth: depth!, called: called! }
    }
    return this.#slots
  }

  #instrument(tb: TbHandle): void {
    const { calls, moduleAt, namesAt } = this.#guest
    const { called, depth, expected } = this.#places
    const flags = Math.max(...this.watches.map(({ hooks }) => flagsOf(hooks))) as CallbackFlags
    const { pc } = tb
    if (this.#isReturnSite(pc)) {
      const returned = (vcpu: number): void => this.#return(vcpu, pc)
      tb.onExecCond(returned, PluginCond.eq, expected, pc, flags)
      // the innermost call may have been left another way, with those around it
      tb.onExecCond(returned, PluginCond.gt, depth, 1n, flags)
    }
    for (const insn of tb.insns) {
      const address = insn.pc
      const names = namesAt(address)
      for (const { hooks, target } of this.watches) {
        if (names.length === 0 && typeof target !== "bigint") continue
        const name = nameFor(target, address, names, () => moduleAt(address)?.path)
        if (name === undefined) continue
        insn.onExec((vcpu) => this.#enter(vcpu, name, address, hooks), flagsOf(hooks))
      }
    }
    const last = tb.insns.at(-1)!
    if (calls.isCall(last.opcode, last.size)) last.inline(InlineOp.storeU64, called, last.pc + BigInt(last.size))
  }

  /** Whether there is a call before an address. */
  #isReturnSite(pc: bigint): boolean {
    const { calls, readMemory } = this.#guest
    return [2, 4].some((size) => {
      const bytes = readMemory(pc - BigInt(size), size)
      return (
        bytes !== undefined &&
        calls.isCall(
          bytes.reduceRight((raw, byte) => (raw << 8) | byte, 0),
          size
        )
      )
    })
  }

  #enter(vcpu: number, name: string, address: bigint, hooks: CallHooks<unknown>): void {
    const { calls, program, readRegister } = this.#guest
    const { called } = this.#places
    const sp = readRegister(vcpu, calls.stackPointer)
    const returnAddress = readRegister(vcpu, calls.returnAddress)
    const isCall = this.#api.u64Get(called, vcpu) === returnAddress
    // what the function jumps to is not called; other watches of the same function are
    this.#api.u64Set(called, vcpu, 0n)
    const running = program()
    const outer = beforeCall(this.#frames.get(vcpu), vcpu, sp, isCall, running)
    const args = calls.arguments.map((register) => readRegister(vcpu, register))
    const call: FunctionCall = { vcpu, name, address, returnAddress, args }
    this.#put(vcpu, outer)
    const state = hooks.enter?.(call)
    if (hooks.exit === undefined) return
    this.#put(vcpu, { call, hooks, state, sp, program: running, outer, depth: (outer?.depth ?? 0) + 1 })
  }

  #return(vcpu: number, pc: bigint): void {
    const { calls, readRegister } = this.#guest
    const sp = readRegister(vcpu, calls.stackPointer)
    const result = (): bigint => readRegister(vcpu, calls.result)
    this.#put(vcpu, afterReturn(this.#frames.get(vcpu), vcpu, pc, sp, result))
  }

  #put(vcpu: number, frame: Frame | undefined): void {
    const { depth, expected } = this.#places
    this.#frames.set(vcpu, frame)
    this.#api.u64Set(expected, vcpu, frame?.call.returnAddress ?? 0n)
    this.#api.u64Set(depth, vcpu, BigInt(frame?.depth ?? 0))
  }
}

const flagsOf = ({ flags = CallbackFlags.readWriteRegs }: CallHooks<unknown>): CallbackFlags => flags
