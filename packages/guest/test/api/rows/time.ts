/** Time: a plugin that has control of it decides what every clock of the guest shows, and when sleep and timers end. */
import type { PluginApi, TimeControl } from "@emu/core/PluginApi"
import { CallbackFlags } from "@emu/core/Instrumentation"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { call, insn, li, reg } from "../../linux/support/assemble.ts"
import { plugin } from "../../linux/support/run.ts"
import { data, exit, exitWith, loop, register, rounds, type Rows, Sys, tagOf } from "../support/guest.ts"

const [realtime, monotonic] = [0, 1]
const timeCsr = 0xc01

/** Reads clocks, in every round: into memory, and the time CSR into a1. */
const readClocks = [
  ...loop([
    ...call(Sys.clockGettime, monotonic, data),
    ...call(Sys.clockGettime, realtime, data + 16),
    ...call(Sys.gettimeofday, data + 32, 0),
    insn("csrrs", { rd: reg.a1, rs1: 0, imm: timeCsr }),
    insn("addi", { rd: 0, rs1: 0, imm: 5 })
  ]),
  ...exit(0)
]
const looked = 0x10000n + 4n * BigInt(readClocks.indexOf(insn("addi", { rd: 0, rs1: 0, imm: 5 })))

/** What the guest's clocks show, in nanoseconds: monotonic, realtime, time of day, time CSR. */
const shown = (api: PluginApi): ReadonlyArray<bigint> => {
  const view = new DataView(api.readMemory(BigInt(data), 48).buffer)
  const pair = (at: number, unit: bigint) =>
    view.getBigInt64(at, true) * 1_000_000_000n + view.getBigInt64(at + 8, true) * unit
  return [pair(0, 1n), pair(16, 1n), pair(32, 1000n), 100n * api.readRegister(register(api, "a1"))]
}

/** Looks at the clocks of each round; `act` runs before the guest reads them. */
const watchClocks = (api: PluginApi, act: (round: number) => void, seen: Array<ReadonlyArray<bigint>>) => {
  let round = 0
  return api.onTbTrans((tb) => {
    for (const known of tb.insns) {
      if (known.pc === 0x10004n) known.onExec(() => act(round++))
      if (known.pc === looked) known.onExec(() => void seen.push(shown(api)), CallbackFlags.readRegs)
    }
  })
}

/** Waits an hour in every round, which a call's argument at `data` says. */
const longWaits = (wait: ReadonlyArray<number>) => [
  ...li(reg.t0, data),
  ...li(reg.t1, 3600),
  // some calls write the time left there
  ...loop([insn("sd", { rs1: reg.t0, rs2: reg.t1, imm: 0 }), ...wait]),
  ...call(Sys.clockGettime, monotonic, data + 256),
  ...exitWith(reg.a0)
]

/** Calls that wait with a timeout, here always in vain. */
const waits = {
  nanosleep: call(Sys.nanosleep, data, 0),
  futex: call(Sys.futex, data + 64, 0, 0, data),
  ppoll: call(73, 0, 0, data, 0),
  rt_sigtimedwait: call(137, data + 128, 0, data, 8)
}

/** Is ended by SIGALRM after a second. */
const alarmed = [
  ...li(reg.t0, data),
  ...li(reg.t1, 1),
  insn("sd", { rs1: reg.t0, rs2: reg.t1, imm: 16 }),
  ...call(103, 0, data, 0),
  insn("jal", { rd: 0, imm: 0 })
]

/** One thread sleeps for a second, and ends the process; the other one never rests. */
const restless = (() => {
  const spin = [insn("jal", { rd: 0, imm: 0 })]
  return [
    ...li(reg.t0, data),
    ...li(reg.t1, 1),
    insn("sd", { rs1: reg.t0, rs2: reg.t1, imm: 0 }),
    ...call(Sys.clone, 0x50f00, data + 0x8000, 0, 0, 0),
    insn("beq", { rs1: reg.a0, rs2: 0, imm: 4 * (spin.length + 1) }),
    ...spin,
    ...call(Sys.nanosleep, data, 0),
    ...exit(8)
  ]
})()

const second = 1_000_000_000n

