/** Plugins that end the run, or fail, in entry points that are easily forgotten: the status is theirs, atexit callbacks run. */
import type { PluginApi } from "@emu/core/PluginApi"
import type { PluginError } from "@emu/core/PluginError"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { call } from "../linux/support/assemble.ts"
import { exitWith, fork, forever, Sys, threadFlags, wait, work } from "../linux/support/processPrograms.ts"
import { engines, plugin, run } from "../linux/support/run.ts"

const exitGroup = (status: number) => call(Sys.exitGroup, status)

/** Two children, one after the other, then status 10. */
const twoChildren = [...fork(exitGroup(3)), ...wait, ...fork(exitGroup(3)), ...wait, ...exitWith(7)]
/** Two threads that run in turn for a while. */
const twoThreads = [...fork(forever(work(5, [])), threadFlags), ...work(2000, []), ...exitGroup(10)]
/** Two processes that run in turn for a while. */
const twoProcesses = [...fork([...work(2000, []), ...exitGroup(3)]), ...work(2000, []), ...wait, ...exitWith(7)]

type End = () => never

/** The second vCPU makes no system call in its first turn: its first batch is delivered when the other one's begins. */
const tracing = (api: PluginApi, end: End) =>
  Effect.gen(function* () {
    const trace = yield* api.trace({ records: 1 << 19, onBatch: ({ vcpu }) => (vcpu === 1 ? end() : undefined) })
    yield* api.onTbTrans((tb) => tb.traceExec(trace))
  })

interface Case {
  readonly name: string
  readonly program: ReadonlyArray<number>
  readonly event: string
  readonly register: (api: PluginApi, end: End) => Effect.Effect<void, PluginError>
}

const cases: ReadonlyArray<Case> = [
  { name: "onBatch at the switch to another thread", program: twoThreads, event: "trace", register: tracing },
  { name: "onBatch at the switch to another process", program: twoProcesses, event: "trace", register: tracing },
  {
    name: "onVcpuExit of a process that ends",
    program: twoChildren,
    event: "vcpuExit",
    register: (api, end) => api.onVcpuExit(end)
  },
  {
    name: "onVcpuExit of a thread that ends",
    program: [...fork(call(Sys.exit, 0), threadFlags), ...work(2000, []), ...exitGroup(10)],
    event: "vcpuExit",
    register: (api, end) => api.onVcpuExit(end)
  },
  {
    name: "onVcpuInit of another process",
    program: twoChildren,
    event: "vcpuInit",
    register: (api, end) => api.onVcpuInit((vcpu) => (vcpu === 0 ? undefined : end()))
  }
]

describe.each(engines)("on the $name", ({ engine }) => {
  describe.each(cases)("$name", ({ event, program, register }) => {
    const start = (end: (api: PluginApi) => never, onPluginError: "abort" | "detach" = "abort") => {
      const ends: Array<string> = []
      const other = plugin((api) => api.onAtExit(() => void ends.push("other")), "other")
      const ending = plugin(
        (api) =>
          Effect.andThen(
            api.onAtExit(() => void ends.push("atexit")),
            register(api, () => end(api))
          ),
        "ending"
      )
      const options = { budget: 500 }
      return Effect.map(run({ program, engine, onPluginError, plugins: [other, ending], options }), (ended) => ({
        ...ended,
        ends
      }))
    }
    const failing = () => {
      throw new Error("enough")
    }

    it.live("ends the run with the status it asks for", () =>
      Effect.gen(function* () {
        const { ends, exit, failures } = yield* start((api) => api.exit(42))
        assert.strictEqual(Result.getOrThrow(exit).status, 42)
        assert.deepStrictEqual(failures, [])
        assert.deepStrictEqual(ends, ["atexit", "other"])
      })
    )

    it.live("ends the run by its failure", () =>
      Effect.gen(function* () {
        const { ends, exit } = yield* start(failing)
        assert.include(String(Result.isFailure(exit) && exit.failure), `plugin ending failed in its ${event} callback`)
        assert.deepStrictEqual(ends, ["atexit", "other"])
      })
    )

    it.live("fails, and the run goes on without it", () =>
      Effect.gen(function* () {
        const { ends, exit, failures } = yield* start(failing, "detach")
        assert.strictEqual(Result.getOrThrow(exit).status, 10)
        assert.strictEqual(failures.length, 1)
        assert.deepStrictEqual(ends, ["other"])
      })
    )
  })
})
