/** What discons finds wrong: a guest whose discontinuities are not where they should be. */
import { assert, describe, it } from "@effect/vitest"
import { DisconKind } from "@emu/core/PluginEvent"
import discons from "@emu/plugins/discons"
import traps from "@emu/plugins/traps"
import { FakeGuest, type FakeInsn } from "./support/FakeGuest.ts"

const { exception, hostcall, interrupt } = DisconKind
const nops = (count: number): Array<FakeInsn> => Array.from({ length: count }, () => ({ disas: "nop" }))

/** Two blocks of two instructions, at 0x100 and 0x200. */
const start = (args: Record<string, string>) => {
  const guest = FakeGuest.install(discons, args)
  return { guest, main: guest.translate(0x100n, nops(2)), handler: guest.translate(0x200n, nops(2)) }
}

describe("discons", () => {
  it("is content where each begins at the last instruction or behind it, and leads to the next one", () => {
    const { guest, handler, main } = start({})
    main()
    guest.jump(interrupt, 0x100n, 0x200n)
    handler()
    guest.jump(hostcall, 0x204n, 0x100n)
    main()
    // two at once
    guest.jump(exception, 0x104n, 0x300n)
    guest.jump(interrupt, 0x300n, 0x200n)
    handler()
    assert.strictEqual(guest.exit(), "interrupts: 2, exceptions: 1, host calls: 1, mismatches: 0\n")
  })

  it.each([
    {
      what: "leads elsewhere",
      act: ({ guest, main }: ReturnType<typeof start>) => {
        main()
        guest.jump(interrupt, 0x100n, 0x300n)
        main()
      },
      text: "vCPU 0: the interrupt was followed by 0x100, not 0x300"
    },
    {
      what: "is a call that was not executed",
      act: ({ guest, main }: ReturnType<typeof start>) => {
        main()
        guest.jump(hostcall, 0x108n, 0x100n)
      },
      text: "vCPU 0: the host call began at 0x108, not 0x104"
    },
    {
      what: "does not begin where the one before led",
      act: ({ guest, main }: ReturnType<typeof start>) => {
        main()
        guest.jump(exception, 0x104n, 0x200n)
        guest.jump(interrupt, 0x104n, 0x200n)
      },
      text: "vCPU 0: the interrupt began at 0x104, not 0x200"
    }
  ])("ends the run at one that $what, or prints it with abort=off", ({ act, text }) => {
    assert.throws(() => act(start({})), text)
    const lenient = start({ abort: "off" })
    act(lenient)
    const lines = lenient.guest.exit().split("\n")
    assert.strictEqual(lines[0], text)
    assert.match(lines[1]!, /mismatches: 1$/)
  })

  it("traces instructions and discontinuities", () => {
    const { guest, main } = start({ "trace-all": "on" })
    main(1)
    guest.jump(interrupt, 0x108n, 0x200n, 1)
    assert.include(guest.exit(), "insn 1: 0x100\ninsn 1: 0x104\ninterrupt 1: 0x108 -> 0x200\n")
  })
})

describe("traps", () => {
  it("counts by vCPU and kind", () => {
    const guest = FakeGuest.install(traps)
    guest.translate(0x100n, nops(1))(2)
    for (const kind of [interrupt, interrupt, hostcall]) guest.jump(kind, 0x104n, 0x200n, 2)
    guest.jump(exception, 0x100n, 0x200n)
    assert.strictEqual(guest.exit(), "VCPU, interrupts, exceptions, hostcalls\n0, 0, 1, 0\n1, 0, 0, 0\n2, 2, 0, 1\n")
  })
})