export const timeRows: Rows = {
  request_time_control: Effect.fnUntraced(function* (on) {
    const seen: Array<ReadonlyArray<bigint>> = []
    const given: Array<boolean> = []
    const other = plugin((api) => Effect.sync(() => void given.push(api.requestTimeControl() !== undefined)), "other")
    yield* on(
      (api) => {
        given.push(api.requestTimeControl() !== undefined)
        return watchClocks(api, () => {}, seen)
      },
      readClocks,
      [other]
    )
    // one plugin has it; nothing but that plugin moves time
    assert.deepStrictEqual(given, [true, false])
    assert.strictEqual(seen.length, rounds)
    for (const clocks of seen) assert.deepStrictEqual(clocks, seen[0])

    // sleep takes no time of the host's, and all the time it should of the guest's
    for (const [name, wait] of Object.entries(waits)) {
      let slept = 0n
      const { status } = yield* on((api) => {
        api.requestTimeControl()
        const seconds = () => new DataView(api.readMemory(BigInt(data + 256), 8).buffer).getBigInt64(0, true)
        return api.onSyscallRet((_, num) => {
          if (num === Sys.clockGettime) slept = seconds()
        })
      }, longWaits(wait))
      assert.strictEqual(status, 0, name)
      assert.isAtLeast(Number(slept), rounds * 3600, name)
    }

    // a reset gives it back: time goes on from where it was
    const after: Array<ReadonlyArray<bigint>> = []
    let control: TimeControl | undefined
    yield* on((api) => {
      control = api.requestTimeControl()
      return watchClocks(
        api,
        (round) => {
          if (round === 0) control!.updateNs(5n * second)
          if (round === 10) api.runSync(api.reset(() => api.runSync(watchClocks(api, () => {}, after))))
        },
        after
      )
    }, readClocks)
    assert.isAbove(Number(after.at(-1)![0]! - after[0]![0]!), 0)
    assert.isBelow(Number(after.at(-1)![0]! - after[0]![0]!), 5e9)
    assert.strictEqual(
      tagOf(() => control!.updateNs(6n * second)),
      "TimeControlError"
    )
  }),

  update_ns: Effect.fnUntraced(function* (on) {
    const seen: Array<ReadonlyArray<bigint>> = []
    yield* on((api) => {
      const control = api.requestTimeControl()!
      return watchClocks(
        api,
        (round) => {
          control.updateNs(BigInt(round) * 1_000_000n)
          // time does not go back
          control.updateNs(0n)
        },
        seen
      )
    }, readClocks)
    assert.deepStrictEqual(
      seen.map((clocks) => clocks.map((value, i) => value - seen[0]![i]!)),
      Array.from({ length: rounds }, (_, round) => Array.from({ length: 4 }, () => BigInt(round) * 1_000_000n))
    )

    // timers: a second of the plugin's time is a thousand blocks, however long they take
    const blocks = Effect.gen(function* () {
      let count = 0
      const { status } = yield* on((api) => {
        const control = api.requestTimeControl()!
        return api.onTbTrans((tb) => tb.onExec(() => control.updateNs(BigInt(++count) * 1_000_000n)))
      }, alarmed)
      assert.strictEqual(status, 128 + 14)
      return count
    })
    // sleep: a thread that sleeps for a second, while the other one never rests
    const wakes = Effect.gen(function* () {
      let count = 0
      let asleep = 0
      const { status } = yield* on((api) => {
        const control = api.requestTimeControl()!
        return Effect.andThen(
          api.onVcpuIdle(() => void (asleep = count)),
          api.onTbTrans((tb) => tb.onExec(() => control.updateNs(BigInt(++count) * 100_000n)))
        )
      }, restless)
      assert.strictEqual(status, 8)
      return count - asleep
    })
    const woken = yield* wakes
    assert.isAtLeast(woken, 10_000)
    assert.isBelow(woken, 11_000)
    assert.strictEqual(yield* wakes, woken)

    const first = yield* blocks
    assert.isAtLeast(first, 1000)
    assert.isBelow(first, 1100)
    assert.strictEqual(yield* blocks, first)
  })
}
