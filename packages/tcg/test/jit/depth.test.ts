/** Compiled code that calls itself deeply: V8's checks for stack overflow are off or fatal, so the depth must be bounded in time. */
import { assert, describe, it } from "@effect/vitest"
import { ExitKind } from "@emu/tcg/Engine"
import { make } from "@emu/tcg/engine/tiered/TieredEngine"
import * as Layout from "@emu/tcg/Layout"
import { codeBase, Guest } from "../support/Guest.ts"

/** Temps of the block: each has a local of its own, so that the frame is 8 KB. */
const temps = 1000
const deep = 50_000

const hex = (n: number): string => n.toString(16)

/** Adds up temps to r2 and calls itself r5 times; each call then adds one to r3 and returns, until that is r4. */
const recursion = (): Record<number, string> => {
  const behind = codeBase + 4
  const lines = [` ---- ${hex(codeBase)} 4`]
  for (let i = 0; i < temps; i++) lines.push(`add tmp${i},r1,$0x${hex(i)}`, `xor r2,r2,tmp${i}`)
  lines.push(
    "sub r5,r5,$0x1",
    "brcond r5,$0x0,eq,L0",
    `goto_tb $0x${hex(codeBase)},0,call`,
    "set_label L0",
    `mov r9,$0x${hex(behind)}`,
    "goto_ptr r9,return"
  )
  const back = [
    ` ---- ${hex(behind)} 4`,
    "add r3,r3,$0x1",
    "brcond r3,r4,ge,L0",
    `mov r9,$0x${hex(behind)}`,
    "goto_ptr r9,return",
    "set_label L0",
    "exit_tb $0x0,syscall"
  ]
  return { [codeBase]: lines.join("\n"), [behind]: back.join("\n") }
}

describe.each([
  ["regions", false],
  ["baseline code", true]
] as const)("deep recursion in %s", (_, baseline) => {
  it("with large frames goes on", () => {
    const guest = new Guest({
      code: recursion(),
      make: (options) => make({ ...options, jit: { hotThreshold: 100, synchronous: true, baseline } })
    })
    const run = (depth: number) => {
      guest.state.i64[Layout.CpuSlot.pc] = BigInt(codeBase)
      guest.setReg(3, 0n)
      guest.setReg(4, BigInt(depth))
      guest.setReg(5, BigInt(depth))
      assert.strictEqual(guest.engine.run(10 * depth).kind, ExitKind.syscall)
      assert.strictEqual(guest.reg(3), BigInt(depth))
    }
    // What is behind the call becomes hot as well, so that the call is one in compiled code.
    for (let i = 0; i < 50; i++) run(10)
    run(deep)
    assert.isAbove(guest.engine.stats().compiled!.insns, deep, "little ran in compiled code")
  })
})
