/** The rules at fork, execve and the end of processes (docs/plugins.md), in guests that run. */
import { InlineOp, MemRw } from "@emu/core/Instrumentation"
import type { PluginApi } from "@emu/core/PluginApi"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { call } from "../linux/support/assemble.ts"
import {
  data,
  exec,
  exitWith,
  forever,
  fork,
  lives,
  store,
  Sys,
  threadFlags,
  untilStored,
  vforkFlags,
  wait,
  work
} from "../linux/support/processPrograms.ts"
import { type EngineChoice, engines, plugin, run } from "../linux/support/run.ts"

const both: typeof engines = [...engines, { name: "two engines in lockstep", engine: { lockstep: { seed: 1 } } }]

const exitGroup = (code: number) => call(Sys.exitGroup, code)

/** A parent that makes 10 and 300 rounds, and between them has a child that makes 200. */
const forking = (flags?: number): Array<number> => [
  ...work(10),
  ...fork([...work(200), ...exitGroup(3)], flags),
  ...wait,
  ...work(300),
  ...exitWith(7)
]
const parentRounds = 310
const childRounds = 200

/** The program executes itself in a child: 20 rounds there, before 100 in its second life. */
const executing = lives(
  [...fork([...work(20), ...exec(2), ...exitGroup(99)]), ...wait, ...work(300), ...exitWith(7)],
  [...work(100), ...exitGroup(3)]
)

interface Counts {
  /** Stores to `data`, by vCPU. */
  readonly stores: Map<number, number>
  readonly events: Array<string>
  inline: bigint
  traced: number
}

/** Counts stores in every way that there is, and notes what else it hears. */
const counting = (counts: Counts) =>
  plugin((api: PluginApi) => {
    const entry = api.u64(api.scoreboardNewUnsafe(8))
    const note = (text: string) => void counts.events.push(text)
    return Effect.gen(function* () {
      const trace = yield* api.trace({ onBatch: ({ length }) => void (counts.traced += length) })
      yield* api.onVcpuInit((vcpu) => note(`init ${vcpu} pid ${api.vcpuInfo(vcpu)?.pid}`))
      yield* api.onVcpuExit((vcpu) => note(`exit ${vcpu}`))
      yield* api.onSyscall((vcpu, num) => {
        if (num !== Sys.getpid) note(`call ${vcpu} ${num}`)
      })
      yield* api.onSyscallRet((vcpu, num, ret) => {
        if (num !== Sys.getpid) note(`return ${vcpu} ${num} ${ret}`)
      })
      yield* api.onTbTrans((tb) => {
        for (const insn of tb.insns) {
          if (!/^sw +s0,0\(s1\)/.test(insn.disas())) continue
          insn.inline(InlineOp.addU64, entry, 1n)
          insn.traceExec(trace)
          insn.onMem((vcpu, _info, address) => {
            if (address === data) counts.stores.set(vcpu, (counts.stores.get(vcpu) ?? 0) + 1)
          }, MemRw.write)
        }
      })
      // behind the first onTbTrans, which drops code
      yield* api.onFlush(() => note("flush"))
      yield* api.onAtExit(() => {
        counts.inline += api.u64Sum(entry)
        note("atexit")
      })
    })
  })

/** The life of vCPUs among events, and executions of programs. */
const lifeIn = (events: ReadonlyArray<string>) => events.filter((event) => /^(init|exit|flush|atexit)|221/.test(event))

const observe = (program: ReadonlyArray<number>, engine: EngineChoice) =>
  Effect.gen(function* () {
    const counts: Counts = { stores: new Map(), events: [], inline: 0n, traced: 0 }
    const { exit, failures, warnings } = yield* run({ program, engine, plugins: [counting(counts)] })
    assert.deepStrictEqual([...failures, ...warnings], [])
    return { ...counts, stores: Object.fromEntries(counts.stores), status: Result.getOrThrow(exit).status }
  })

