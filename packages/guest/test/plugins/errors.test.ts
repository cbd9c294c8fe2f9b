/** Plugins that fail, in each kind of callback, on both engines: who is blamed, and what is lost (nothing else). */
import { CallbackFlags, MemRw, PluginCond } from "@emu/core/Instrumentation"
import type { PluginApi } from "@emu/core/PluginApi"
import type { PluginError } from "@emu/core/PluginError"
import { DisconKind } from "@emu/core/PluginEvent"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { bytesOf, call, ebreak, insn, li, reg } from "../linux/support/assemble.ts"
import { buildElf } from "../linux/support/buildElf.ts"
import { engines, plugin, run } from "../linux/support/run.ts"

const Sys = { write: 64, exit: 93, exitGroup: 94, futex: 98, kill: 129, sigaction: 134, getpid: 172, clone: 220 }
const signal = { trap: 5, usr1: 10 }
/** Where the pc lies in what the third argument of a signal handler points to. */
const pcInContext = 176
const data = 0x11000
const threadFlags = 0x350f00

/**
 * A loop of an atomic addition, then ten system calls, a signal to itself, a breakpoint, a thread that ends at once, some output, and
 * status 7. The handler of signals steps over an instruction.
 */
const guest = (() => {
  const amo = insn("amoadd.w", { rd: reg.t0, rs1: reg.s1, rs2: reg.s0 })
  const loop = (rounds: number, body: ReadonlyArray<number>) => [
    ...li(reg.s0, rounds),
    ...body,
    insn("addi", { rd: reg.s0, rs1: reg.s0, imm: -1 }),
    insn("bne", { rs1: reg.s0, rs2: 0, imm: -4 * (body.length + 1) })
  ]
  const wait = [
    ...call(Sys.futex, data + 64, 0, 101, 0),
    ...li(reg.t0, 0x0a6968),
    insn("sw", { rs1: reg.s1, rs2: reg.t0, imm: 32 }),
    ...call(Sys.write, 1, data + 32, 3),
    ...call(Sys.exitGroup, 7)
  ]
  const handler = [
    insn("ld", { rd: reg.t0, rs1: reg.a2, imm: pcInContext }),
    insn("addi", { rd: reg.t0, rs1: reg.t0, imm: 4 }),
    insn("sd", { rs1: reg.a2, rs2: reg.t0, imm: pcInContext }),
    insn("jalr", { rd: 0, rs1: reg.ra, imm: 0 })
  ]
  const nop = insn("addi", { rd: 0, rs1: 0, imm: 0 })
  const start = [
    ...li(reg.s1, data),
    ...loop(200, [amo]),
    ...loop(10, call(Sys.getpid)),
    // the handler lies behind the jump over it
    insn("auipc", { rd: reg.t0, imm: 0 }),
    insn("jal", { rd: 0, imm: 4 * (handler.length + 1) }),
    ...handler,
    insn("addi", { rd: reg.t0, rs1: reg.t0, imm: 8 }),
    insn("sd", { rs1: reg.s1, rs2: reg.t0, imm: 128 }),
    ...[signal.usr1, signal.trap].flatMap((number) => call(Sys.sigaction, number, data + 128, 0, 8)),
    ...call(Sys.kill, 100, signal.usr1),
    nop,
    ebreak
  ]
  const code = [
    ...start,
    ...call(Sys.clone, threadFlags, data + 0x8000, data + 64, 0, data + 64),
    insn("beq", { rs1: reg.a0, rs2: 0, imm: 4 * (wait.length + 1) }),
    ...wait,
    ...call(Sys.exit, 0)
  ]
  const symbols = [{ name: "main", address: 0x10000, size: 4 * code.length + 4 }]
  return buildElf({ code: bytesOf(code), bss: 65536, symbols })
})()

/** Counts everything there is, by callbacks, and prints it at the end. */
const witness = plugin(
  (api) =>
    Effect.gen(function* () {
      const counts: Record<string, number> = {}
      let sum = 0n
      const count = (what: string) => () => void (counts[what] = (counts[what] ?? 0) + 1)
      yield* api.onVcpuInit(count("init"))
      yield* api.onVcpuExit(count("exit"))
      yield* api.onSyscall(count("call"))
      yield* api.onSyscallRet(count("return"))
      yield* api.onVcpuIdle(count("idle"))
      yield* api.onVcpuResume(count("resume"))
      yield* api.onDiscon(DisconKind.all, count("discon"))
      yield* api.onTbTrans((tb) => {
        tb.onExec(count("block"))
        for (const instruction of tb.insns) {
          instruction.onExec(count("insn"), CallbackFlags.readRegs)
          instruction.onMem((_vcpu, info) => {
            sum += info.value
            count("access")()
          }, MemRw.readWrite)
        }
      })
      yield* api.onAtExit(() => api.outs(`${JSON.stringify(counts)} ${sum}\n`))
    }),
  "witness"
)

/** Where a plugin can fail. */
interface Place {
  readonly event: string
  readonly install: (api: PluginApi, fail: () => never) => Effect.Effect<void, PluginError>
  /** Calls before the first that fails; 0 where it is left out. */
  readonly late?: number
  /** No vCPU is concerned. */
  readonly noPc?: true
  /** The run is over, and its status known. */
  readonly atEnd?: true
}

