/**
 * Plugins under two engines: the tested engine calls them and writes down what they saw and changed; the reference compares
 * what they would have seen, and makes the same changes, without calling them.
 */
import { CallbackFlags } from "@emu/core/Instrumentation"
import type { DynCallback, ExecCallback, Instrumentation, MemCallback, MemInfo, TbInfo } from "@emu/core/Instrumentation"
import type { Scoreboard } from "@emu/core/Scoreboard"
import type { CpuState } from "../../CpuState.ts"
import type { Helper } from "../../FrontEnd.ts"
import { CpuSlot } from "../../Layout.ts"

/** What a plugin saw in one callback. Whatever two engines do not share is left out. */
interface Seen {
  readonly kind: DynCallback["kind"]
  readonly pc: number
  readonly vcpu: number
  /** Registers, where it may read them. */
  readonly registers: number
  readonly access: Access | undefined
}

/** An access, as a memory callback sees it. */
interface Access {
  readonly isStore: boolean
  readonly sizeShift: number
  readonly address: number
  readonly value: bigint
}

/** What it did. */
interface Effects {
  readonly slots: ReadonlyArray<readonly [slot: number, value: bigint]>
  readonly bytes: ReadonlyArray<readonly [address: number, bytes: Uint8Array]>
  readonly thrown: { readonly cause: unknown } | undefined
}

const none: Effects = { slots: [], bytes: [], thrown: undefined }

/** Instrumentation of a block as the plugins gave it. */
interface Known {
  readonly tb: TbInfo
  readonly instrumentation: Instrumentation | undefined
}

type Called = Extract<DynCallback, { kind: "exec" | "cond" | "mem" }>

/** Called on the reference for each store: instruction, address, size in bytes. */
export type StoreListener = (pc: number, address: number, size: number) => void

const accessOf = ({ isStore, sizeShift, value }: MemInfo, address: number): Access => ({
  isStore,
  sizeShift,
  address,
  value
})

const isSame = (a: Seen, b: Seen): boolean =>
  a.kind === b.kind &&
  a.pc === b.pc &&
  a.vcpu === b.vcpu &&
  a.registers === b.registers &&
  a.access?.isStore === b.access?.isStore &&
  a.access?.sizeShift === b.access?.sizeShift &&
  a.access?.address === b.access?.address &&
  a.access?.value === b.access?.value

const describe = ({ access, kind, pc, registers, vcpu }: Seen): string => {
  const parts = [`${kind} callback at 0x${pc.toString(16)} on vCPU ${vcpu}`]
  if (access !== undefined) {
    const { address, isStore, sizeShift, value } = access
    const what = `${isStore ? "store" : "load"} of ${1 << sizeShift} bytes`
    parts.push(`${what} at 0x${address.toString(16)}, value 0x${value.toString(16)}`)
  }
  if (registers !== 0) parts.push(`registers ${registers.toString(16)}`)
  return parts.join(", ")
}

export class Replay {
  /** Says where a scoreboard lies. */
  findScoreboard: (id: number) => Scoreboard = (id) => {
    throw new Error(`no scoreboards: the code names scoreboard ${id}, but no lookup was installed`)
  }
  /** Told of a scoreboard that code names for the first time: other processes may have counted in it. */
  onBoard: (start: number, end: number) => void = () => {}
  private readonly tested: CpuState
  private readonly reference: CpuState
  private readonly registers: number
  private readonly stored: StoreListener
  private readonly blocks = new Map<number, Known>()
  private readonly scoreboards = new Set<number>()
  private readonly queue: Array<{ readonly seen: Seen; readonly effects: Effects }> = []
  private readonly results: Array<bigint> = []
  private readonly survivals: Array<boolean> = []
  private next = 0
  private unequal: string | undefined
  /** Asking plugins about a block failed since the last `settle`. */
  hasInstrumenterFailed = false
  /** A deferred callback failed since the last `settle`: the tested side has gone further than it would have on the reference. */
  hasDeferredFailed = false
  /** A volatile helper was called. */
  private asked = false
  /** Memory that callbacks wrote, since the last `settle`. */
  readonly applied: Array<readonly [address: number, size: number]> = []
  /** Wrappers by what they wrap and where: the JIT compares callbacks by identity. */
  private readonly wrappers = new WeakMap<object, Map<string, Called["callback"]>>()
  /** Guest memory that the running callback wrote. */
  private written: Array<readonly [number, Uint8Array]> | undefined

  /** @param registers number of the front end's registers */
  constructor(tested: CpuState, reference: CpuState, registers: number, stored: StoreListener) {
    this.tested = tested
    this.reference = reference
    this.registers = registers
    this.stored = stored
  }

