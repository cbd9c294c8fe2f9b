/** When handlers are called, in which order, and what their results and failures do. Reference sections 2 to 4. */
import { CallbackFlags } from "@emu/core/Instrumentation"
import type { PluginApi } from "@emu/core/PluginApi"
import { DisconKind, PluginEvent } from "@emu/core/PluginEvent"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import { block, installBare, withSystem } from "../fakes.ts"

const two = (system: Parameters<typeof installBare>[0]) =>
  Effect.all([installBare(system, "A"), installBare(system, "B")] as const)

describe("order", () => {
  it.effect("the last loaded plugin is called first, for every event", () =>
    withSystem((system, { log, engine }) =>
      Effect.gen(function* () {
        for (const api of yield* two(system)) {
          const say = (what: string) => () => void log.push(`${api.name} ${what}`)
          yield* api.onVcpuInit(say("init"))
          yield* api.onVcpuIdle(say("idle"))
          yield* api.onVcpuResume(say("resume"))
          yield* api.onSyscall(say("syscall"))
          yield* api.onSyscallRet(say("ret"))
          yield* api.onDiscon(DisconKind.all, (_, kind) => void log.push(`${api.name} discon ${kind}`))
          yield* api.onFlush(say("flush"))
          yield* api.onVcpuExit(say("exit"))
          yield* api.onAtExit(say("atexit"))
        }
        log.length = 0
        yield* system.vcpuInit(0)
        yield* system.drain(0)
        yield* system.vcpuIdle(0)
        yield* system.vcpuResume(0)
        yield* system.syscall(0, 64, [])
        yield* system.syscallRet(0, 64, 0n)
        yield* system.discon(0, DisconKind.exception, 1n, 2n)
        engine.flushed()
        yield* system.vcpuExit(0)
        yield* system.userExit(0)
        const events = log.filter((line) => /^[AB] /.test(line))
        const names = ["init", "idle", "resume", "syscall", "ret", "discon 2", "flush", "exit", "atexit"]
        assert.deepStrictEqual(
          events,
          names.flatMap((name) => [`B ${name}`, `A ${name}`])
        )
      })
    )
  )

  it.effect("reset asked for in a system call: the return is still heard, then the flush, then done; then nothing", () =>
    withSystem((system, { log }) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        yield* api.onSyscall(() => {
          log.push("sys")
          return Effect.orDie(api.reset(() => void log.push("after_reset")))
        })
        yield* api.onSyscallRet(() => void log.push("sysret"))
        yield* api.onFlush(() => void log.push("flush"))
        yield* api.onAtExit(() => void log.push("atexit"))
        yield* system.vcpuInit(0)
        yield* system.drain(0)
        log.length = 0
        yield* system.syscall(0, 1, [])
        yield* system.syscallRet(0, 1, 0n)
        yield* system.drain(0)
        yield* system.syscall(0, 1, [])
        yield* system.userExit(0)
        assert.deepStrictEqual(
          log.filter((line) => !/^(kick|cache|jump)/.test(line)),
          ["sys", "sysret", "flush", "after_reset"]
        )
      })
    )
  )

  it.effect("growth is flushed before the new vCPU's init callback; that callback sees its element", () =>
    withSystem((system, { log }) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        const board = yield* api.scoreboardNew(8)
        yield* api.onFlush(() => void log.push("flush"))
        yield* api.onVcpuInit((vcpu) => void log.push(`init ${api.u64Get(api.u64(board), vcpu)}`))
        yield* system.vcpuInit(16)
        assert.deepStrictEqual(log, ["kick", "cache flush", "flush", "init 0"])
      })
    )
  )

  it.effect(
    "at the end: exclusive, silent flush, then atexit outside the section; other live vCPUs have their exit before",
    () =>
      withSystem((system, { log }) =>
        Effect.gen(function* () {
          const api = yield* installBare(system, "p")
          yield* api.onFlush(() => void log.push("flush"))
          yield* api.onVcpuExit(() => void log.push("exit"))
          yield* api.onAtExit(() => {
            log.push("atexit")
            return system.withExclusive(5, Effect.void).pipe(Effect.orDie)
          })
          yield* system.vcpuInit(0)
          yield* system.vcpuInit(1)
          log.length = 0
          yield* system.userExit(0)
          assert.deepStrictEqual(
            log.filter((line) => line !== "kick"),
            ["exit", "cache flush", "atexit"]
          )
        })
      )
  )
})

