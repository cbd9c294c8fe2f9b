/** Registers, memory and pc, by the permission of the running callback: reference sections 1 (error returns) and 4. */
import { CallbackFlags } from "@emu/core/Instrumentation"
import type { PluginApi } from "@emu/core/PluginApi"
import { SetPcRequest } from "@emu/core/SetPcRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import { append as appendTo, block, installBare, plugin, withSystem } from "../fakes.ts"
import type { Fakes } from "../fakes.ts"

/** What a function throws: the tag of a typed error, or undefined. */
const tagOf = (f: () => unknown): string | undefined => {
  try {
    f()
    return undefined
  } catch (error) {
    return (error as { readonly _tag: string })._tag
  }
}

/** As the engine does around a hot callback. */
const hot = <A>({ scope }: Fakes["engine"], flags: number, f: () => A): A => {
  scope.vcpu = 0
  scope.flags = flags
  scope.pc = 0x1004n
  try {
    return f()
  } finally {
    scope.vcpu = -1
  }
}

const uses = (api: PluginApi) => {
  const [a0, pc, fflags] = api.getRegisters()
  return {
    read: () => api.readRegister(a0!),
    write: () => api.writeRegister(a0!, 1n),
    setPc: () => api.setPc(8n),
    readPc: () => api.readRegister(pc!),
    writePc: () => api.writeRegister(pc!, 0n),
    writeNarrow: (value: bigint) => api.writeRegister(fflags!, value)
  }
}

const denied = "RegisterPermissionError"
const late = "DeferredCallbackError"

