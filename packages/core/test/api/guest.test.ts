/** Registers, memory and pc, by the permission of the running callback: reference sections 1 (error returns) and 4. */
import { CallbackFlags } from "@emu/core/Instrumentation"
import type { PluginApi } from "@emu/core/PluginApi"
import { SetPcRequest } from "@emu/core/SetPcRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { block, installBare, withSystem } from "../fakes.ts"
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
