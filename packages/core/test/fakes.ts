/** The emulator around the plugin system, as far as tests need it: everything that is asked of it is logged. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Instrumentation, TbInfo } from "@emu/core/Instrumentation"
import { make } from "@emu/core/Plugin"
import type { Plugin, PluginInstallFailure } from "@emu/core/Plugin"
import type { PluginApi } from "@emu/core/PluginApi"
import type { CallbackFailure, PluginError } from "@emu/core/PluginError"
import * as PluginOptions from "@emu/core/PluginOptions"
import { PluginFiles } from "@emu/core/PluginFiles"
import { ExclusiveSections } from "@emu/core/ExclusiveSections"
import { PluginHost } from "@emu/core/PluginHost"
import { PluginRegistry } from "@emu/core/PluginRegistry"
import * as PluginSystem from "@emu/core/PluginSystem"
import { Scoreboards } from "@emu/core/Scoreboards"
import { VcpuLifeCycle } from "@emu/core/VcpuLifeCycle"
import { CodeCache, GuestAccess, PluginOutput, ScoreboardMemory } from "@emu/core/Ports"
import type { CallbackScope, ModuleInfo, RegisterInfo } from "@emu/core/Ports"
import type { Scoreboard } from "@emu/core/Scoreboard"
import { type Trace, TraceKind } from "@emu/core/Trace"
import { TraceBuffer } from "@emu/core/trace/TraceBuffer"
import * as ScoreboardArena from "@emu/core/scoreboard/ScoreboardArena"

/** The services of a plugin system as one object. Those of the host, which share names with the registry's, are under `host`. */
const systemOf = Effect.gen(function* () {
  return {
    ...(yield* PluginRegistry),
    ...(yield* VcpuLifeCycle),
    ...(yield* ExclusiveSections),
    ...(yield* Scoreboards),
    host: yield* PluginHost
  }
})
export type System = Effect.Success<typeof systemOf>

/** What happened, in order. */
type Log = Array<string>

/** The code cache's side of the hooks that the plugin system installs. */
interface FakeEngine {
  instrument: (vcpu: number, tb: TbInfo) => Instrumentation | undefined
  flushed: () => void
  scoreboard: (id: number) => Scoreboard
  survives: (failure: CallbackFailure) => boolean
  scope: CallbackScope
}

const registers: ReadonlyArray<RegisterInfo> = [
  { name: "a0", feature: "org.gnu.gdb.riscv.cpu", size: 8, isReadOnly: false },
  { name: "pc", feature: "org.gnu.gdb.riscv.cpu", size: 8, isReadOnly: true },
  { name: "fflags", feature: "org.gnu.gdb.riscv.csr", size: 4, isReadOnly: false }
]

const fakeModule: ModuleInfo = { path: "/prog", base: 0x1000n, end: 0x2000n, entry: 0x1010n }

/** Register values of the fake guest, by vCPU and register. `pc` is what the scope says. */
type Values = Map<string, bigint>