describe("registers", () => {
  it.effect.each([
    ["deferred", [late, late, late]],
    ["noRegs", [denied, denied, denied]],
    ["readRegs", [undefined, denied, denied]],
    ["readWriteRegs", [undefined, undefined, denied]],
    ["readWriteRegsPc", [undefined, undefined, "SetPcRequest"]]
  ] as const)("in a callback with %s: read, write, set pc: %j", ([flags, expected]) =>
    withSystem((system, { engine }) =>
      Effect.gen(function* () {
        const { read, setPc, write } = uses(yield* installBare(system, "p"))
        const got = [read, write, setPc].map((use) => hot(engine, CallbackFlags[flags], () => tagOf(use)))
        assert.deepStrictEqual(got, [...expected])
      })
    )
  )

  it.effect("are out of reach in install, between callbacks, and in flush and atexit callbacks", () =>
    withSystem((system, { engine }) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        const { read, setPc, write } = uses(api)
        const seen: Array<string | undefined> = []
        for (const use of [read, write, setPc]) seen.push(tagOf(use))
        yield* api.onFlush(() => void seen.push(tagOf(read)))
        yield* api.onAtExit(() => void seen.push(tagOf(read)))
        yield* system.vcpuInit(0)
        engine.flushed()
        yield* system.userExit(0)
        assert.deepStrictEqual(seen, Array<string>(5).fill("NoVcpuContextError"))
      })
    )
  )

  it.effect("may be written, the pc not, in init, exit and tb_trans; both in system calls, idle and resume", () =>
    withSystem((system, { engine }) =>
      Effect.gen(function* () {
        const seen: Array<string> = []
        const api = yield* installBare(system, "p")
        const { setPc, write } = uses(api)
        const note = (event: string) => () => void seen.push(`${event} ${tagOf(write) ?? "ok"} ${tagOf(setPc)}`)
        yield* api.onVcpuInit(note("init"))
        yield* api.onTbTrans(note("trans"))
        yield* api.onVcpuExit(note("exit"))
        yield* api.onSyscall(note("syscall"))
        yield* api.onVcpuIdle(note("idle"))
        yield* system.vcpuInit(0)
        yield* system.drain(0)
        engine.instrument(0, block(0x1000n, 1))
        yield* system.syscall(0, 1, [])
        yield* system.vcpuIdle(0)
        yield* system.vcpuExit(0)
        assert.deepStrictEqual(seen, [
          `init ok ${denied}`,
          `trans ok ${denied}`,
          "syscall ok SetPcRequest",
          "idle ok SetPcRequest",
          `exit ok ${denied}`
        ])
      })
    )
  )

  it.effect("that a callback may not have are refused with advice that fits the callback", () =>
    withSystem((system, fakes) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        const { read, setPc } = uses(api)
        const messages: Array<string> = []
        const note = (use: () => unknown) => () => {
          try {
            use()
          } catch (error) {
            messages.push((error as Error).message)
          }
        }
        yield* api.onVcpuInit(note(setPc))
        const trace = yield* api.trace({ onBatch: note(read) })
        yield* system.vcpuInit(0)
        appendTo(fakes, trace, 1)
        system.drainTraces()
        hot(fakes.engine, CallbackFlags.readRegs, note(setPc))
        assert.deepStrictEqual(messages, [
          "setPc is not permitted in a vcpuInit callback: callbacks of system calls, discontinuities, idle and resume may " +
            "change the pc, and callbacks in code with CallbackFlags.readWriteRegsPc",
          "readRegister is not permitted in a trace callback: callbacks of a vCPU's events may use registers, and callbacks " +
            "in code with CallbackFlags.readRegs",
          "setPc is not permitted in this callback: register it with CallbackFlags.readWriteRegsPc"
        ])
      })
    )
  )

  it.effect("are out of reach of what a callback has forked, once it has returned", () =>
    withSystem((system) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        const { read, setPc, write } = uses(api)
        const latch = Latch.makeUnsafe(false)
        const seen: Array<string | undefined> = []
        const look = Effect.sync(() => void seen.push(...[read, write, setPc].map(tagOf)))
        let forked: Fiber.Fiber<void> | undefined
        yield* api.onSyscall(() =>
          Effect.gen(function* () {
            const inTime = yield* Effect.forkDetach(look)
            yield* Fiber.join(inTime)
            forked = yield* Effect.forkDetach(Effect.andThen(latch.await, look))
          })
        )
        yield* system.vcpuInit(0)
        yield* system.drain(0)
        yield* system.syscall(0, 1, [])
        yield* latch.open
        yield* Fiber.join(forked!)
        const none = "NoVcpuContextError"
        assert.deepStrictEqual(seen, [undefined, undefined, "SetPcRequest", none, none, none])
      })
    )
  )

  const foreign: ReadonlyArray<readonly [string, (api: PluginApi, look: () => void) => Effect.Effect<void, unknown>]> = [
    ["another plugin's onFlush", (api, look) => api.onFlush(look)],
    ["an Effect of another plugin's onFlush", (api, look) => api.onFlush(() => Effect.sync(look))],
    ["another plugin's done", (api, look) => Effect.asVoid(Effect.sync(() => later.push(api.reset(look))))],
    ["another plugin's work", (api, look) => Effect.sync(() => later.push(Effect.sync(() => api.queueWork(look))))]
  ]
  const later: Array<Effect.Effect<void, unknown>> = []

  it.effect.each(foreign)("of one plugin's callback are out of reach in %s", ([, register]) =>
    withSystem((system) =>
      Effect.gen(function* () {
        later.length = 0
        const seen: Array<string | undefined> = []
        const api = yield* installBare(system, "A")
        const other = yield* installBare(system, "B")
        const { read, setPc, write } = uses(other)
        yield* register(other, () => void seen.push(...[read, write, setPc].map(tagOf)))
        const board = yield* api.scoreboardNew(8)
        const isOwn: Array<string | undefined> = []
        yield* api.onSyscall(() =>
          Effect.orDie(
            Effect.gen(function* () {
              yield* api.scoreboardFree(board)
              for (const effect of later) yield* effect
              isOwn.push(tagOf(uses(api).read))
            })
          )
        )
        yield* system.vcpuInit(0)
        yield* system.drain(0)
        seen.length = 0
        yield* system.syscall(0, 1, [])
        yield* system.drain(0)
        assert.deepStrictEqual(isOwn, [undefined])
        assert.deepStrictEqual(seen, Array<string>(3).fill("NoVcpuContextError"))
      })
    )
  )

  it.effect("of one plugin's callback are out of reach in the install of another that it loads", () =>
    withSystem((system) =>
      Effect.gen(function* () {
        const seen: Array<string | undefined> = []
        const loaded = plugin("late", (given) => Effect.sync(() => void seen.push(tagOf(uses(given).read))))
        const api = yield* installBare(system, "A")
        const load = Effect.asVoid(system.install(loaded, []))
        yield* api.onSyscall((_, num) => (num === 1 ? Effect.orDie(load) : Effect.runSync(load)))
        yield* system.vcpuInit(0)
        yield* system.drain(0)
        yield* system.syscall(0, 1, [])
        yield* system.syscall(0, 2, [])
        assert.deepStrictEqual(seen, Array<string>(2).fill("NoVcpuContextError"))
      })
    )
  )

  it.effect("the pc reads as the instruction's, and is written by setPc only", () =>
    withSystem((system, { engine, values }) =>
      Effect.gen(function* () {
        const { readPc, setPc, writeNarrow, writePc } = uses(yield* installBare(system, "p"))
        hot(engine, CallbackFlags.readWriteRegsPc, () => {
          assert.strictEqual(readPc(), 0x1004n)
          assert.strictEqual(tagOf(writePc), "RegisterAccessError")
          assert.throws(setPc, SetPcRequest as unknown as ErrorConstructor)
          writeNarrow(0x1_0000_0003n)
        })
        assert.strictEqual(values.get("0.2"), 3n, "a value is cut to the register's size")
      })
    )
  )

  it.effect("that do not exist are refused", () =>
    withSystem((system, { engine }) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        const made = { name: "x99", feature: "", size: 8, isReadOnly: false, index: 99 }
        const tag = hot(engine, CallbackFlags.readRegs, () => tagOf(() => api.readRegister(made)))
        assert.strictEqual(tag, "RegisterAccessError")
      })
    )
  )
})

describe("guest memory", () => {
  it.effect("is read and written where it is mapped", () =>
    withSystem((system) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        assert.strictEqual(
          tagOf(() => api.readMemory(0n, 4)),
          "NoVcpuContextError"
        )
        yield* system.vcpuInit(0)
        api.writeMemory(8n, Uint8Array.of(1, 2, 3))
        assert.deepStrictEqual([...api.readMemory(7n, 4)], [0, 1, 2, 3])
        const refused = [
          () => api.readMemory(4094n, 4),
          () => api.readMemory(0n, 0),
          () => api.writeMemory(4095n, Uint8Array.of(1, 2)),
          () => api.writeMemory(0n, new Uint8Array())
        ]
        assert.deepStrictEqual(refused.map(tagOf), Array<string>(4).fill("GuestMemoryError"))
      })
    )
  )
})
