/** The host gets its turns while processes come and go, none of which runs for long: else signals and timers would have to wait. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { call } from "../support/assemble.ts"
import { forever, fork, Sys, vforkFlags, wait } from "../support/processPrograms.ts"
import { run } from "../support/run.ts"

const SIGTERM = 15
const turns = 50
/** Milliseconds; far above what they take on an idle machine. */
const generous = 2000

describe.each([
  { name: "fork", flags: undefined },
  { name: "vfork", flags: vforkFlags }
])("a loop of $name", ({ flags }) => {
  it.live("lets the host have its turns", () =>
    Effect.gen(function* () {
      let begun = 0
      const hostSignals = (deliver: (signal: number) => void) => {
        begun = performance.now()
        let left = turns
        const turn = () => {
          if (--left > 0) setImmediate(turn)
          else deliver(SIGTERM)
        }
        turn()
        return () => {}
      }
      const program = forever([...fork(call(Sys.exitGroup, 0), flags), ...wait])
      const { exit } = yield* run({ program, options: { hostSignals } })
      assert.strictEqual(Result.getOrThrow(exit).signal, SIGTERM)
      assert.isBelow(performance.now() - begun, generous)
    })
  )
})
