import { ExitKind } from "@emu/tcg/Engine"
import { assert, describe, it } from "@effect/vitest"
import { codeBase, Guest, loops } from "./support/Guest.ts"

describe.each(loops)("under $name", ({ cold }) => {
  const loop = `
 ---- 00010000 4
add r1,r1,r2
 ---- 00010004 4
add r2,r2,$0x1
 ---- 00010008 4
brcond r2,r3,ltu,L0
goto_tb $0x1000c,0,jump
set_label L0
goto_tb $0x10000,1,jump
`
  const stop = `
 ---- 0001000c 4
exit_tb $0x10010,syscall
`

  describe("interpreter", () => {
    it("runs a chained loop until the system call and counts its instructions", () => {
      const guest = new Guest({ cold, code: { [codeBase]: loop, [codeBase + 12]: stop } })
      guest.setReg(3, 1000n)
      const exit = guest.engine.run(1_000_000)
      assert.strictEqual(exit.kind, ExitKind.syscall)
      assert.strictEqual(guest.reg(1), 499500n)
      assert.strictEqual(guest.pc, 0x10010n)
      assert.strictEqual(guest.instructions, 3001)
    })
  })
})