/** A fake emulator: its log, its engine's hooks, and the layer of a plugin system on top of it. Scoreboards have `arenaBytes`. */
export const makeFakes = (log: Log = [], arenaBytes = 1 << 20) => {
  const values: Values = new Map()
  const memory = new Uint8Array(4096)
  const files = new Map<string, Uint8Array>()
  const engine: FakeEngine = {
    instrument: () => undefined,
    flushed: () => undefined,
    scoreboard: () => {
      throw new Error("not connected")
    },
    survives: () => false,
    scope: { vcpu: -1, flags: 0, pc: 0n }
  }
  const cache = Layer.succeed(CodeCache)({
    flush: () => {
      log.push("cache flush")
      engine.flushed()
    },
    flushJumpCache: (vcpu) => log.push(`jump cache ${vcpu}`),
    requestExit: () => log.push("kick"),
    setInstrumenter: (f) => (engine.instrument = f),
    setCallbackScope: (scope) => (engine.scope = scope),
    setFailureListener: (f) => (engine.survives = f),
    setFlushListener: (f) => (engine.flushed = f),
    setScoreboardLookup: (f) => (engine.scoreboard = f)
  })
  const inRange = (address: bigint, length: number) => address >= 0n && Number(address) + length <= memory.length
  const guest = Layer.succeed(GuestAccess)({
    registers,
    pcAlignment: 2n,
    pc: () => engine.scope.pc,
    readRegister: (vcpu, index) => (index === 1 ? engine.scope.pc : (values.get(`${vcpu}.${index}`) ?? 0n)),
    writeRegister: (vcpu, index, value) => values.set(`${vcpu}.${index}`, value),
    readMemory: (address, length) =>
      inRange(address, length) ? memory.slice(Number(address), Number(address) + length) : undefined,
    writeMemory: (address, bytes) => {
      if (!inRange(address, bytes.length)) return false
      memory.set(bytes, Number(address))
      return true
    },
    symbol: (address) => (address === 0x1000n ? "_start" : undefined),
    symbolAt: () => undefined,
    namesAt: () => [],
    symbolsNamed: () => [],
    backtrace: () => [],
    calls: { returnAddress: 0, stackPointer: 0, arguments: [0], result: 0, isCall: () => false },
    modules: () => [fakeModule],
    moduleAt: (address) => (address >= fakeModule.base && address < fakeModule.end ? fakeModule : undefined),
    disassemble: (raw) => `insn ${raw.toString(16)}`,
    program: () => undefined,
    process: () => undefined,
    vcpuInfo: () => undefined,
    time: {
      take: (whenIdle) => log.push(`time taken, ${whenIdle} when idle`),
      set: (ns) => {
        log.push(`time ${ns}`)
        return ns > 1000n
      },
      release: () => log.push("time released")
    }
  })
  const output = Layer.succeed(PluginOutput)(PluginOutput.text((text) => log.push(`out ${text}`)))
  const arena = ScoreboardArena.make({ buffer: new ArrayBuffer(arenaBytes), base: 0, end: arenaBytes })
  const boards = Layer.succeed(ScoreboardMemory)(arena)
  /** Files that plugins have opened, and not closed. */
  const open = new Map<string, bigint>()
  const pluginFiles = Layer.effect(PluginFiles)(
    Effect.map(PluginFiles, (host) => ({
      ...host,
      open: (path: string, owner: bigint) => {
        const file = host.open(path, owner)
        open.set(path, owner)
        const close = () => {
          file.close()
          open.delete(path)
        }
        return { ...file, close }
      },
      discard: (owner: bigint) => {
        for (const [path, other] of open) if (other === owner) open.delete(path)
      }
    }))
  ).pipe(Layer.provide(PluginFiles.inMemory(files)))
  const ports = Layer.mergeAll(cache, guest, pluginFiles, output, boards)
  const layer = PluginSystem.layer.pipe(Layer.provide(ports))
  /** A plugin system outside of any test effect. */
  const started = Effect.provide(systemOf, layer)
  const start = () => Effect.runSync(started)
  return { log, engine, values, memory, arena, files, open, ports, layer, started, start }
}

export type Fakes = ReturnType<typeof makeFakes>

/** Runs a test against a fresh plugin system on fakes. */
export const withSystem = <A, E>(
  f: (system: System, fakes: Fakes) => Effect.Effect<A, E>,
  arenaBytes?: number
): Effect.Effect<A, E> =>
  Effect.suspend(() => {
    const fakes = makeFakes([], arenaBytes)
    return Effect.flatMap(systemOf, (system) => f(system, fakes)).pipe(Effect.provide(fakes.layer))
  })

/** A plugin without options. */
export const plugin = (
  name: string,
  install: (api: PluginApi) => Effect.Effect<void, PluginError | PluginInstallFailure>
): Plugin<object> => make({ name, help: "for a test", options: PluginOptions.none, install: (api) => install(api) })

/** Installs a plugin that does nothing and returns its API, to be used as if from its install or callbacks. */
export const installBare = (system: System, name: string) =>
  Effect.gen(function* () {
    let api: PluginApi | undefined
    yield* system.install(
      plugin(name, (given) =>
        Effect.sync(() => {
          api = given
        })
      ),
      []
    )
    if (api === undefined) return yield* Effect.die(new Error("install did not run"))
    return api
  })

/** A block of instructions of four bytes from `pc`. */
export const block = (pc: bigint, ...raws: ReadonlyArray<number>): TbInfo => ({
  pc,
  insns: raws.map((raw, i) => ({ pc: pc + BigInt(4 * i), size: 4, raw }))
})

/** The buffer of a trace, which engines get by what plugins ask for. */
export const bufferOf = (trace: Trace): TraceBuffer => {
  if (trace instanceof TraceBuffer) return trace
  throw new TypeError("not a trace of the plugin system")
}

/** Appends records of a load of four bytes at 0x1000 as an engine does. */
export const append = ({ arena }: Fakes, trace: Trace, ...addresses: ReadonlyArray<number>): void => {
  const buffer = bufferOf(trace)
  const words = new Uint32Array(arena.buffer)
  for (const address of addresses) {
    const at = words[buffer.cursor / 4]!
    words[(buffer.sites + at) / 4] = buffer.siteNumber(0x1000, 4, TraceKind.load)
    words[(buffer.addresses + at) / 4] = address
    words[buffer.cursor / 4] = at + 4
  }
}
