/** A guest without an emulator: runs a plugin against blocks, accesses and registers that a test makes up. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import {
  type CallbackFlags,
  type ExecCallback,
  InlineOp,
  type MemCallback,
  type MemInfo,
  type MemRw,
  type PluginCond
} from "@emu/core/Instrumentation"
import { holds } from "@emu/core/transitions/instrumentation"
import { hardware } from "@emu/core/api/hardware"
import type { Plugin } from "@emu/core/Plugin"
import type {
  ColdResult,
  DisconCallback,
  InsnHandle,
  PluginApi,
  RegisterHandle,
  TbHandle,
  VcpuCallback
} from "@emu/core/PluginApi"
import { DisconKind } from "@emu/core/PluginEvent"
import * as PluginOptions from "@emu/core/PluginOptions"
import { type Trace, TraceKind } from "@emu/core/Trace"
import type { ScoreboardU64 } from "@emu/core/Scoreboard"
import { FakeTraces } from "./FakeTraces.ts"

/** An instruction that the guest can execute. */
export interface FakeInsn {
  readonly disas: string
  readonly size?: number
  readonly opcode?: number
  readonly accesses?: ReadonlyArray<FakeAccess>
  /** What it does to registers, by name. */
  readonly sets?: Readonly<Record<string, bigint>>
  /** Raises an exception instead, while this says so: the rest of the block does not run. */
  readonly faults?: () => boolean
}

interface FakeAccess {
  readonly address: number
  readonly store: boolean
  readonly bytes: number
  readonly value: bigint
}

interface Access {
  readonly rw: MemRw
  readonly run: MemCallback
}

interface Translated {
  readonly pcs: ReadonlyArray<bigint>
  readonly tb: Array<ExecCallback>
  readonly exec: Array<Array<ExecCallback>>
  readonly mem: Array<Array<Access>>
}

const registerNames = ["a0", "a1", "s1", "pc"]

const asEffect = (result: ColdResult): Effect.Effect<void> => (Effect.isEffect(result) ? result : Effect.void)

export class FakeGuest {
  /** What the plugin has printed. */
  text = ""
  symbols: Readonly<Record<string, string>> = {}
  readonly registers: Record<string, bigint> = Object.fromEntries(registerNames.map((name) => [name, 0n]))
  /** The greatest permission that a callback was registered with. */
  flags: CallbackFlags = 0
  readonly #api: Omit<PluginApi, "report">
  readonly #slots: Array<Map<number, bigint>> = []
  readonly #traces = new FakeTraces()
  #vcpus = 1
  #tbTrans: ((tb: TbHandle) => void) | undefined
  #discon: DisconCallback | undefined
  #atExit: (() => unknown) | undefined
  #vcpuInit: VcpuCallback | undefined
  readonly #work: Array<() => ColdResult> = []
  /** Nanoseconds that the guest's clocks show, for a plugin that controls them. */
  time = 0n

  private constructor() {
    this.#api = this.#makeApi()
  }

