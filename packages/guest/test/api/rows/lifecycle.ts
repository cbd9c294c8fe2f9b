/** Install, reset and uninstall, and facts that hold for a whole run. */
import * as PluginOptions from "@emu/core/PluginOptions"
import { make } from "@emu/core/Plugin"
import type { PluginApi } from "@emu/core/PluginApi"
import type { ProgramInfo } from "@emu/core/Ports"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import {
  at,
  counting,
  data,
  type OnEngine,
  register,
  rounds,
  type Rows,
  tagOf,
  twoThreads,
  withMain
} from "../support/guest.ts"

const { boolean } = PluginOptions
const sample = make({
  name: "sample",
  help: "for a test",
  options: PluginOptions.struct({ flag: boolean({ description: "a switch" }) }),
  install: () => Effect.void
})

export const lifecycleRows: Rows = {
  uninstall: Effect.fnUntraced(function* (on) {
    const log: Array<string> = []
    let blocks = 0
    yield* on((api) =>
      Effect.gen(function* () {
        log.push(String(tagOf(() => api.runSync(api.uninstall()))))
        yield* api.onTbTrans((tb) =>
          tb.onExec(() => {
            blocks++
            if (blocks === 20) api.runSync(api.uninstall(() => void log.push(`uninstalled after ${blocks}`)))
          })
        )
        yield* api.onAtExit(() => void log.push("atexit"))
      })
    )
    // it happens between two blocks: nothing of the plugin runs after it
    assert.deepStrictEqual(log, ["UninstallInInstallError", `uninstalled after ${blocks}`])
    assert.isAtLeast(blocks, 20)
    assert.isBelow(blocks, rounds)
  }),

  reset: Effect.fnUntraced(function* (on) {
    const log: Array<string> = []
    let before = 0
    let after = 0
    yield* on((api) =>
      Effect.gen(function* () {
        const again = api.onTbTrans((tb) => tb.onExec(() => void after++))
        yield* api.onTbTrans((tb) =>
          tb.onExec(() => {
            before++
            if (before === 20) api.runSync(api.reset(() => api.runSync(again)))
          })
        )
        yield* api.onFlush(() => void log.push("flush"))
        yield* api.onAtExit(() => void log.push("atexit"))
      })
    )
    assert.deepStrictEqual(log, ["flush"])
    // the first and the last block, and the loop
    assert.strictEqual(before + after, rounds + 1)
    assert.isAtLeast(after, 1)
  }),

  register_atexit_cb: Effect.fnUntraced(function* (on) {
    const log: Array<unknown> = []
    yield* on((api) =>
      api.onAtExit(() => {
        log.push([...api.readMemory(BigInt(data), 1)])
        log.push(tagOf(() => api.readRegister(register(api, "a0"))))
      })
    )
    assert.deepStrictEqual(log, [[rounds], "NoVcpuContextError"])
  }),

  register_flush_cb: Effect.fnUntraced(function* (on) {
    let flushes = 0
    let blocks = 0
    yield* on((api) =>
      Effect.gen(function* () {
        const board = yield* api.scoreboardNew(8)
        yield* api.onTbTrans((tb) =>
          tb.onExec(() => {
            // all code has to go: some might count there
            if (++blocks === 30) api.runSync(api.scoreboardFree(board))
          })
        )
        yield* api.onFlush(() => void flushes++)
      })
    )
    assert.deepStrictEqual([flushes, blocks], [1, rounds + 1])
  }),

  num_vcpus: Effect.fnUntraced(function* (on) {
    const seen: Array<number> = []
    yield* on((api) => {
      seen.push(api.numVcpus())
      return Effect.andThen(
        api.onVcpuInit(() => void seen.push(api.numVcpus())),
        api.onAtExit(() => void seen.push(api.numVcpus()))
      )
    })
    assert.deepStrictEqual(seen, [0, 1, 1])
  }),

  vcpu_for_each: Effect.fnUntraced(function* (on) {
    const seen: Array<number> = []
    yield* on((api) => {
      api.vcpuForEach((vcpu) => seen.push(vcpu + 100))
      return api.onSyscall(() => api.vcpuForEach((vcpu) => seen.push(vcpu)))
    })
    assert.deepStrictEqual(seen, [0])

    // those that live: a thread, until it has ended
    const live: Array<ReadonlyArray<number>> = []
    const all = (api: PluginApi) => {
      const vcpus: Array<number> = []
      api.vcpuForEach((vcpu) => vcpus.push(vcpu))
      live.push(vcpus)
    }
    yield* on(
      (api) =>
        Effect.andThen(
          api.onVcpuExit(() => all(api)),
          api.onAtExit(() => all(api))
        ),
      twoThreads
    )
    assert.deepStrictEqual(live, [[0, 1], [0]])
  }),

  outs: Effect.fnUntraced(function* (on) {
    const { stdout } = yield* on((api) => {
      api.outs("one\n")
      return api.onAtExit(() => api.outs("two"))
    })
    assert.strictEqual(stdout, "one\ntwo")
  }),

  bool_parse: Effect.fnUntraced(function* () {
    const parse = (text: string) => Result.map(PluginOptions.decode(sample, [["flag", text]]), ({ flag }) => flag)
    for (const text of ["on", "yes", "true", "y"]) assert.isTrue(Result.getOrThrow(parse(text)))
    for (const text of ["off", "no", "false", "n"]) assert.isFalse(Result.getOrThrow(parse(text)))
    for (const text of ["TRUE", "1", ""]) assert.isTrue(Result.isFailure(parse(text)))
    yield* Effect.void
  }),

  path_to_binary: Effect.fnUntraced(function* (on) {
    assert.strictEqual((yield* facts(on)).path, "/prog")
    const seen: Array<unknown> = []
    yield* on((api) => {
      seen.push(api.process())
      return api.onVcpuInit(() => void seen.push(api.process()))
    })
    assert.deepStrictEqual(seen, [undefined, { pid: 100, ppid: 1, name: "prog", path: "/prog", args: ["/prog"] }])
  }),

  start_code: Effect.fnUntraced(function* (on) {
    assert.strictEqual((yield* facts(on)).startCode, at.start)
  }),

  end_code: Effect.fnUntraced(function* (on) {
    assert.strictEqual((yield* facts(on)).endCode, at.start + BigInt(4 * counting.length))
  }),

  entry_code: Effect.fnUntraced(function* (on) {
    assert.strictEqual((yield* facts(on)).entryCode, at.start)
  })
}

/** What `program` says while the guest runs; nothing before. */
const facts = Effect.fnUntraced(function* (on: OnEngine) {
  const seen: Array<ProgramInfo | undefined> = []
  yield* on((api) => {
    assert.isUndefined(api.program())
    return api.onVcpuInit(() => void seen.push(api.program()))
  }, withMain(counting))
  const [program] = seen
  if (program === undefined) throw new Error("there is no program")
  return program
})