  /** Whether plugins or clocks were asked since the last `settle`: then the stretch cannot be run once more. */
  get isUnrepeatable(): boolean {
    return this.next > 0 || this.queue.length > 0 || this.asked
  }

  /** The first callback that was not the same in a stretch that both sides executed; undefined if all were. */
  mismatch(): string | undefined {
    const left = this.queue[this.next]
    return this.unequal ?? (left && `${describe(left.seen)}: the interpreter has none`)
  }

  /** Begins a stretch. */
  settle(): void {
    this.unequal = undefined
    this.queue.length = 0
    this.results.length = 0
    this.survivals.length = 0
    this.applied.length = 0
    this.next = 0
    this.asked = false
    this.hasInstrumenterFailed = false
    this.hasDeferredFailed = false
  }

  /** Guest memory was written: if by a callback, the reference will write it, too. */
  memoryWritten(address: number, length: number): void {
    this.written?.push([address, this.tested.u8.slice(address, address + length)])
  }

  /** Byte ranges of the scoreboards that code changes by itself; both ends are multiples of eight. */
  boards(): ReadonlyArray<readonly [start: number, end: number]> {
    return [...this.scoreboards].map((id) => {
      const { byteOffset, capacity, elementSize } = this.findScoreboard(id)
      return [byteOffset, byteOffset + capacity * elementSize]
    })
  }

  /** All code was dropped: none names a scoreboard any more. */
  forgetScoreboards(): void {
    this.scoreboards.clear()
  }

  /** Helpers for both sides: what depends on more than the guest's state is run once. */
  helpers(helpers: ReadonlyArray<Helper>): {
    readonly tested: ReadonlyArray<Helper>
    readonly reference: ReadonlyArray<Helper>
  } {
    const split = (side: (helper: Helper) => Helper["run"]) =>
      helpers.map((helper) => (helper.isVolatile === true ? { ...helper, run: side(helper) } : helper))
    return {
      tested: split(({ run }) => (state, a, b) => {
        const result = run(state, a, b)
        this.results.push(result)
        this.asked = true
        return result
      }),
      reference: split(
        ({ run }) =>
          (state, a, b) =>
            this.results.shift() ?? run(state, a, b)
      )
    }
  }

  /** Takes note of whether the guest goes on after a callback of the tested side threw. */
  recordSurvival(survives: boolean): boolean {
    this.survivals.push(survives)
    return survives
  }

  /** Whether the guest went on after the callback that is being replayed. */
  replaySurvival(): boolean {
    return this.survivals.shift() ?? false
  }

  /** The tested side's instrumenter, around the plugins' own. */
  record(tb: TbInfo, ask: () => Instrumentation | undefined): Instrumentation | undefined {
    this.hasInstrumenterFailed = true
    const instrumentation = ask()
    this.hasInstrumenterFailed = false
    this.blocks.set(Number(tb.pc), { tb, instrumentation })
    if (instrumentation === undefined) return undefined
    for (const list of [instrumentation.tb, ...instrumentation.insns.flatMap(({ exec, mem }) => [exec, mem])]) {
      for (const callback of list) if ("entry" in callback) this.addBoard(callback.entry.scoreboard)
    }
    return this.wrapped(tb, instrumentation, this.recording)
  }

  private addBoard(id: number): void {
    if (this.scoreboards.has(id)) return
    this.scoreboards.add(id)
    const { byteOffset, capacity, elementSize } = this.findScoreboard(id)
    this.onBoard(byteOffset, byteOffset + capacity * elementSize)
  }

  /** The reference's instrumenter: what the tested side's block, or the beginning of it, got. Stores are listened to. */
  replay(tb: TbInfo): Instrumentation {
    const pc = Number(tb.pc)
    const known = this.blocks.get(pc)?.instrumentation
    const given = known && this.wrapped(tb, known, this.replaying)
    return {
      tb: given?.tb ?? [],
      insns: tb.insns.map((insn, i) => ({
        exec: given?.insns[i]?.exec ?? [],
        mem: [...(given?.insns[i]?.mem ?? []), this.listening(Number(insn.pc))]
      }))
    }
  }

  private wrapped(tb: TbInfo, { insns, tb: head }: Instrumentation, wrap: (pc: number, callback: Called) => DynCallback) {
    // Records of buffered traces are the tested side's alone: plugins read them where they are written.
    const kept = (callback: DynCallback) => wrap === this.recording || !("trace" in callback)
    const all = (pc: number, list: ReadonlyArray<DynCallback>) =>
      list.filter(kept).map((callback) => ("callback" in callback ? wrap(pc, callback) : callback))
    return {
      tb: all(Number(tb.pc), head),
      insns: tb.insns.map(({ pc }, i) => ({
        exec: all(Number(pc), insns[i]?.exec ?? []),
        mem: all(Number(pc), insns[i]?.mem ?? [])
      }))
    }
  }

