/** Traces through the API: what batches show, when they are delivered, and what becomes of them when plugins fail or go. */
import { MemRw } from "@emu/core/Instrumentation"
import type { PluginApi } from "@emu/core/PluginApi"
import { PluginCallbackError } from "@emu/core/PluginError"
import { PluginFailures } from "@emu/core/PluginFailures"
import { type Trace, type TraceBatch, TraceKind, type TraceOptions } from "@emu/core/Trace"
import { traceBytes } from "@emu/core/trace/TraceBuffer"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { append, block, bufferOf, type Fakes, type System, installBare, withSystem } from "../fakes.ts"

/** A batch as a test keeps it: vCPU and addresses. */
const shown = ({ addresses, vcpu }: TraceBatch): string => `v${vcpu}: ${[...addresses].join(" ")}`

/** A plugin with a trace whose batches are logged, and a vCPU. */
const traced = (
  system: System,
  { log }: Fakes,
  options: Partial<TraceOptions> = {}
): Effect.Effect<{ readonly api: PluginApi; readonly trace: Trace }, unknown> =>
  Effect.gen(function* () {
    const api = yield* installBare(system, "p")
    const trace = yield* api.trace({ onBatch: (batch) => void log.push(shown(batch)), ...options })
    yield* system.vcpuInit(0)
    yield* system.drain(0)
    log.length = 0
    return { api, trace }
  })

const tagOf = (f: () => unknown): string | undefined => {
  try {
    f()
    return undefined
  } catch (error) {
    return (error as { readonly _tag: string })._tag
  }
}

const events = (log: ReadonlyArray<string>) => log.filter((line) => !/^(kick|jump|cache)/.test(line))

describe("a batch", () => {
  it.effect("has an element for each record, from the buffer and from the sites' tables", () =>
    withSystem((system, fakes) =>
      Effect.gen(function* () {
        const batches: Array<unknown> = []
        const onBatch = (batch: TraceBatch) => {
          const { addresses, kinds, length, pcs, sites, sizes, vcpu } = batch
          batches.push({
            vcpu,
            length,
            rows: Array.from(sites, (site, i) => [site, pcs[i], sizes[i], kinds[i], addresses[i]])
          })
          assert.strictEqual(batch.addresses, addresses)
          assert.strictEqual(
            tagOf(() => batch.values),
            "TraceWithoutValuesError"
          )
        }
        const { trace } = yield* traced(system, fakes, { onBatch, records: 10 })
        const buffer = bufferOf(trace)
        const places = Array.from({ length: 3000 }, (_, i) => buffer.siteNumber(4 * i, 2, TraceKind.store))
        assert.deepStrictEqual(
          places,
          places.map((_, i) => i)
        )
        assert.strictEqual(buffer.siteNumber(400, 2, TraceKind.store), 100)
        append(fakes, trace, 5, 6, 7)
        trace.drain()
        trace.drain()
        append(fakes, trace, 8)
        trace.drain()
        const row = (address: number) => [3000, 0x1000, 4, TraceKind.load, address]
        assert.deepStrictEqual(batches, [
          { vcpu: 0, length: 3, rows: [5, 6, 7].map(row) },
          { vcpu: 0, length: 1, rows: [row(8)] }
        ])
        assert.deepStrictEqual(trace.site(2999), { pc: 4 * 2999, size: 2, kind: TraceKind.store })
        for (const site of [3001, -1, 0.5, Number.NaN]) {
          assert.strictEqual(
            tagOf(() => trace.site(site)),
            "TraceSiteError"
          )
        }
      })
    )
  )

  it.effect("has values where they were asked for", () =>
    withSystem((system, fakes) =>
      Effect.gen(function* () {
        const values: Array<bigint> = []
        const onBatch = (batch: TraceBatch) => void values.push(...batch.values)
        const { trace } = yield* traced(system, fakes, { onBatch, records: 10, values: true })
        new BigUint64Array(fakes.arena.buffer, bufferOf(trace).values, 10).set([1n, 2n ** 64n - 1n, 3n])
        append(fakes, trace, 5, 6)
        trace.drain()
        assert.deepStrictEqual(values, [1n, 2n ** 64n - 1n])
      })
    )
  )
})