describe("who hears what", () => {
  it.effect("a system call handler is heard on a vCPU only after its mask update", () =>
    withSystem((system, { log }) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        yield* system.vcpuInit(0)
        yield* system.drain(0)
        yield* api.onSyscall(() => void log.push("syscall"))
        yield* system.syscall(0, 1, [])
        assert.notInclude(log, "syscall")
        yield* system.drain(0)
        assert.include(log, "jump cache 0")
        yield* system.syscall(0, 1, [])
        assert.include(log, "syscall")
      })
    )
  )

  it.effect("idle and resume are not delivered for a vCPU that is not live; neither is an unknown kind of jump", () =>
    withSystem((system, { log }) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        yield* api.onVcpuIdle(() => void log.push("idle"))
        yield* api.onDiscon(DisconKind.interrupt, () => void log.push("discon"))
        yield* system.vcpuInit(3)
        log.length = 0
        yield* system.vcpuIdle(1)
        yield* system.discon(1, DisconKind.interrupt, 0n, 0n)
        yield* system.discon(3, DisconKind.hostcall, 0n, 0n)
        assert.deepStrictEqual(log, [])
        assert.strictEqual((yield* Effect.flip(system.discon(3, 3, 0n, 0n)))._tag, "OutOfRangeError")
        assert.strictEqual((yield* Effect.flip(api.onDiscon(8, () => undefined)))._tag, "OutOfRangeError")
      })
    )
  )

  it.effect("exit callbacks run while the vCPU still counts", () =>
    withSystem((system) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        const live: Array<ReadonlyArray<number>> = []
        yield* api.onVcpuExit(() => {
          const seen: Array<number> = []
          api.vcpuForEach((vcpu) => seen.push(vcpu))
          live.push(seen)
        })
        yield* system.vcpuInit(1)
        yield* system.vcpuInit(0)
        yield* system.vcpuExit(1)
        assert.deepStrictEqual(live, [[0, 1]])
        assert.strictEqual(api.numVcpus(), 2)
        assert.strictEqual((yield* Effect.flip(system.vcpuExit(1)))._tag, "VcpuNotLiveError")
      })
    )
  )

  it.effect.each([
    ["fail", () => Effect.die("boom"), "PluginCallbackError"],
    ["exit", (api: PluginApi) => api.exit(3), "ExitRequest"],
    ["set the pc, which they may not,", (api: PluginApi) => api.setPc(0n), "PluginCallbackError"]
  ] as const)("exit callbacks that %s let the vCPU go all the same", ([, end, tag]) =>
    withSystem((system) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        yield* api.onVcpuExit(() => end(api))
        yield* system.vcpuInit(1)
        assert.strictEqual((yield* Effect.flip(system.vcpuExit(1)))._tag, tag)
        yield* system.vcpuInit(1)
      })
    )
  )

  it.effect("the exit of one vCPU is delivered once, also if it is told twice at a time", () =>
    withSystem((system) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        let exits = 0
        yield* api.onVcpuExit(() =>
          Effect.andThen(
            Effect.yieldNow,
            Effect.sync(() => void exits++)
          )
        )
        yield* system.vcpuInit(0)
        const both = [system.vcpuExit(0), system.vcpuExit(0)].map(Effect.result)
        const [first, second] = yield* Effect.all(both, { concurrency: "unbounded" })
        assert.strictEqual(exits, 1)
        assert.strictEqual(first?._tag, "Success")
        assert.strictEqual(second?._tag === "Failure" && second.failure._tag, "VcpuNotLiveError")
      })
    )
  )

  it.effect("a reset asked for by a vCPU that ends at once is still carried out, by the next one that drains", () =>
    withSystem((system, { log }) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        yield* system.vcpuInit(0)
        yield* system.vcpuInit(1)
        yield* api.onVcpuExit(() => Effect.orDie(api.reset(() => void log.push("reset"))))
        yield* system.vcpuExit(1)
        assert.notInclude(log, "reset")
        yield* system.drain(0)
        assert.include(log, "reset")
      })
    )
  )
})