/** Waits for the host. */
const later = Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 1)))

const atNth = (n: number, fail: () => never) => {
  let calls = 0
  return () => {
    if (++calls >= n) fail()
  }
}

const hot: ReadonlyArray<Place> = [1, 150].flatMap((n): ReadonlyArray<Place> => [
  {
    event: "exec",
    late: n,
    install: (api, fail) => {
      const callback = atNth(n, fail)
      return api.onTbTrans((tb) => tb.onExec(callback, CallbackFlags.readRegs))
    }
  },
  {
    event: "exec",
    late: n,
    install: (api, fail) => {
      const callback = atNth(n, fail)
      return api.onTbTrans((tb) => tb.insns.forEach((instruction) => instruction.onExec(callback)))
    }
  },
  {
    event: "mem",
    late: n,
    install: (api, fail) => {
      const callback = atNth(n, fail)
      return api.onTbTrans((tb) => tb.insns.forEach((instruction) => instruction.onMem(callback, MemRw.readWrite)))
    }
  },
  {
    event: "exec",
    late: n,
    install: (api, fail) => {
      const callback = atNth(n, fail)
      return api.onTbTrans((tb) => tb.insns.forEach((instruction) => instruction.onExec(callback, CallbackFlags.deferred)))
    }
  },
  {
    event: "mem",
    late: n,
    install: (api, fail) => {
      const callback = atNth(n, fail)
      return api.onTbTrans((tb) =>
        tb.insns.forEach((instruction) => instruction.onMem(callback, MemRw.readWrite, CallbackFlags.deferred))
      )
    }
  },
  {
    event: "cond",
    late: n,
    install: (api, fail) => {
      const callback = atNth(n, fail)
      const entry = api.u64(api.scoreboardNewUnsafe(8))
      return api.onTbTrans((tb) =>
        tb.insns.forEach((instruction) => instruction.onExecCond(callback, PluginCond.lt, entry, 1n))
      )
    }
  }
])

const places: ReadonlyArray<Place> = [
  ...hot,
  { event: "vcpuInit", install: (api, fail) => api.onVcpuInit(fail) },
  { event: "vcpuExit", install: (api, fail) => api.onVcpuExit(fail) },
  { event: "vcpuIdle", install: (api, fail) => api.onVcpuIdle(fail) },
  { event: "vcpuResume", install: (api, fail) => api.onVcpuResume(fail) },
  { event: "vcpuInterrupt", install: (api, fail) => api.onDiscon(DisconKind.interrupt, fail) },
  { event: "vcpuException", install: (api, fail) => api.onDiscon(DisconKind.exception, fail) },
  { event: "vcpuHostcall", late: 2, install: (api, fail) => api.onDiscon(DisconKind.hostcall, atNth(2, fail)) },
  ...[16, 8192].map((records): Place => ({
    event: "trace",
    late: records,
    install: (api, fail) =>
      Effect.gen(function* () {
        const trace = yield* api.trace({ records, onBatch: fail })
        yield* api.onTbTrans((tb) => tb.insns.forEach((instruction) => instruction.traceMem(trace, MemRw.readWrite)))
      })
  })),
  { event: "vcpuTbTrans", install: (api, fail) => api.onTbTrans(fail) },
  {
    event: "vcpuTbTrans",
    late: 3,
    install: (api, fail) => {
      const translated = atNth(3, fail)
      return api.onTbTrans((tb) => {
        tb.onExec(() => undefined)
        translated()
      })
    }
  },
  { event: "vcpuSyscall", install: (api, fail) => api.onSyscall(fail) },
  { event: "vcpuSyscall", late: 5, install: (api, fail) => api.onSyscall(atNth(5, fail)) },
  { event: "vcpuSyscall", install: (api, fail) => api.onSyscall(() => Effect.sync(fail)) },
  { event: "vcpuSyscallFilter", install: (api, fail) => api.onSyscallFilter(fail) },
  { event: "vcpuSyscallRet", install: (api, fail) => api.onSyscallRet(fail) },
  {
    event: "vcpuSyscallRet",
    install: (api) => api.onSyscallRet(() => Effect.andThen(later, Effect.die(new Error("oops"))))
  },
  {
    event: "flush",
    noPc: true,
    install: (api, fail) =>
      Effect.andThen(
        api.onFlush(fail),
        api.onSyscall(() => api.scoreboardFree(api.scoreboardNewUnsafe(8)).pipe(Effect.orDie))
      )
  },
  {
    event: "reset",
    noPc: true,
    install: (api, fail) => api.onSyscall(() => Effect.orDie(api.reset(fail)))
  },
  {
    event: "uninstall",
    noPc: true,
    install: (api, fail) => api.onSyscall(() => Effect.orDie(api.uninstall(fail)))
  },
  { event: "work", noPc: true, install: (api, fail) => api.onSyscall(() => api.queueWork(fail)) },
  { event: "atExit", atEnd: true, install: (api, fail) => api.onAtExit(fail) },
  { event: "atExit", atEnd: true, install: (api) => api.onAtExit(() => Effect.die(new Error("oops"))) },
  {
    event: "atExit",
    atEnd: true,
    install: (api) => api.onAtExit(() => Effect.andThen(later, Effect.fail("oops")) as unknown as Effect.Effect<void>)
  },
  {
    event: "atExit",
    atEnd: true,
    install: (api) => api.onAtExit((() => Promise.resolve()) as unknown as () => void)
  },
  { event: "atExit", atEnd: true, install: (api) => api.onAtExit(() => Effect.interrupt) }
]

