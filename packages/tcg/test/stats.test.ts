/** What the engine counts of its own work. */
import { assert, describe, it } from "@effect/vitest"
import { ExitKind } from "@emu/tcg/Engine"
import * as TieredEngine from "@emu/tcg/engine/tiered/TieredEngine"
import * as Layout from "@emu/tcg/Layout"
import { codeBase, dataBase, Guest } from "./support/Guest.ts"

const hex = codeBase.toString(16)
/** Reads on and on until it runs out of the data pages. */
const reading = ` ---- ${hex} 4 0
add r1,r1,$0x1
 ---- ${(codeBase + 4).toString(16)} 4 0
guest_ld r4,r3,0,uq
 ---- ${(codeBase + 8).toString(16)} 4 0
add r3,r3,$0x8
 ---- ${(codeBase + 12).toString(16)} 4 0
goto_tb $0x${hex},0,jump`
const rounds = (4 * Layout.pageSize) / 8

const run = (options: Partial<TieredEngine.EngineOptions>) => {
  const guest = new Guest({ code: { [codeBase]: reading }, make: (given) => TieredEngine.make({ ...given, ...options }) })
  guest.setReg(3, BigInt(dataBase))
  assert.strictEqual(guest.engine.run(100).kind, ExitKind.budget)
  assert.strictEqual(guest.engine.run(1_000_000).kind, ExitKind.memoryFault)
  assert.strictEqual(guest.instructions, 4 * rounds + 1)
  return guest
}

describe("stats", () => {
  it("counts instructions up to a fault in the middle of a block, and exits by their kind", () => {
    const { compiled, exits, insns, translationMilliseconds } = run({}).engine.stats()
    assert.strictEqual(insns, 4 * rounds + 1)
    assert.deepInclude(exits, { budget: 1, memoryFault: 1, syscall: 0 })
    assert.isUndefined(compiled)
    assert.strictEqual(translationMilliseconds, 0)
  })

  it("counts what of them ran in compiled code", () => {
    const lines: Array<string> = []
    const guest = run({
      jit: { hotThreshold: 50, synchronous: true },
      measure: true,
      trace: { jit: (line) => lines.push(line) }
    })
    const { compiled, insns, translationMilliseconds } = guest.engine.stats()
    assert.strictEqual(insns, 4 * rounds + 1)
    // The first 50 rounds were interpreted; and the one that faults: compiled code only does rounds that it checked before.
    assert.strictEqual(compiled?.insns, 4 * (rounds - 50))
    assert.strictEqual(compiled?.regions, lines.length)
    assert.strictEqual(compiled?.slotsUsed, lines.length)
    assert.isAbove(translationMilliseconds, 0)
    assert.match(lines[0]!, new RegExp(`^region 0x${hex}: entries 0x${hex}, 1 blocks, 4 insns, \\d+ bytes, `))
  })

  it("remembers how full the caches were before a flush", () => {
    const guest = run({ jit: { hotThreshold: 50, synchronous: true } })
    const { codeWordsUsed, compiled } = guest.engine.stats()
    assert.isAbove(codeWordsUsed, 0)
    guest.engine.flush()
    const after = guest.engine.stats()
    assert.strictEqual(after.codeWordsUsed, codeWordsUsed)
    assert.strictEqual(after.compiled?.slotsUsed, compiled?.slotsUsed)
    assert.strictEqual(after.compiled?.flushes, compiled!.flushes + 1)
  })
})
