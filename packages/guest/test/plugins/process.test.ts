/** What plugins do to the run as a whole: end it, have work done between blocks, ask for modules and files. */
import { MemRw, PluginCond } from "@emu/core/Instrumentation"
import type { PluginApi } from "@emu/core/PluginApi"
import type { NoVcpuContextError, PluginError } from "@emu/core/PluginError"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { call, insn, li, reg } from "../linux/support/assemble.ts"
import { engines, plugin, run } from "../linux/support/run.ts"

const Sys = { exitGroup: 94, getpid: 172 }
const data = 0x11000

/** A hundred rounds of a store and a system call, then status 7. */
const body = [insn("sw", { rs1: reg.s1, rs2: reg.s0, imm: 0 }), ...call(Sys.getpid)]
const program = [
  ...li(reg.s1, data),
  ...li(reg.s0, 100),
  ...body,
  insn("addi", { rd: reg.s0, rs1: reg.s0, imm: -1 }),
  insn("bne", { rs1: reg.s0, rs2: 0, imm: -4 * (body.length + 1) }),
  ...call(Sys.exitGroup, 7)
]

type Install = (api: PluginApi, stop: () => never) => Effect.Effect<void, PluginError>

/** `stop` at the fiftieth call. */
const late = (stop: () => never) => {
  let calls = 0
  return () => {
    if (++calls === 50) stop()
  }
}

const places: Readonly<Record<string, Install>> = {
  "a block": (api, stop) => {
    const callback = late(stop)
    return api.onTbTrans((tb) => tb.onExec(callback))
  },
  "an instruction": (api, stop) => {
    const callback = late(stop)
    return api.onTbTrans((tb) => tb.insns.forEach((instruction) => instruction.onExec(callback)))
  },
  "a condition": (api, stop) => {
    const callback = late(stop)
    const entry = api.u64(api.scoreboardNewUnsafe(8))
    return api.onTbTrans((tb) => tb.onExecCond(callback, PluginCond.eq, entry, 0n))
  },
  "an access": (api, stop) => {
    const callback = late(stop)
    return api.onTbTrans((tb) => tb.insns.forEach((instruction) => instruction.onMem(callback, MemRw.write)))
  },
  "a translation": (api, stop) => api.onTbTrans(stop),
  "the beginning of a vCPU": (api, stop) => api.onVcpuInit(stop),
  "a system call": (api, stop) => api.onSyscall(late(stop)),
  "a filter of system calls": (api, stop) => {
    const callback = late(stop)
    return api.onSyscallFilter(() => {
      callback()
      return undefined
    })
  },
  "a system call's return": (api, stop) => api.onSyscallRet(late(stop)),
  "an Effect": (api, stop) => api.onSyscall(() => Effect.andThen(Effect.sleep(1), Effect.sync(stop)))
}

const statusOf = (exit: Result.Result<{ readonly status: number }, unknown>) => Result.getOrThrow(exit).status

describe.each(engines)("on the $name", ({ engine }) => {
  for (const [place, install] of Object.entries(places)) {
    for (const onPluginError of ["abort", "detach"] as const) {
      it.live(`exit in ${place} ends the guest, and the atexit callbacks run (${onPluginError})`, () =>
        Effect.gen(function* () {
          const ends = (name: string) =>
            plugin((api) => {
              const atExit = api.onAtExit(() => api.outs(`${name} ends\n`))
              return name === "first"
                ? atExit
                : Effect.andThen(
                    atExit,
                    install(api, () => api.exit(0x12a))
                  )
            }, name)
          const plugins = [ends("first"), ends("second")]
          const { exit, failures, stdout } = yield* run({ program, engine, plugins, onPluginError })
          assert.strictEqual(statusOf(exit), 0x2a)
          assert.strictEqual(stdout, "second ends\nfirst ends\n")
          assert.deepStrictEqual(failures, [])
        })
      )
    }
  }

  it.live("exit works in callbacks of a vCPU only", () =>
    Effect.gen(function* () {
      const problems: Array<string> = []
      const refused = plugin((api) => {
        const attempt = () => {
          try {
            api.exit(1)
          } catch (error) {
            problems.push((error as NoVcpuContextError)._tag)
          }
        }
        attempt()
        return Effect.andThen(
          api.onSyscall(() => void (problems.length === 1 && api.queueWork(attempt))),
          Effect.andThen(api.onFlush(attempt), api.onAtExit(attempt))
        )
      })
      const first = plugin((api) => api.onAtExit(() => api.outs("first ends\n")), "first")
      const { exit, stdout } = yield* run({ program, engine, plugins: [first, refused] })
      assert.strictEqual(statusOf(exit), 7)
      assert.isAbove(problems.length, 2)
      // what the others have to say at the end is not lost
      assert.include(stdout, "first ends\n")
      assert.deepStrictEqual(new Set(problems), new Set(["NoVcpuContextError"]))
    })
  )

  it.live("an instruction at which the guest ends does not run", () =>
    Effect.gen(function* () {
      let seen: Uint8Array | undefined
      const stopper = plugin((api) =>
        Effect.andThen(
          api.onTbTrans((tb) => {
            for (const instruction of tb.insns) if (instruction.pc === 0x10008n) instruction.onExec(() => api.exit(3))
          }),
          api.onAtExit(() => void (seen = api.readMemory(BigInt(data), 4)))
        )
      )
      const { exit } = yield* run({ program, engine, plugins: [stopper] })
      assert.strictEqual(statusOf(exit), 3)
      assert.deepStrictEqual(seen, new Uint8Array(4))
    })
  )

  it.live("work is done between blocks, and the guest waits for it", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const worker = plugin((api) => {
        let isAsked = false
        return api.onTbTrans((tb) => {
          const last = tb.insns.at(-1)!
          last.onExec(() => {
            if (events.length > 4) return
            events.push("end of block")
            if (isAsked) return
            isAsked = true
            api.queueWork(() =>
              Effect.andThen(
                Effect.sleep(5),
                Effect.sync(() => void events.push("work"))
              )
            )
          })
        })
      })
      const { exit } = yield* run({ program, engine, plugins: [worker] })
      assert.strictEqual(statusOf(exit), 7)
      assert.deepStrictEqual(events.slice(0, 3), ["end of block", "work", "end of block"])
    })
  )

  it.live("modules are the program and the kernel's page", () =>
    Effect.gen(function* () {
      const found: Array<unknown> = []
      const asker = plugin((api) =>
        api.onAtExit(() => {
          found.push(api.modules().map(({ base, entry, path }) => [path, base, entry]))
          found.push(api.moduleAt(0x10004n)?.path, api.moduleAt(BigInt(data)), api.moduleAt(1n << 40n))
        })
      )
      yield* run({ program, engine, plugins: [asker] })
      assert.deepStrictEqual(found, [
        [
          ["/prog", 0x10000n, 0x10000n],
          ["[vdso]", 0x55d57000n, 0x55d57000n]
        ],
        "/prog",
        undefined,
        undefined
      ])
    })
  )
})