describe("system calls", () => {
  const ready = (system: Parameters<typeof installBare>[0], use: (api: PluginApi) => Effect.Effect<void, unknown>) =>
    Effect.gen(function* () {
      yield* Effect.orDie(use(yield* installBare(system, "p")))
      yield* system.vcpuInit(0)
      yield* system.drain(0)
    })

  it.effect("run where no filter wants them; the first filter with a value ends the chain", () =>
    withSystem((system, { log }) =>
      Effect.gen(function* () {
        const [a, b] = yield* two(system)
        yield* a.onSyscallFilter(() => {
          log.push("A")
          return 1n
        })
        yield* b.onSyscallFilter((_, num) => (num === 4096 ? 0xffffffffffffffffn : undefined))
        yield* system.vcpuInit(0)
        yield* system.drain(0)
        assert.strictEqual(yield* system.syscall(0, 4096, []), -1n)
        assert.notInclude(log, "A")
        assert.strictEqual(yield* system.syscall(0, 1, []), 1n)
      })
    )
  )

  it.effect("cost one mask test where nobody listens", () =>
    withSystem((system) =>
      Effect.gen(function* () {
        yield* ready(system, () => Effect.void)
        assert.isFalse(system.wants(0, PluginEvent.vcpuSyscall))
        assert.isUndefined(yield* system.syscall(0, 1, []))
      })
    )
  )

  it.effect("may set the pc: the rest of the callback and of the chain does not run", () =>
    withSystem((system, { log }) =>
      Effect.gen(function* () {
        const [a, b] = yield* two(system)
        yield* a.onSyscall(() => void log.push("A"))
        yield* b.onSyscall(() => {
          b.setPc(0x1234n)
        })
        yield* system.vcpuInit(0)
        yield* system.drain(0)
        const request = yield* Effect.flip(system.syscall(0, 1, []))
        assert.strictEqual(request._tag, "SetPcRequest")
        assert.strictEqual("pc" in request && request.pc, 0x1234n)
        assert.notInclude(log, "A")
      })
    )
  )

  it.effect("wait for Effects, which keep the vCPU and its permission while others run", () =>
    withSystem((system, { values }) =>
      Effect.gen(function* () {
        const latch = Latch.makeUnsafe(false)
        const read: Array<bigint> = []
        const api = yield* installBare(system, "p")
        const [a0, pc] = api.getRegisters()
        yield* api.onSyscall((vcpu) =>
          Effect.gen(function* () {
            if (vcpu === 0) yield* latch.await
            read.push(api.readRegister(a0!), api.readRegister(pc!))
          })
        )
        for (const vcpu of [0, 1]) {
          yield* system.vcpuInit(vcpu)
          yield* system.drain(vcpu)
          values.set(`${vcpu}.0`, BigInt(vcpu + 10))
        }
        system.scope.pc = 0x100n
        const waiting = yield* Effect.forkChild(system.syscall(0, 1, []))
        yield* Effect.yieldNow
        system.scope.pc = 0x200n
        yield* system.syscall(1, 1, [])
        latch.openUnsafe()
        yield* Fiber.join(waiting)
        assert.deepStrictEqual(read, [11n, 0x200n, 10n, 0x100n])
      })
    )
  )
})

describe("callbacks that fail", () => {
  it.effect("name plugin, event and pc, whether they throw, fail or die", () =>
    withSystem((system) =>
      Effect.gen(function* () {
        const boom = new Error("boom")
        const ways = [
          () => {
            throw boom
          },
          () => Effect.die(boom)
        ]
        const api = yield* installBare(system, "p")
        yield* system.vcpuInit(0)
        for (const way of ways) {
          yield* api.onSyscall(way)
          yield* system.drain(0)
          system.scope.pc = 0x10158n
          const error = yield* Effect.flip(system.syscall(0, 1, []))
          if (error._tag !== "PluginCallbackError") return assert.fail(error._tag)
          assert.strictEqual(error.message, "plugin p failed in its vcpuSyscall callback at pc 0x10158: boom")
          assert.strictEqual(error.cause, boom)
        }
        return undefined
      })
    )
  )

  it.effect("in onTbTrans reach the engine as the finished error", () =>
    withSystem((system, { engine }) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        yield* api.onTbTrans((tb) => tb.onExec(() => undefined, 9 as CallbackFlags))
        yield* system.vcpuInit(0)
        yield* system.drain(0)
        const thrown = yield* Effect.flip(
          Effect.try({ try: () => engine.instrument(0, block(0x1000n, 1)), catch: (error) => ({ error }) })
        )
        const error = system.callbackError(thrown.error)
        assert.strictEqual(error.event, "vcpuTbTrans")
        assert.strictEqual(error.pc, 0x1000n)
        assert.include(error.message, "9 is out of range: use one of the values of CallbackFlags")
        assert.strictEqual(engine.scope.vcpu, -1)
      })
    )
  )

  it.effect("by returning a Promise are told what to return instead", () =>
    withSystem((system) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        yield* api.onVcpuInit((async () => undefined) as unknown as () => void)
        const error = yield* Effect.flip(system.vcpuInit(0))
        assert.include("message" in error && error.message, "it returned a Promise")
      })
    )
  )

  it.effect("on hot paths get their plugin's name from what the engine reports", () =>
    withSystem((system) =>
      Effect.gen(function* () {
        const { id } = yield* installBare(system, "p")
        const error = system.callbackError({ plugin: id, event: "exec", pc: 4n, cause: "no" })
        assert.strictEqual(error.message, "plugin p failed in its exec callback at pc 0x4: no")
      })
    )
  )

  it.effect("on a flush are reported by the next drain, and an Effect from one runs there", () =>
    withSystem((system, { engine, log }) =>
      Effect.gen(function* () {
        const [a, b] = yield* two(system)
        yield* system.vcpuInit(0)
        yield* a.onFlush(() => {
          throw new Error("boom")
        })
        yield* b.onFlush(() => Effect.sync(() => void log.push("effect")))
        engine.flushed()
        assert.isTrue(system.hasWork(0))
        const error = yield* Effect.flip(system.drain(0))
        assert.include(log, "effect")
        assert.strictEqual(error._tag === "PluginCallbackError" && error.event, "flush")
      })
    )
  )
})
