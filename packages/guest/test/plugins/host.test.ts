/** Plugins that the host attaches, resets and takes out while a guest runs, on both engines. */
import { MemRw } from "@emu/core/Instrumentation"
import type { PluginApi } from "@emu/core/PluginApi"
import { PluginInstallFailure } from "@emu/core/Plugin"
import * as Plugin from "@emu/core/Plugin"
import * as PluginOptions from "@emu/core/PluginOptions"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { call, insn, li, reg } from "../linux/support/assemble.ts"
import { fork, store, work } from "../linux/support/processPrograms.ts"
import { engines, plugin, run, type RunRequest, type System } from "../linux/support/run.ts"

const Sys = { futex: 98, exitGroup: 94 }
const data = 0x11000

/** Turns in a loop until somebody writes to memory, then ends with status 3. */
const spinning = [
  ...li(reg.s1, data),
  insn("lw", { rd: reg.t0, rs1: reg.s1, imm: 0 }),
  insn("beq", { rs1: reg.t0, rs2: 0, imm: -4 }),
  ...call(Sys.exitGroup, 3)
]

/** Waits for ever. */
const waiting = [...call(Sys.futex, data, 0, 0, 0)]

/** Lets the spinning guest end, and goes at once. */
const stopper = plugin((api) => Effect.sync(() => api.writeMemory(BigInt(data), Uint8Array.of(1))), "stopper")

/** Ends all processes. */
const leaver = plugin((api) => api.onTbTrans((tb) => tb.onExec(() => api.exit(3))), "leaver")

/** Counts blocks, and prints what it counted, times `factor`. */
const counter = Plugin.make({
  name: "counter",
  help: "for a test",
  options: PluginOptions.struct({ factor: PluginOptions.integer({ description: "n", default: 1 }) }),
  install: Effect.fnUntraced(function* (api, { factor }) {
    let blocks = 0
    yield* api.onVcpuInit((vcpu) => api.outs(`vcpu ${vcpu} at 0x${pcOf(api).toString(16)}\n`))
    yield* api.onTbTrans((tb) => tb.onExec(() => void blocks++))
    yield* api.onAtExit(() => api.outs(`${blocks > 0 ? factor : 0}\n`))
  })
})

const pcOf = (api: PluginApi) => api.readRegister(api.getRegisters().find(({ name }) => name === "pc")!)

const pause = (milliseconds: number) => Effect.promise(() => new Promise((resolve) => setTimeout(resolve, milliseconds)))

/** Waits until the guest executes code. */
const running = (system: System): Effect.Effect<void> =>
  Effect.suspend(() =>
    system.state().vcpus.size > 0
      ? pause(5)
      : Effect.andThen(
          pause(1),
          Effect.suspend(() => running(system))
        )
  )

/** Signals of the host, and how to send one. */
const signals = () => {
  let handler: ((signal: number) => void) | undefined
  return {
    deliver: (signal: number) => handler?.(signal),
    hostSignals: (given: (signal: number) => void) => {
      handler = given
      return () => {}
    }
  }
}

const runBeside = (
  program: ReadonlyArray<number>,
  engine: RunRequest["engine"],
  beside: (system: System) => Effect.Effect<void, unknown>,
  options: Partial<RunRequest> = {}
) =>
  run({
    program,
    engine,
    beside: (system) => Effect.orDie(Effect.andThen(running(system), beside(system))),
    ...options
  })

