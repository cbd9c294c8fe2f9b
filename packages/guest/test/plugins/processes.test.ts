/** The rules at fork, execve and the end of processes (docs/plugins.md), in guests that run. */
import { InlineOp, MemRw } from "@emu/core/Instrumentation"
import type { PluginApi } from "@emu/core/PluginApi"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { call } from "../linux/support/assemble.ts"
import { data, exec, exitWith, fork, lives, Sys, vforkFlags, wait, work } from "../linux/support/processPrograms.ts"
import { type EngineChoice, engines, plugin, run } from "../linux/support/run.ts"

const both: typeof engines = [...engines, { name: "two engines in lockstep", engine: { lockstep: { seed: 1 } } }]

/** A parent that makes 10 and 300 rounds, and between them has a child that makes 200. */
const forking = (flags?: number): Array<number> => [
  ...work(10),
  ...fork([...work(200), ...call(Sys.exitGroup, 3)], flags),
  ...wait,
  ...work(300),
  ...exitWith(7)
]
const parentRounds = 310
const childRounds = 200

/** The program executes itself in a child: 20 rounds there, before 100 in its second life. */
const executing = lives(
  [...fork([...work(20), ...exec(2), ...call(Sys.exitGroup, 99)]), ...wait, ...work(300), ...exitWith(7)],
  [...work(100), ...call(Sys.exitGroup, 3)]
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

const observe = (program: ReadonlyArray<number>, engine: EngineChoice) =>
  Effect.gen(function* () {
    const counts: Counts = { stores: new Map(), events: [], inline: 0n, traced: 0 }
    const { exit, failures, warnings } = yield* run({ program, engine, plugins: [counting(counts)] })
    assert.deepStrictEqual([...failures, ...warnings], [])
    return { ...counts, status: Result.getOrThrow(exit).status }
  })

describe.each(both)("on the $name", ({ engine }) => {
  it.live("a forked process is a vCPU of its own: nothing that it does is lost, nothing counted twice", () =>
    Effect.gen(function* () {
      const { events, inline, status, stores, traced } = yield* observe(forking(), engine)
      assert.strictEqual(status, 10)
      assert.deepStrictEqual(
        [...stores].sort(([a], [b]) => a - b),
        [
          [0, parentRounds],
          [1, childRounds]
        ]
      )
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
      assert.deepStrictEqual(
        [...stores].sort(([a], [b]) => a - b),
        [
          [0, parentRounds],
          [1, childRounds]
        ]
      )
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
      assert.deepStrictEqual(
        [...stores].sort(([a], [b]) => a - b),
        [
          [0, 300],
          [1, 120]
        ]
      )
      assert.strictEqual(inline, 420n)
      assert.strictEqual(traced, 420)
      assert.deepStrictEqual(
        events.filter((event) => /^(init|exit|flush|atexit)|221/.test(event)),
        ["init 0 pid 100", "init 1 pid 101", "call 1 221", "return 1 221 0", "exit 1", "atexit"]
      )
    })
  )

  it.live("the run goes on until the last process has ended, and gives what the first one gave", () =>
    Effect.gen(function* () {
      const program = [...fork([...work(200), ...call(Sys.exitGroup, 3)]), ...call(Sys.exitGroup, 5)]
      const { events, inline, status } = yield* observe(program, engine)
      assert.strictEqual(status, 5)
      assert.strictEqual(inline, 200n)
      assert.deepStrictEqual(
        events.filter((event) => /^(init|exit|atexit)/.test(event)),
        ["init 0 pid 100", "exit 0", "init 1 pid 101", "atexit"]
      )
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
      assert.deepStrictEqual(
        [...heard].sort((a, b) => a - b),
        [0, 1]
      )
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
