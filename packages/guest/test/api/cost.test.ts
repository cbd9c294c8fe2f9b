/** What plugins do not ask for costs nothing: the code that runs is the same as without them. */
import { assert, describe, it } from "@effect/vitest"
import type { PluginApi } from "@emu/core/PluginApi"
import { DisconKind } from "@emu/core/PluginEvent"
import * as Effect from "effect/Effect"
import { engines, plugin, run } from "../linux/support/run.ts"
import { counting } from "./support/guest.ts"

const nothing = () => undefined

/** Every event but translation. */
const watchAll = (api: PluginApi) =>
  Effect.all([
    api.onVcpuInit(nothing),
    api.onVcpuExit(nothing),
    api.onVcpuIdle(nothing),
    api.onVcpuResume(nothing),
    api.onSyscall(nothing),
    api.onSyscallRet(nothing),
    api.onSyscallFilter(nothing),
    api.onDiscon(DisconKind.all, nothing),
    api.onFlush(nothing),
    api.onAtExit(nothing)
  ])

describe.each(engines)("on the $name", ({ engine }) => {
  it.live.each([
    { what: "handlers of every event but translation", install: (api: PluginApi) => Effect.asVoid(watchAll(api)) },
    { what: "a handler of translation that asks for nothing", install: (api: PluginApi) => api.onTbTrans(nothing) }
  ])("$what leave code as it is", ({ install }) =>
    Effect.gen(function* () {
      const figures = Effect.fnUntraced(function* (plugins: ReadonlyArray<ReturnType<typeof plugin>>) {
        const { stats } = yield* run({ program: counting, engine, plugins })
        const { codeWordsUsed, compiled, exits, insns, translatedBlocks } = stats
        return { codeWordsUsed, bytes: compiled?.bytes, regions: compiled?.regions, exits, insns, translatedBlocks }
      })
      assert.deepStrictEqual(yield* figures([plugin(install)]), yield* figures([]))
    })
  )
})
