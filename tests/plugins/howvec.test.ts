/** howvec counts blocks where it counts inline. Nobody must be able to tell, not even where code faults in mid-block. */
import { assert, describe, it } from "@effect/vitest"
import { elfOf } from "../golden/corpus.ts"
import { emu, run } from "../support/cli.ts"

const howvec = async (engine: string, program: string, args: string): Promise<string> => {
  const plugin = `howvec,limit=0${args}`
  const { stderr } = await run(emu, ["run", "--quiet", "--engine", engine, "--plugin", plugin, "--", elfOf(program)])
  return stderr.toString()
}

describe.concurrent.each(["interpreter", "jit"])("howvec under the %s", (engine) => {
  it.each(["signals", "floats", "memory", "crash-null"])("counts %s inline as by callbacks", async (program) => {
    const byCallbacks = await howvec(engine, program, "")
    assert.match(byCallbacks, /^Instr: .* hits\)/m)
    assert.strictEqual(await howvec(engine, program, ",inline=on"), byCallbacks)
  })

  it("counts in classes what it counts one by one", async () => {
    const hits = (text: string) => [...text.matchAll(/\((\d+) hits\)/g)].reduce((sum, [, n]) => sum + Number(n), 0)
    const classes = await howvec(engine, "signals", ",inline=on,classes=on")
    assert.match(classes, /^Class: Calls .*\(\d+ hits\)/m)
    assert.strictEqual(hits(classes), hits(await howvec(engine, "signals", "")))
  })
})