describe.each(engines)("the host, on the $name", ({ engine, name }) => {
  it.effect("attaches a plugin that sees everything from now on, resets it, and takes it out with its report", () =>
    Effect.gen(function* () {
      const lists: Array<unknown> = []
      const { exit, regions, stdout } = yield* runBeside(spinning, engine, ({ host }) =>
        Effect.gen(function* () {
          const id = yield* host.attach(counter, [["factor", "5"]])
          yield* pause(5)
          lists.push(host.list())
          yield* host.reset(id)
          lists.push(host.list())
          yield* pause(5)
          yield* host.uninstall(id)
          lists.push(host.list())
          yield* host.attach(stopper, [])
        })
      )
      assert.strictEqual(Result.getOrThrow(exit).status, 3)
      assert.match(stdout, /^(vcpu 0 at 0x1000[8c]\n){2}5\n$/)
      const events = ["vcpuInit", "vcpuTbTrans", "atExit"]
      const listed = [{ id: 1n, name: "counter", args: [["factor", "5"]], events }]
      assert.deepStrictEqual(lists, [listed, listed, []])
      if (name === "jit") assert.isAbove(regions, 0)
    })
  )

  it.effect("attaches a plugin to several processes: what it sees of each vCPU is that one's", () =>
    Effect.gen(function* () {
      const seen = new Map<number, ReadonlyArray<unknown>>()
      const look = (api: PluginApi) => [api.process()?.pid, api.readMemory(BigInt(data + 8), 1)[0]]
      const looking = plugin((api) =>
        api.onVcpuInit((vcpu) => {
          const first = look(api)
          // in the Effect as well, also when it has waited
          return Effect.andThen(
            Effect.sync(() => seen.set(vcpu, [...first, ...look(api)])),
            Effect.andThen(
              pause(5),
              Effect.sync(() => seen.set(vcpu, [...seen.get(vcpu)!, ...look(api)]))
            )
          )
        })
      )
      const stored = new Set<number>()
      const storing = plugin((api) =>
        api.onTbTrans((tb) => {
          for (const each of tb.insns) {
            each.onMem((vcpu, _, address) => void (address === data + 8 && stored.add(vcpu)), MemRw.write)
          }
        })
      )
      const { exit } = yield* runBeside(
        [...fork([...store(data + 8, 1), ...spinning]), ...store(data + 8, 2), ...spinning],
        engine,
        ({ host }) =>
          Effect.gen(function* () {
            while (stored.size < 2) yield* pause(1)
            yield* host.attach(looking, [])
            yield* host.attach(leaver, [])
          }),
        { plugins: [storing], options: { budget: 1000 } }
      )
      assert.strictEqual(Result.getOrThrow(exit).status, 3)
      const thrice = (values: ReadonlyArray<unknown>) => [...values, ...values, ...values]
      assert.deepStrictEqual(Object.fromEntries(seen), { 0: thrice([100, 2]), 1: thrice([101, 1]) })
    })
  )

  it.effect("does not look at a process that has ended while all others wait", () =>
    Effect.gen(function* () {
      const pids: Array<number | undefined> = []
      const words: Array<number | undefined> = []
      const looking = plugin((api) =>
        Effect.sync(() => {
          pids.push(api.process()?.pid)
          words.push(api.readMemory(BigInt(data + 8), 1)[0])
        })
      )
      const { deliver, hostSignals } = signals()
      const { exit } = yield* runBeside(
        // the child goes on for some time while its parent waits
        [...fork([...work(100_000, []), ...call(Sys.exitGroup, 4)]), ...store(data + 8, 2), ...waiting],
        engine,
        ({ host, state }) =>
          Effect.gen(function* () {
            while (state().numVcpus < 2 || state().vcpus.size > 1) yield* pause(1)
            yield* pause(5)
            yield* Effect.ignore(host.attach(looking, []))
            deliver(2)
          }),
        { options: { hostSignals } }
      )
      assert.strictEqual(Result.getOrThrow(exit).signal, 2)
      assert.deepStrictEqual([...pids, ...words], [100, 2])
    })
  )

  it.effect("is answered while the guest waits in a system call", () =>
    Effect.gen(function* () {
      const done: Array<string> = []
      const { deliver, hostSignals } = signals()
      const { exit } = yield* runBeside(
        waiting,
        engine,
        ({ host }) =>
          Effect.gen(function* () {
            const id = yield* host.attach(counter, [])
            yield* host.reset(id)
            yield* host.uninstall(id)
            done.push("uninstalled")
            deliver(2)
          }),
        { options: { hostSignals } }
      )
      assert.deepStrictEqual(done, ["uninstalled"])
      assert.strictEqual(Result.getOrThrow(exit).signal, 2)
    })
  )

  it.effect("gets what goes wrong as an answer; the guest and other plugins do not notice", () =>
    Effect.gen(function* () {
      const answers: Array<string> = []
      const oops = (): never => {
        throw new Error("oops")
      }
      const bad = {
        options: Plugin.make({ ...counter, name: "options" }),
        refusing: plugin(() => Effect.fail(new PluginInstallFailure({ message: "no" })) as Effect.Effect<never>, "refusing"),
        throwing: plugin(oops, "throwing"),
        init: plugin(
          (api) =>
            Effect.andThen(
              api.onTbTrans(() => undefined),
              api.onVcpuInit(oops)
            ),
          "init"
        ),
        exit: plugin((api) => api.onAtExit(oops), "exit")
      }
      const answer = (effect: Effect.Effect<unknown, { readonly message: string }>) =>
        Effect.match(effect, { onFailure: ({ message }) => answers.push(message), onSuccess: () => answers.push("ok") })
      const { exit, failures, stdout } = yield* runBeside(
        spinning,
        engine,
        ({ host }) =>
          Effect.gen(function* () {
            yield* answer(host.attach(bad.options, [["factor", "x"]]))
            yield* answer(host.attach(bad.refusing, []))
            yield* answer(host.attach(bad.throwing, []))
            yield* answer(host.attach(bad.init, []))
            const id = yield* host.attach(bad.exit, [])
            yield* answer(host.uninstall(id))
            yield* answer(host.uninstall(id))
            yield* answer(host.reset(99n))
            assert.deepStrictEqual(
              host.list().map((loaded) => loaded.name),
              ["counter"]
            )
            yield* host.attach(stopper, [])
          }),
        { plugins: [counter] }
      )
      assert.strictEqual(Result.getOrThrow(exit).status, 3)
      assert.strictEqual(stdout, "vcpu 0 at 0x10000\n1\n")
      assert.deepStrictEqual(failures, [])
      const [options, ...rest] = answers
      assert.include(options, `option "factor"`)
      assert.deepStrictEqual(
        rest.map((line) => line.replace(/ at pc 0x1000[8c]/, " at pc")),
        [
          "no",
          "plugin throwing failed in install: oops",
          "plugin init failed in its vcpuInit callback at pc: oops",
          "plugin exit failed in its atExit callback: oops",
          "no plugin has the id 5: it was never installed, or is uninstalled",
          "no plugin has the id 99: it was never installed, or is uninstalled"
        ]
      )
    })
  )

  it.effect("must not ask when the program has ended, or while a plugin is busy", () =>
    Effect.gen(function* () {
      let system: System | undefined
      const busy: Array<string> = []
      yield* runBeside(
        spinning,
        engine,
        ({ host, reset }) =>
          Effect.gen(function* () {
            const id = yield* host.attach(counter, [])
            // asked for, and not carried out before the guest's next block
            yield* reset(id)
            busy.push((yield* Effect.flip(host.reset(id)))._tag, (yield* Effect.flip(host.uninstall(id)))._tag)
            yield* host.attach(stopper, [])
          }),
        { before: (given) => void (system = given) }
      )
      assert.deepStrictEqual(busy, ["PluginBusyError", "PluginBusyError"])
      const { host } = system!
      for (const asked of [host.attach(counter, []), host.reset(1n), host.uninstall(1n)]) {
        assert.strictEqual((yield* Effect.flip(asked))._tag, "ProgramEndedError")
      }
    })
  )
})
