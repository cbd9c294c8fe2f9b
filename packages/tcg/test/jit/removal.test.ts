/** Blocks that go because their bytes change: the compiled code that contains them goes, and no other. */
import { assert, describe, it } from "@effect/vitest"
import { ExitKind } from "@emu/tcg/Engine"
import { make } from "@emu/tcg/engine/tiered/TieredEngine"
import * as Layout from "@emu/tcg/Layout"
import { codeBase, Guest } from "../support/Guest.ts"

/** Two loops, in a page each. */
const [changing, staying] = [codeBase, codeBase + Layout.pageSize]
const hex = (pc: number): string => pc.toString(16)
const rounds = 400

/** Adds a number to r3 in each of so many rounds. */
const loop = (pc: number, number: number): string => ` ---- ${hex(pc)} 4
add r1,r1,$0x1
add r3,r3,$0x${hex(number)}
brcond r1,$0x${hex(rounds)},ge,L0
goto_tb $0x${hex(pc)},0,jump
set_label L0
exit_tb $0x0,syscall`

describe.each([
  ["regions", false],
  ["baseline code", true]
] as const)("%s", (_, baseline) => {
  const setUp = () => {
    const guest = new Guest({
      code: { [changing]: loop(changing, 1), [staying]: loop(staying, 2) },
      make: (options) => make({ ...options, jit: { hotThreshold: 20, synchronous: true, baseline } })
    })
    /** Runs a loop. Gives what it added to r3, and how many instructions ran in compiled code. */
    const run = (pc: number) => {
      const before = guest.engine.stats().compiled!.insns
      guest.state.i64[Layout.CpuSlot.pc] = BigInt(pc)
      guest.setReg(1, 0n)
      guest.setReg(3, 0n)
      assert.strictEqual(guest.engine.run(10 * rounds).kind, ExitKind.syscall)
      return { added: Number(guest.reg(3)), compiled: guest.engine.stats().compiled!.insns - before }
    }
    for (const pc of [changing, staying, changing, staying]) run(pc)
    return { guest, run }
  }

  it("of a block that changes goes, and comes anew from what it is now", () => {
    const { guest, run } = setUp()
    guest.code[changing] = loop(changing, 3)
    guest.engine.flushPages(changing >>> Layout.pageShift, changing >>> Layout.pageShift)
    const { added, compiled } = run(changing)
    assert.strictEqual(added, 3 * rounds)
    assert.isBelow(compiled, rounds, "its first rounds were interpreted")
    assert.deepStrictEqual(run(changing), { added: 3 * rounds, compiled: rounds })
  })

  it("of other blocks stays", () => {
    const { guest, run } = setUp()
    guest.engine.flushPages(changing >>> Layout.pageShift, changing >>> Layout.pageShift)
    assert.deepStrictEqual(run(staying), { added: 2 * rounds, compiled: rounds })
    assert.strictEqual(guest.engine.stats().compiled!.flushes, 0)
  })
})