  private readonly recording = (pc: number, callback: Called): DynCallback => {
    const known = this.wrappers.get(callback.callback) ?? new Map<string, Called["callback"]>()
    this.wrappers.set(callback.callback, known)
    const key = `${callback.kind} ${callback.flags} ${pc}`
    const wrapper = known.get(key) ?? this.recorder(pc, callback)
    known.set(key, wrapper)
    return { ...callback, callback: wrapper } as DynCallback
  }

  private recorder(pc: number, { callback, flags, kind }: Called): Called["callback"] {
    const record = (vcpu: number, access: Access | undefined, call: () => void) => {
      const seen: Seen = { kind, pc, vcpu, registers: flags <= CallbackFlags.noRegs ? 0 : this.hash(this.tested), access }
      const slots = flags >= CallbackFlags.readWriteRegs ? this.tested.i64.slice(0, CpuSlot.pc) : undefined
      const boards = this.boards().map(([start, end]) => [start, this.tested.i32.slice(start / 4, end / 4)] as const)
      this.written = []
      let thrown: Effects["thrown"]
      try {
        call()
      } catch (cause) {
        thrown = { cause }
      }
      this.queue.push({ seen, effects: this.effects(slots, boards, thrown) })
      this.written = undefined
      if (thrown === undefined) return
      this.hasDeferredFailed ||= flags === CallbackFlags.deferred
      throw thrown.cause
    }
    const exec: ExecCallback = (vcpu) => record(vcpu, undefined, () => (callback as ExecCallback)(vcpu))
    const mem: MemCallback = (vcpu, info, address) =>
      record(vcpu, accessOf(info, address), () => callback(vcpu, info, address))
    return kind === "mem" ? mem : exec
  }

  private effects(
    slots: BigInt64Array | undefined,
    boards: ReadonlyArray<readonly [start: number, before: Int32Array]>,
    thrown: Effects["thrown"]
  ): Effects {
    const { i32, i64, u8 } = this.tested
    const bytes = [...(this.written ?? [])]
    for (const [start, before] of boards) {
      for (let i = 0; i < before.length; i++) {
        const at = start + 4 * i
        if (before[i] !== i32[at / 4]) bytes.push([at, u8.slice(at, at + 4)])
      }
    }
    const changed: Array<readonly [number, bigint]> = []
    slots?.forEach((value, slot) => {
      if (i64[slot] !== value) changed.push([slot, i64[slot]!])
    })
    return bytes.length === 0 && changed.length === 0 && thrown === undefined ? none : { slots: changed, bytes, thrown }
  }

  private readonly replaying = (pc: number, callback: Called): DynCallback => {
    const { flags, kind } = callback
    const replay = (vcpu: number, access: Access | undefined) => {
      const seen: Seen = { kind, pc, vcpu, registers: flags <= CallbackFlags.noRegs ? 0 : this.hash(this.reference), access }
      const expected = this.queue[this.next++]
      if (expected === undefined) {
        this.unequal ??= `${describe(seen)}: the JIT has none`
        return
      }
      if (!isSame(expected.seen, seen)) {
        this.unequal ??= `JIT: ${describe(expected.seen)}; interpreter: ${describe(seen)}`
      }
      const { bytes, slots, thrown } = expected.effects
      for (const [slot, value] of slots) this.reference.i64[slot] = value
      for (const [address, list] of bytes) {
        this.reference.u8.set(list, address)
        this.applied.push([address, list.length])
      }
      if (thrown !== undefined) throw thrown.cause
    }
    const exec: ExecCallback = (vcpu) => replay(vcpu, undefined)
    return callback.kind === "mem"
      ? { ...callback, callback: (vcpu, info, address) => replay(vcpu, accessOf(info, address)) }
      : { ...callback, callback: exec }
  }

  /** Tells of the stores of an instruction on the reference. */
  private listening(pc: number): DynCallback {
    return {
      kind: "mem",
      plugin: -1n,
      flags: 0,
      rw: 2,
      callback: (_, info, address) => this.stored(pc, address, 1 << info.sizeShift)
    }
  }

  private hash({ i32 }: CpuState): number {
    let h = 0
    for (let i = 0; i < 2 * this.registers; i++) h = Math.imul(h ^ i32[i]!, 0x01000193) + 1
    return h >>> 0
  }
}