describe.each(both)("on the $name", ({ engine }) => {
  it.live("a forked process is a vCPU of its own: nothing that it does is lost, nothing counted twice", () =>
    Effect.gen(function* () {
      const { events, inline, status, stores, traced } = yield* observe(forking(), engine)
      assert.strictEqual(status, 10)
      assert.deepStrictEqual(stores, { 0: parentRounds, 1: childRounds })
      assert.strictEqual(inline, BigInt(parentRounds + childRounds))
      assert.strictEqual(traced, parentRounds + childRounds)
      assert.deepStrictEqual(events, [
        "init 0 pid 100",
        "call 0 220",
        "return 0 220 101",
        "call 0 260",
        "init 1 pid 101",
        "return 1 220 0",
        "call 1 94",
        "exit 1",
        "return 0 260 101",
        "call 0 94",
        "atexit"
      ])
    })
  )

  it.live("so is one of vfork, whose parent waits", () =>
    Effect.gen(function* () {
      const { events, inline, status, stores } = yield* observe(forking(vforkFlags), engine)
      assert.strictEqual(status, 10)
      assert.deepStrictEqual(stores, { 0: parentRounds, 1: childRounds })
      assert.strictEqual(inline, BigInt(parentRounds + childRounds))
      assert.deepStrictEqual(events, [
        "init 0 pid 100",
        "call 0 220",
        "init 1 pid 101",
        "return 1 220 0",
        "call 1 94",
        "exit 1",
        "return 0 220 101",
        "call 0 260",
        "return 0 260 101",
        "call 0 94",
        "atexit"
      ])
    })
  )

  it.live("execve keeps the vCPU, and the new program's code is instrumented", () =>
    Effect.gen(function* () {
      const { events, inline, status, stores, traced } = yield* observe(executing, engine)
      assert.strictEqual(status, 10)
      assert.deepStrictEqual(stores, { 0: 300, 1: 120 })
      assert.strictEqual(inline, 420n)
      assert.strictEqual(traced, 420)
      assert.deepStrictEqual(lifeIn(events), [
        "init 0 pid 100",
        "init 1 pid 101",
        "call 1 221",
        "return 1 221 0",
        "exit 1",
        "atexit"
      ])
    })
  )

  it.live("the run goes on until the last process has ended, and gives what the first one gave", () =>
    Effect.gen(function* () {
      const program = [...fork([...work(200), ...exitGroup(3)]), ...exitGroup(5)]
      const { events, inline, status } = yield* observe(program, engine)
      assert.strictEqual(status, 5)
      assert.strictEqual(inline, 200n)
      assert.deepStrictEqual(lifeIn(events), ["init 0 pid 100", "exit 0", "init 1 pid 101", "atexit"])
    })
  )

  it.live("execve ends the vCPUs of other threads", () =>
    Effect.gen(function* () {
      const first = [...fork(forever(work(5)), threadFlags), ...work(10), ...call(Sys.yield), ...exec(2)]
      const { events, inline, status, stores } = yield* observe(lives(first, [...work(20), ...exitGroup(3)]), engine)
      assert.strictEqual(status, 3)
      assert.deepStrictEqual(lifeIn(events), [
        "init 0 pid 100",
        "flush",
        "init 1 pid 100",
        "call 0 221",
        "exit 1",
        "return 0 221 0",
        "atexit"
      ])
      assert.strictEqual(stores[0], 30)
      assert.strictEqual(inline, BigInt(30 + stores[1]!))
    })
  )

  it.live("execve in another thread than the first takes the first one's vCPU, also one that waits", () =>
    Effect.gen(function* () {
      const first = [...fork([...work(10), ...exec(2)], threadFlags), ...call(Sys.futex, data + 8, 0, 0, 0)]
      const { events, status, stores } = yield* observe(lives(first, [...work(20), ...exitGroup(3)]), engine)
      assert.strictEqual(status, 3)
      assert.deepStrictEqual(stores, { 1: 30 })
      assert.deepStrictEqual(lifeIn(events), [
        "init 0 pid 100",
        "flush",
        "init 1 pid 100",
        "call 1 221",
        "exit 0",
        "return 1 221 0",
        "atexit"
      ])
    })
  )

  it.live("the vCPU of a thread that execve ends is where that thread was", () =>
    Effect.gen(function* () {
      const pcs: Array<bigint> = []
      const look = plugin((api) => {
        const pc = api.getRegisters().find(({ name }) => name === "pc")!
        return Effect.andThen(
          api.onSyscall((_, num) => (num === Sys.futex ? void pcs.push(api.readRegister(pc)) : undefined)),
          api.onVcpuExit(() => void pcs.push(api.readRegister(pc)))
        )
      })
      const first = [...fork(exec(2), threadFlags), ...call(Sys.futex, data + 8, 0, 0, 0)]
      const { exit } = yield* run({ program: lives(first, exitGroup(3)), engine, plugins: [look] })
      assert.strictEqual(Result.getOrThrow(exit).status, 3)
      const [waiting, ended, ...others] = pcs
      assert.strictEqual(ended, waiting)
      assert.deepStrictEqual(others, [])
    })
  )

  it.live("B8: of a process with several threads, the child has the one that forked, and knows of no others", () =>
    Effect.gen(function* () {
      const child = [...work(childRounds), ...exitGroup(3)]
      // the child comes when the other thread has run, however short its turns are on a busy machine
      const thread = fork(forever(work(5)), threadFlags)
      const program = [...thread, ...untilStored(), ...fork(child), ...wait, ...exitWith(7)]
      const { events, status, stores } = yield* observe(program, engine)
      assert.strictEqual(status, 10)
      assert.deepStrictEqual(lifeIn(events), [
        "init 0 pid 100",
        "flush",
        "init 1 pid 100",
        "init 2 pid 102",
        "exit 2",
        "exit 1",
        "atexit"
      ])
      assert.strictEqual(stores[2], childRounds)
      assert.isAbove(stores[1]!, 0)
    })
  )

  it.live("what a plugin registers late is heard in every process", () =>
    Effect.gen(function* () {
      const heard = new Set<number>()
      let flushes = 0
      const late = plugin((api) =>
        api.onVcpuInit((vcpu) => {
          if (vcpu !== 1) return undefined
          // in the child, while its parent has code of before
          return Effect.gen(function* () {
            yield* api.onFlush(() => void flushes++)
            yield* api.onTbTrans((tb) => tb.onExec((cpu) => void heard.add(cpu)))
          }).pipe(Effect.orDie)
        })
      )
      const loud = plugin((api) => api.onTbTrans((tb) => tb.onExec(() => {})), "loud")
      const { exit } = yield* run({ program: forking(), engine, plugins: [late, loud] })
      assert.strictEqual(Result.getOrThrow(exit).status, 10)
      assert.sameMembers([...heard], [0, 1])
      assert.isAbove(flushes, 0)
    })
  )

  it.live("a callback looks at its own process", () =>
    Effect.gen(function* () {
      const seen = new Map<number, Set<string>>()
      const look = plugin((api) =>
        api.onTbTrans((tb) =>
          tb.insns.at(-1)!.onExec((vcpu) => {
            const { pid, ppid } = api.process()!
            const word = new DataView(api.readMemory(BigInt(data), 4).buffer).getUint32(0, true)
            const texts = seen.get(vcpu) ?? new Set()
            seen.set(vcpu, texts.add(`pid ${pid} ppid ${ppid} ${word > 200 ? "large" : "small"}`))
          })
        )
      )
      const { exit } = yield* run({ program: forking(), engine, plugins: [look] })
      assert.strictEqual(Result.getOrThrow(exit).status, 10)
      assert.deepStrictEqual([...seen.get(0)!].sort(), ["pid 100 ppid 1 large", "pid 100 ppid 1 small"])
      assert.deepStrictEqual([...seen.get(1)!], ["pid 101 ppid 100 small"])
    })
  )

  it.live("a batch of a trace is delivered in its own process, also when another one has got the turn", () =>
    Effect.gen(function* () {
      const seen = new Set<string>()
      const trace = plugin((api) =>
        Effect.gen(function* () {
          const traced = yield* api.trace({
            onBatch: ({ vcpu }) => {
              const [word] = api.readMemory(BigInt(data + 8), 1)
              seen.add(`${vcpu}: pid ${api.process()?.pid}, ${word}`)
            }
          })
          yield* api.onTbTrans((tb) => tb.traceExec(traced))
        })
      )
      const loop = work(5000, [])
      const program = [...fork([...store(data + 8, 1), ...loop, ...exitGroup(3)]), ...loop, ...wait, ...exitWith(7)]
      const { exit } = yield* run({ program, engine, plugins: [trace], options: { budget: 500 } })
      assert.strictEqual(Result.getOrThrow(exit).status, 10)
      assert.deepStrictEqual([...seen].sort(), ["0: pid 100, 0", "1: pid 101, 1"])
    })
  )

  it.live("reset in one process begins anew in all", () =>
    Effect.gen(function* () {
      let phase = 0
      const heard = [new Set<number>(), new Set<number>()]
      const late: Array<string> = []
      const register = (api: PluginApi) => {
        const own = phase
        return api.onTbTrans((tb) =>
          tb.onExec((vcpu) => {
            heard[own]!.add(vcpu)
            if (own !== phase) late.push(`block of vCPU ${vcpu}`)
          })
        )
      }
      const resetting = plugin((api) => {
        let calls = 0
        return Effect.andThen(
          register(api),
          api.onSyscall((vcpu) => {
            if (phase > 0) late.push("call")
            if (vcpu !== 1 || ++calls !== 100) return undefined
            return Effect.orDie(
              api.reset(() => {
                phase = 1
                return Effect.orDie(register(api))
              })
            )
          })
        )
      })
      const program = [...fork([...work(childRounds), ...exitGroup(3)]), ...work(parentRounds), ...wait, ...exitWith(7)]
      const counts: Counts = { stores: new Map(), events: [], inline: 0n, traced: 0 }
      const { exit } = yield* run({ program, engine, plugins: [counting(counts), resetting] })
      assert.strictEqual(Result.getOrThrow(exit).status, 10)
      for (const vcpus of heard) assert.sameMembers([...vcpus], [0, 1])
      assert.deepStrictEqual(late, [])
      assert.strictEqual(counts.inline, BigInt(parentRounds + childRounds))
    })
  )

  it.live("exit in any process ends all of them", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const stop = plugin((api) =>
        Effect.andThen(
          api.onSyscall((vcpu) => (vcpu === 1 ? api.exit(9) : undefined)),
          api.onAtExit(() => void events.push("atexit"))
        )
      )
      const { exit } = yield* run({ program: forking(), engine, plugins: [stop] })
      assert.strictEqual(Result.getOrThrow(exit).status, 9)
      assert.deepStrictEqual(events, ["atexit"])
    })
  )

  it.live("a plugin that fails in one process is gone in all", () =>
    Effect.gen(function* () {
      let late = 0
      let failed = false
      const broken = plugin((api) =>
        api.onTbTrans((tb) =>
          tb.onExec((vcpu) => {
            if (failed) late++
            if (vcpu !== 1) return
            failed = true
            throw new Error("no")
          })
        )
      )
      const counts: Counts = { stores: new Map(), events: [], inline: 0n, traced: 0 }
      const { exit, failures } = yield* run({
        program: forking(),
        engine,
        plugins: [counting(counts), broken],
        onPluginError: "detach"
      })
      assert.strictEqual(Result.getOrThrow(exit).status, 10)
      assert.lengthOf(failures, 1)
      assert.strictEqual(late, 0)
      assert.strictEqual(counts.inline, BigInt(parentRounds + childRounds))
    })
  )
})