describe("making a trace", () => {
  it.effect("takes room for as many records as are asked for, and refuses what is none", () =>
    withSystem((system, { arena }) =>
      Effect.gen(function* () {
        const api = yield* installBare(system, "p")
        for (const records of [0, -1, 1.5, Number.NaN, 2 ** 20 + 1]) {
          assert.strictEqual((yield* Effect.flip(api.trace({ records, onBatch: () => {} })))._tag, "TraceSizeError")
        }
        const full = yield* Effect.flip(api.trace({ records: 2 ** 20, onBatch: () => {} }))
        assert.strictEqual(full._tag, "ScoreboardMemoryExhausted")
        const [one, two] = [
          yield* api.trace({ records: 3, values: true, onBatch: () => {} }),
          yield* api.trace({ onBatch: () => {} })
        ].map(bufferOf)
        assert.strictEqual(two!.cursor, one!.cursor + traceBytes(3, true))
        assert.strictEqual(arena.allocate(8), two!.cursor + traceBytes(8192, false))
      })
    )
  )

  it.effect("and instrumenting with it: exec and block have their sites, a closed one is refused", () =>
    withSystem((system, fakes) =>
      Effect.gen(function* () {
        const { api, trace } = yield* traced(system, fakes)
        yield* api.onTbTrans((tb) => {
          tb.traceExec(trace)
          for (const insn of tb.insns) insn.traceExec(trace)
          tb.insns[1]!.traceMem(trace, MemRw.write)
          assert.strictEqual(
            tagOf(() => tb.insns[0]!.traceMem(trace, 0 as MemRw)),
            "OutOfRangeError"
          )
        })
        yield* system.drain(0)
        const got = fakes.engine.instrument(0, block(0x1000n, 1, 2, 3))!
        const siteOf = (list: typeof got.tb) =>
          list.map((callback) => callback.kind === "traceExec" && trace.site(callback.site))
        assert.deepStrictEqual(siteOf(got.tb), [{ pc: 0x1000, size: 12, kind: TraceKind.block }])
        assert.deepStrictEqual(siteOf(got.insns[2]!.exec), [{ pc: 0x1008, size: 4, kind: TraceKind.exec }])
        assert.deepStrictEqual(
          got.insns.map(({ mem }) => mem.map((callback) => callback.kind === "traceMem" && callback.rw)),
          [[], [MemRw.write], []]
        )
        yield* api.reset()
        yield* system.drain(0)
        yield* api.onTbTrans((tb) => tb.traceExec(trace))
        yield* system.drain(0)
        try {
          fakes.engine.instrument(0, block(0x1000n, 1))
          assert.fail("a closed trace was accepted")
        } catch (error) {
          assert.instanceOf(error, PluginCallbackError)
          assert.strictEqual((error.cause as { readonly _tag: string })._tag, "ClosedTraceError")
        }
      })
    )
  )
})

describe("what is recorded is delivered", () => {
  it.effect("before another vCPU runs, before system calls and before the atexit callbacks", () =>
    withSystem((system, fakes) =>
      Effect.gen(function* () {
        const { api, trace } = yield* traced(system, fakes)
        yield* api.onAtExit(() => void fakes.log.push("atexit"))
        yield* system.vcpuInit(1)
        const slice = (vcpu: number, ...addresses: ReadonlyArray<number>) =>
          system.runSlice(vcpu, () => append(fakes, trace, ...addresses))
        assert.isTrue(system.isTracing())
        yield* slice(0, 1, 2)
        yield* slice(0, 3)
        yield* slice(1, 4)
        yield* slice(1, 5)
        yield* slice(0, 6)
        assert.isUndefined(system.drainTraces())
        yield* slice(0, 7)
        yield* system.userExit(0)
        assert.deepStrictEqual(events(fakes.log), ["v0: 1 2 3", "v1: 4 5", "v0: 6", "v0: 7", "atexit"])
      })
    )
  )

  it.effect("before a reset and an uninstall, which end the trace and give its memory back", () =>
    withSystem((system, fakes) =>
      Effect.gen(function* () {
        const { api, trace } = yield* traced(system, fakes)
        const place = bufferOf(trace).cursor
        append(fakes, trace, 1)
        yield* api.reset(() => void fakes.log.push("done"))
        append(fakes, trace, 2)
        yield* system.drain(0)
        append(fakes, trace, 3)
        trace.drain()
        assert.isFalse(system.isTracing())
        const next = yield* api.trace({ onBatch: (batch) => void fakes.log.push(`next ${shown(batch)}`) })
        assert.notStrictEqual(bufferOf(next).cursor, place)
        append(fakes, next, 4)
        yield* api.uninstall()
        yield* system.drain(0)
        assert.deepStrictEqual(events(fakes.log), ["v0: 1 2", "done", "next v0: 4"])
        assert.strictEqual(fakes.arena.allocate(8), place)
      })
    )
  )
})

