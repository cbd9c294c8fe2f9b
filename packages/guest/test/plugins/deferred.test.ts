/** Deferred callbacks that do something: ask for a reset, for their removal, or for what is out of their reach. */
import { CallbackFlags, MemRw } from "@emu/core/Instrumentation"
import type { PluginApi } from "@emu/core/PluginApi"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { call, insn, li, reg } from "../linux/support/assemble.ts"
import { engines, plugin, run } from "../linux/support/run.ts"

const exitGroup = 94
const rounds = 5000

const before = [...li(reg.s1, 0x11000), ...li(reg.s0, rounds)]
const loop = [
  insn("sd", { rs1: reg.s1, rs2: reg.s0, imm: 8 }),
  insn("addi", { rd: reg.s0, rs1: reg.s0, imm: -1 }),
  insn("bne", { rs1: reg.s0, rs2: 0, imm: -8 })
]
const program = [...before, ...loop, ...call(exitGroup, 0)]
/** Where the store is, which is also where the loop's block begins. */
const storePc = BigInt(0x10000 + 4 * before.length)
const { deferred } = CallbackFlags

/** Calls back, later, for each store. */
const onStores = (api: PluginApi, callback: () => void) =>
  api.onTbTrans((tb) => {
    for (const one of tb.insns) if (one.pc === storePc) one.onMem(callback, MemRw.write, deferred)
  })

/** Counts stores, and what it has counted. */
const counter = (counts: Array<number>) =>
  plugin((api) => {
    let stores = 0
    return Effect.andThen(
      onStores(api, () => void stores++),
      api.onAtExit(() => void counts.push(stores))
    )
  })

describe.each(engines)("a deferred callback, on the $name", ({ engine }) => {
  it.effect("that asks for a reset hears of all that was executed until then, and what it registers of all since", () =>
    Effect.gen(function* () {
      let early = 0
      let late = 0
      const others: Array<number> = []
      const resetting = plugin((api) =>
        onStores(api, () => {
          if (++early === 1000) api.runSync(api.reset(() => Effect.orDie(onStores(api, () => void late++))))
        })
      )
      const { exit } = yield* run({ program, plugins: [counter(others), resetting], engine })
      assert.strictEqual(Result.getOrThrow(exit).status, 0)
      assert.isAtLeast(early, 1000)
      assert.deepStrictEqual([early + late, others], [rounds, [rounds]])
    })
  )

  it.effect("that asks for its plugin's removal is not called behind it; other plugins are", () =>
    Effect.gen(function* () {
      const calls: Array<string> = []
      const others: Array<number> = []
      const leaving = plugin((api) =>
        onStores(api, () => {
          if (calls.push("store") === 1000) api.runSync(api.uninstall(() => void calls.push("gone")))
        })
      )
      const { exit } = yield* run({ program, plugins: [leaving, counter(others)], engine })
      assert.strictEqual(Result.getOrThrow(exit).status, 0)
      assert.deepStrictEqual([calls.indexOf("gone"), others], [calls.length - 1, [rounds]])
      assert.isAbove(calls.length, 1000)
    })
  )

  it.effect.each([
    ["readRegister", (api) => api.readRegister(api.getRegisters()[1]!)],
    ["writeRegister", (api) => api.writeRegister(api.getRegisters()[1]!, 0n)],
    ["setPc", (api) => api.setPc(0x10000n)],
    ["readMemory", (api) => api.readMemory(0x11000n, 8)],
    ["writeMemory", (api) => api.writeMemory(0x11000n, Uint8Array.of(1))],
    ["exit", (api) => api.exit(3)]
  ] satisfies ReadonlyArray<[string, (api: PluginApi) => unknown]>)("may not use %s", ([operation, use]) =>
    Effect.gen(function* () {
      let calls = 0
      const curious = plugin(
        (api) =>
          onStores(api, () => {
            if (++calls === 1000) use(api)
          }),
        "curious"
      )
      const { exit } = yield* run({ program, plugins: [curious], engine })
      assert.strictEqual(
        Result.getOrThrow(Result.flip(exit)).message,
        `plugin curious failed in its mem callback at pc 0x${storePc.toString(16)}: ` +
          `${operation} has no place in a deferred callback, which runs later: register it without CallbackFlags.deferred`
      )
      assert.strictEqual(calls, 1000)
    })
  )
})
