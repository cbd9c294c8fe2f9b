/** Plugins that hear of system calls do not change whose turn it is. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { call } from "../linux/support/assemble.ts"
import { data, forever, fork, store, Sys, threadFlags, work } from "../linux/support/processPrograms.ts"
import { engines, plugin, run } from "../linux/support/run.ts"

const write = (at: number) => call(Sys.write, 1, at, 1)

/** Two threads write letters; the second one goes on until the first has written 200. */
const program = [
  ...store(data + 8, 0x61),
  ...store(data + 9, 0x62),
  ...fork(forever(write(data + 9)), threadFlags),
  ...work(200, write(data + 8)),
  ...call(Sys.exitGroup, 0)
]

const listeners = {
  calls: plugin((api) => api.onSyscall(() => undefined)),
  "their results": plugin((api) => api.onSyscallRet(() => undefined)),
  "filtered calls": plugin((api) => api.onSyscallFilter(() => undefined))
}

describe.each(engines)("on the $name, turns are the same", ({ engine }) => {
  it.effect.each(Object.entries(listeners))("for a plugin that hears of %s", ([, listener]) =>
    Effect.gen(function* () {
      const written = (plugins: NonNullable<Parameters<typeof run>[0]["plugins"]>) =>
        Effect.map(run({ program, engine, plugins, options: { budget: 10_000 } }), ({ exit, stdout }) => {
          assert.strictEqual(Result.getOrThrow(exit).status, 0)
          return stdout
        })
      const alone = yield* written([])
      assert.match(alone, /^(a+b+){5,}a*$/)
      assert.strictEqual(yield* written([listener]), alone)
    })
  )
})