describe("onBatch", () => {
  it.effect("that throws fails once, after the other traces were drained; atexit callbacks run", () =>
    withSystem((system, fakes) =>
      Effect.gen(function* () {
        const onBatch = () => {
          fakes.log.push("throws")
          throw new Error("enough")
        }
        const { api, trace } = yield* traced(system, fakes, { onBatch })
        const other = yield* api.trace({ onBatch: (batch) => void fakes.log.push(shown(batch)) })
        yield* api.onAtExit(() => void fakes.log.push("atexit"))
        append(fakes, trace, 1)
        append(fakes, other, 2)
        system.scope.pc = 0x1234n
        const error = yield* Effect.flip(system.userExit(0))
        assert.strictEqual(
          (error as PluginCallbackError).message,
          "plugin p failed in its trace callback at pc 0x1234: enough"
        )
        assert.isUndefined(system.drainTraces())
        assert.deepStrictEqual(events(fakes.log), ["throws", "v0: 2", "atexit"])
      })
    )
  )

  it.effect("that throws in another callback's drain is that error, not one of the other callback", () =>
    withSystem((system, fakes) =>
      Effect.gen(function* () {
        const { api, trace } = yield* traced(system, fakes, {
          onBatch: () => {
            throw new Error("enough")
          }
        })
        yield* api.onSyscall(() => trace.drain())
        yield* system.drain(0)
        append(fakes, trace, 1)
        const error = yield* Effect.flip(system.syscall(0, 1, []))
        assert.include((error as PluginCallbackError).message, "failed in its trace callback")
      })
    )
  )

  it.effect.each([
    ["throws", "PluginCallbackError"],
    ["exits", "ExitRequest"]
  ] as const)(
    "that %s at the switch to another vCPU is what the slice fails with, and nobody is in guest code",
    ([way, tag]) =>
      withSystem((system, fakes) =>
        Effect.gen(function* () {
          const { api, trace } = yield* traced(system, fakes, {
            onBatch: () => {
              if (way === "throws") throw new Error("enough")
              api.exit(3)
            }
          })
          yield* api.onAtExit(() => void fakes.log.push("atexit"))
          yield* system.vcpuInit(1)
          append(fakes, trace, 1)
          const slice = system.inGuest(
            1,
            Effect.sync(() => void fakes.log.push("slice"))
          )
          assert.strictEqual((yield* Effect.flip(slice))._tag, tag)
          yield* slice
          yield* system.userExit(1)
          assert.deepStrictEqual(events(fakes.log), ["slice", "atexit"])
        })
      )
  )

  it.effect("may not use registers or return a Promise, and has the batch's vCPU", () =>
    withSystem((system, fakes) =>
      Effect.gen(function* () {
        const { api, trace } = yield* traced(system, fakes, {
          onBatch: () => {
            fakes.log.push(
              `${system.scope.vcpu} ${tagOf(() => api.readRegister(api.getRegisters()[0]!))} ${tagOf(() => api.setPc(0n))}`
            )
            return Promise.resolve() as unknown as undefined
          }
        })
        append(fakes, trace, 1)
        const error = system.drainTraces()
        assert.include((error as PluginCallbackError).message, "it returned a Promise")
        assert.deepStrictEqual(fakes.log, ["0 RegisterPermissionError RegisterPermissionError"])
        assert.strictEqual(system.scope.vcpu, -1)
      })
    )
  )

  it.effect("that throws takes its plugin and its traces out, where the user wants the run to go on", () => {
    const told: Array<string> = []
    const detach = { onError: "detach", report: (error: PluginCallbackError) => void told.push(error.message) } as const
    const test = withSystem((system, fakes) =>
      Effect.gen(function* () {
        const onBatch = () => {
          throw new Error("enough")
        }
        const { api, trace } = yield* traced(system, fakes, { onBatch })
        yield* api.onAtExit(() => void fakes.log.push("atexit"))
        append(fakes, trace, 1)
        assert.isUndefined(system.drainTraces())
        append(fakes, trace, 2)
        trace.drain()
        assert.isFalse(system.isTracing())
        yield* system.userExit(0)
        assert.deepStrictEqual(events(fakes.log), [])
        assert.deepStrictEqual(told, ["plugin p failed in its trace callback at pc 0x0: enough"])
      })
    )
    return Effect.provideService(test, PluginFailures, detach)
  })
})