const named = places.map((place, i) => ({
  ...place,
  name: `${place.event}${place.late === undefined ? "" : `, call ${place.late}`} (${i})`
}))

const oops = (): never => {
  throw new Error("oops")
}

const blamed = ({ event, noPc }: Place): RegExp =>
  new RegExp(
    `^plugin broken failed in its ${event} callback${noPc ? "" : String.raw` at pc 0x[0-9a-f]+( \(\w+\))?`}: (oops|it )`
  )

describe.each(engines)("plugins that fail, on the $name", ({ engine }) => {
  const alone = Effect.runPromise(run({ program: guest, plugins: [witness], engine }))

  it.effect.each(named)("are taken out, and nothing else changes: $name", (place) =>
    Effect.gen(function* () {
      const expected = yield* Effect.promise(() => alone)
      let failed = 0
      const broken = plugin(
        (api) =>
          place.install(api, () => {
            failed++
            return oops()
          }),
        "broken"
      )
      for (const plugins of [
        [broken, witness],
        [witness, broken]
      ]) {
        failed = 0
        const result = yield* run({ program: guest, plugins, engine, onPluginError: "detach" })
        assert.strictEqual(result.failures.length, 1, result.failures.join("\n"))
        assert.match(result.failures[0]!, blamed(place))
        assert.isAtMost(failed, 1, "it is called no more")
        assert.deepStrictEqual(Result.getOrThrow(result.exit), { status: 7, signal: undefined })
        assert.deepStrictEqual(result.stdout, expected.stdout)
      }
    })
  )

  it.effect.each(named)("end the run, and the others finish: $name", (place) =>
    Effect.gen(function* () {
      const broken = plugin((api) => place.install(api, oops), "broken")
      const result = yield* run({ program: guest, plugins: [witness, broken], engine })
      const error = Result.getOrThrow(Result.flip(result.exit))
      assert.strictEqual(error._tag, "PluginCallbackError")
      assert.match(error.message, blamed(place))
      assert.match(result.stdout, /^(hi\n)?\{.*\} \d+\n$/)
      if (place.atEnd) assert.strictEqual(result.stdout, (yield* Effect.promise(() => alone)).stdout)
    })
  )

  it.effect("at a discontinuity are taken out or end the run, and the signal does what it does", () =>
    Effect.gen(function* () {
      const program = [...li(reg.t0, 1), 0x100073]
      const broken = plugin((api) => api.onDiscon(DisconKind.exception, oops), "broken")
      const line = "plugin broken failed in its vcpuException callback at pc 0x10004: oops"
      const ended = yield* run({ program, plugins: [broken], engine })
      assert.strictEqual(Result.getOrThrow(Result.flip(ended.exit)).message, line)
      const detached = yield* run({ program, plugins: [broken], engine, onPluginError: "detach" })
      assert.deepStrictEqual(detached.failures, [line])
      assert.deepStrictEqual(Result.getOrThrow(detached.exit), { status: 133, signal: 5 })
    })
  )

  it.effect("several at the end are all named", () =>
    Effect.gen(function* () {
      const broken = (name: string) => plugin((api) => api.onAtExit(oops), name)
      const plugins = [broken("first"), witness, broken("second"), broken("second")]
      const aborted = yield* run({ program: guest, plugins, engine })
      const lines = [Result.getOrThrow(Result.flip(aborted.exit)).message, ...aborted.failures]
      const detached = yield* run({ program: guest, plugins, engine, onPluginError: "detach" })
      for (const list of [lines, detached.failures]) {
        assert.deepStrictEqual(
          list.map((line) => line.replace(/ failed.*/, "")),
          ["plugin second (id 4)", list === lines ? "plugin second (id 3)" : "plugin second", "plugin first"]
        )
      }
      assert.strictEqual(Result.getOrThrow(detached.exit).status, 7)
      assert.strictEqual(detached.stdout, (yield* Effect.promise(() => alone)).stdout)
    })
  )

  it.effect("one that failed before the end is what the run fails with; another at the end is named as well", () =>
    Effect.gen(function* () {
      const early = plugin((api) => api.onSyscall(oops), "early")
      const late = plugin((api) => api.onAtExit(oops), "late")
      const result = yield* run({ program: guest, plugins: [early, late, witness], engine })
      assert.include(Result.getOrThrow(Result.flip(result.exit)).message, "plugin early")
      assert.match(result.failures.join("\n"), /^plugin late failed in its atExit callback[^\n]*$/)
    })
  )
})
