/** Disassembly against what QEMU printed for every instruction of the golden programs. */
import { assert, describe, it } from "@effect/vitest"
import { disassemble } from "@emu/guest/riscv64/disassemble/disassemble"
import { recordedPrograms } from "./support/golden.ts"

/** Instructions of extensions that this guest doesn't have; QEMU's `max` CPU has them, the program `quirks` tries them. */
const absent = new Set(["vsetvli", "lq", "amocas.d", "sspush", "fli.d"])

describe("disassembly of the golden programs", () => {
  for (const [program, insns] of recordedPrograms()) {
    it(`${program}: ${insns.length} lines`, () => {
      for (const { pc, raw, size, text } of insns) {
        if (absent.has(text.split(" ")[0]!)) continue
        assert.strictEqual(disassemble(raw, size, BigInt(pc)), text, `0x${raw.toString(16)} at 0x${pc.toString(16)}`)
      }
    })
  }

  it("covers more than 29000 instructions", () => {
    const count = [...recordedPrograms().values()].reduce((sum, insns) => sum + insns.length, 0)
    assert.isAbove(count, 29_000)
  })
})

describe("disassembly of what the golden programs lack", () => {
  const cases: ReadonlyArray<readonly [raw: number, text: string]> = [
    [0x0ff0000f, "fence                   iorw,iorw"],
    [0x8330000f, "fence                   rw,rw"],
    [0x0100000f, "fence                   w,"],
    [0x40a0053b, "negw                    a0,a0"],
    [0x00052533, "sltz                    a0,a0"],
    [0x000022b3, "sltz                    t0,zero"],
    [0x20b58553, "fmv.s                   fa0,fa1"],
    [0x22b5a553, "fabs.d                  fa0,fa1"],
    [0x02b57553, "fadd.d                  dyn,fa0,fa0,fa1"],
    [0x02b56553, "fadd.d                  inv,fa0,fa0,fa1"],
    [0xc0102573, "rdtime                  a0"],
    [0xc8002573, "rdcycleh                a0"],
    [0x34011173, "csrrw                   sp,mscratch,sp"],
    [0x3b102573, "csrrs                   a0,pmpaddr1,zero"],
    [0x00008067, "ret                     "],
    [0x00430067, "jalr                    zero,t1,4"],
    [0x00055463, "bgez                    a0,8                    # 0x10008"],
    [0xffffffff, "illegal                 "]
  ]
  for (const [raw, text] of cases) {
    it(text.trimEnd(), () => assert.strictEqual(disassemble(raw, 4, 0x10000n), text))
  }

  it("wraps targets at 64 bits", () => {
    assert.strictEqual(
      disassemble(0xffdff06f, 4, 0n),
      "j                       -4                      # 0xfffffffffffffffc"
    )
  })
})