  /** Installs a plugin with arguments as on the command line. Throws what it fails with. */
  static install<Options, Result = unknown>(
    plugin: Plugin<Options, Result>,
    args: Readonly<Record<string, string>> = {}
  ): FakeGuest {
    const guest = new FakeGuest()
    const report = (result: Result) => void (guest.text += plugin.render?.(result) ?? "")
    const options = Result.getOrThrow(PluginOptions.decode(plugin, Object.entries(args)))
    const info = { targetName: "riscv64", apiVersion: { min: 1, current: 1 }, systemEmulation: false }
    Effect.runSync(plugin.install({ ...guest.#api, report }, options, info))
    return guest
  }

  /** Shows a block to the plugin; the result executes it on a vCPU. */
  translate(pc: bigint, insns: ReadonlyArray<FakeInsn>): (vcpu?: number) => void {
    const pcs: Array<bigint> = []
    let at = pc
    for (const insn of insns) {
      pcs.push(at)
      at += BigInt(insn.size ?? 4)
    }
    const block: Translated = { pcs, tb: [], exec: insns.map(() => []), mem: insns.map(() => []) }
    const site = { pc, size: Number(at - pc), kind: TraceKind.block }
    this.#tbTrans?.({
      pc,
      insns: insns.map((insn, i) => this.#insnHandle(insn, i, block)),
      ...this.#points(block.tb, site)
    })
    return (vcpu = 0) => this.#execute(block, insns, vcpu)
  }

  /** A vCPU begins. */
  readonly start = (vcpu: number): Effect.Effect<void> => asEffect(this.#vcpuInit?.(vcpu))

  /** Does the work that the plugin has queued for the time between blocks. */
  readonly work = (): Effect.Effect<void> =>
    Effect.forEach(this.#work.splice(0), (callback) => asEffect(callback()), { discard: true })

  /** Tells the plugin of a discontinuity. */
  jump(kind: DisconKind, from: bigint, to: bigint, vcpu = 0): void {
    this.#discon?.(vcpu, kind, from, to)
  }

  /** Ends the guest; what the plugin has printed. */
  exit(): string {
    this.#traces.drain()
    this.#atExit?.()
    return this.text
  }

  #execute(block: Translated, insns: ReadonlyArray<FakeInsn>, vcpu: number): void {
    this.#vcpus = Math.max(this.#vcpus, vcpu + 1)
    this.#traces.switchTo(vcpu)
    this.registers["pc"] = block.pcs[0]!
    for (const run of block.tb) run(vcpu)
    for (const [i, insn] of insns.entries()) {
      const pc = block.pcs[i]!
      this.registers["pc"] = pc
      for (const run of block.exec[i]!) run(vcpu)
      if (insn.faults?.() === true) return void this.#discon?.(vcpu, DisconKind.exception, pc, 0n)
      Object.assign(this.registers, insn.sets)
      for (const { address, bytes, store, value } of insn.accesses ?? []) {
        const info: MemInfo = {
          sizeShift: Math.log2(bytes),
          isSignExtended: false,
          isBigEndian: false,
          isStore: store,
          value
        }
        for (const { rw, run } of block.mem[i]!) if ((rw & (store ? 2 : 1)) !== 0) run(vcpu, info, address)
      }
    }
  }

  #points(list: Array<ExecCallback>, { kind, pc, size }: { pc: bigint; size: number; kind: TraceKind }) {
    return {
      traceExec: (trace: Trace) => void list.push(() => this.#traces.record(trace, Number(pc), pc, size, kind)),
      onExec: (callback: ExecCallback, flags: CallbackFlags = 0) => {
        this.flags = Math.max(this.flags, flags) as CallbackFlags
        list.push(callback)
      },
      onExecCond: (
        callback: ExecCallback,
        cond: PluginCond,
        entry: ScoreboardU64,
        imm: bigint,
        flags: CallbackFlags = 0
      ) => {
        this.flags = Math.max(this.flags, flags) as CallbackFlags
        list.push((vcpu) => {
          const value = this.#get(entry, vcpu)
          if (holds(cond, value, imm)) callback(vcpu)
        })
      },
      inline: (op: InlineOp, entry: ScoreboardU64, imm: bigint) => {
        list.push((vcpu) => this.#set(entry, vcpu, op === InlineOp.addU64 ? this.#get(entry, vcpu) + imm : imm))
      }
    }
  }

  #insnHandle({ disas, opcode = 0x13, size = 4 }: FakeInsn, index: number, block: Translated): InsnHandle {
    const pc = block.pcs[index]!
    const mem = block.mem[index]!
    return {
      pc,
      size,
      bytes: new Uint8Array(size),
      opcode,
      haddr: Number(pc),
      disas: () => disas,
      symbol: () => this.symbols[String(pc)],
      ...this.#points(block.exec[index]!, { pc, size, kind: TraceKind.exec }),
      traceMem: (trace, rw) =>
        void mem.push({
          rw,
          run: (_vcpu, { isStore, sizeShift }, address) =>
            this.#traces.record(trace, address, pc, 1 << sizeShift, isStore ? TraceKind.store : TraceKind.load)
        }),
      onMem: (run, rw) => void mem.push({ rw, run }),
      memInline: (rw, _op, entry, imm) =>
        void mem.push({ rw, run: (vcpu) => this.#set(entry, vcpu, this.#get(entry, vcpu) + imm) })
    }
  }

  #get(entry: ScoreboardU64, vcpu: number): bigint {
    return this.#slots[entry.scoreboard]!.get(vcpu * 1024 + entry.offset) ?? 0n
  }

  #set(entry: ScoreboardU64, vcpu: number, value: bigint): void {
    this.#slots[entry.scoreboard]!.set(vcpu * 1024 + entry.offset, BigInt.asUintN(64, value))
  }

  #makeApi(): Omit<PluginApi, "report"> {
    const unused = () => {
      throw new Error("the fake guest has none of this")
    }
    const scoreboardNewUnsafe = () => this.#slots.push(new Map()) - 1
    const vcpus = () => Array.from({ length: this.#vcpus }, (_, vcpu) => vcpu)
    const handles = registerNames.map((name, index): RegisterHandle => ({
      name,
      index,
      feature: "",
      size: 8,
      isReadOnly: false
    }))
    return {
      id: 1n,
      name: "test",
      onVcpuInit: (callback) => Effect.sync(() => void (this.#vcpuInit = callback)),
      onVcpuExit: unused,
      onVcpuIdle: () => Effect.void,
      onVcpuResume: unused,
      onTbTrans: (callback) => Effect.sync(() => void (this.#tbTrans = callback)),
      onSyscall: unused,
      onSyscallRet: unused,
      onSyscallFilter: unused,
      onDiscon: (_kinds, callback) => Effect.sync(() => void (this.#discon = callback)),
      onFlush: unused,
      onAtExit: (callback) => Effect.sync(() => void (this.#atExit = callback)),
      reset: unused,
      uninstall: unused,
      trace: (options) => Effect.sync(() => this.#traces.make(options)),
      scoreboardNew: () => Effect.sync(scoreboardNewUnsafe),
      scoreboardFree: unused,
      scoreboardNewUnsafe,
      scoreboardFind: unused,
      u64: (scoreboard, offset = 0) => ({ scoreboard, offset }),
      u64Add: (entry, vcpu, value) => this.#set(entry, vcpu, this.#get(entry, vcpu) + value),
      u64Get: (entry, vcpu) => this.#get(entry, vcpu),
      u64Set: (entry, vcpu, value) => this.#set(entry, vcpu, value),
      u64Sum: (entry) => vcpus().reduce((sum, vcpu) => sum + this.#get(entry, vcpu), 0n),
      getRegisters: () => handles,
      readRegister: ({ name }) => this.registers[name]!,
      writeRegister: unused,
      setPc: unused,
      readMemory: unused,
      writeMemory: unused,
      ...hardware,
      requestTimeControl: () => ({ updateNs: (ns) => void (this.time = ns) }),
      vcpuInfo: unused,
      process: unused,
      numVcpus: () => this.#vcpus,
      vcpuForEach: (callback) => vcpus().forEach(callback),
      program: () => ({ path: "/p", startCode: 0x1000n, endCode: 0x2000n, entryCode: 0x1000n, target: "riscv64" }),
      symbol: (address) => this.symbols[String(address)],
      modules: unused,
      moduleAt: unused,
      onCall: unused,
      readString: unused,
      symbolAt: unused,
      findSymbols: unused,
      describeAddress: unused,
      backtrace: unused,
      openFile: unused,
      makeDirectory: unused,
      openChannel: unused,
      exit: unused,
      queueWork: (callback) => void this.#work.push(callback),
      outs: (text) => void (this.text += text),
      runSync: unused
    }
  }
}
