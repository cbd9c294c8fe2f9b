/**
 * Buffered traces and deferred callbacks in real programs, on both engines: they tell what plain callbacks are told, vCPU by vCPU, and as
 * much of it by each system call.
 */
import { readFileSync } from "node:fs"
import { CallbackFlags, MemRw } from "@emu/core/Instrumentation"
import { type TraceBatch, TraceKind } from "@emu/core/Trace"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { engines, plugin, run, type RunRequest } from "../linux/support/run.ts"

const programs = ["atomics", "signals", "threads", "smc", "crash-null"]
const fileOf = (name: string) => readFileSync(new URL(`../../../../tests/golden/programs/${name}.elf`, import.meta.url))

/** What records or callbacks said of one vCPU, as a hash and a count: there are millions. */
class Sum {
  count = 0
  hash = 0

  add(kind: number, pc: number, size: number, address: number, value: number): void {
    let h = this.hash
    for (const n of [kind, pc, size, address, value]) h = Math.imul(h ^ n, 0x01000193) + 0x9e3779b9
    this.hash = h | 0
    this.count++
  }
}

const low = (value: bigint): number => Number(value & 0xffffffffn) ^ Number(value >> 32n)

/** How to listen. */
type By = "callbacks" | "deferred" | "trace" | "both"

/** Listens to everything that a program does. */
const listen = (name: string, engine: NonNullable<RunRequest["engine"]>, by: By) =>
  Effect.gen(function* () {
    const told: Array<Sum> = []
    const recorded: Array<Sum> = []
    const sumOf = (sums: Array<Sum>, vcpu: number): Sum => (sums[vcpu] ??= new Sum())
    /** How much there was at each system call and at the end. */
    const progress: Array<number> = []
    const look = (): void => {
      if (by === "both") assert.deepStrictEqual(recorded, told)
      const sums = records ? recorded : told
      progress.push(sums.reduce((sum, { count }) => sum + count, 0))
    }
    const onBatch = ({ addresses, kinds, length, pcs, sizes, values, vcpu }: TraceBatch) => {
      const sum = sumOf(recorded, vcpu)
      for (let i = 0; i < length; i++) sum.add(kinds[i]!, pcs[i]!, sizes[i]!, addresses[i]!, low(values[i]!))
    }
    const calls = by !== "trace"
    const records = by === "trace" || by === "both"
    const flags = by === "deferred" ? CallbackFlags.deferred : CallbackFlags.noRegs
    const listener = plugin(
      Effect.fnUntraced(function* (api) {
        const trace = yield* api.trace({ onBatch, records: 300, values: true })
        yield* api.onTbTrans((tb) => {
          const start = Number(tb.pc)
          const bytes = tb.insns.reduce((sum, insn) => sum + insn.size, 0)
          if (calls) tb.onExec((vcpu) => sumOf(told, vcpu).add(TraceKind.block, start, bytes, start, 0), flags)
          if (records) tb.traceExec(trace)
          for (const insn of tb.insns) {
            const pc = Number(insn.pc)
            const { size } = insn
            if (calls) {
              insn.onExec((vcpu) => sumOf(told, vcpu).add(TraceKind.exec, pc, size, pc, 0), flags)
              insn.onMem(
                (vcpu, info, address) => {
                  const kind = info.isStore ? TraceKind.store : TraceKind.load
                  sumOf(told, vcpu).add(kind, pc, 1 << info.sizeShift, address, low(info.value))
                },
                MemRw.readWrite,
                flags
              )
            }
            if (records) {
              insn.traceExec(trace)
              insn.traceMem(trace, MemRw.readWrite)
            }
          }
        })
        yield* api.onSyscall(look)
        yield* api.onAtExit(look)
      })
    )
    const { exit, regions } = yield* run({ program: fileOf(name), plugins: [listener], engine })
    // a look that fails ends the run
    yield* Effect.fromResult(exit)
    return { sums: calls ? told : recorded, progress, regions }
  })

describe.each(programs)("%s", (name) => {
  it.effect("is recorded as callbacks are told of it, on both engines", () =>
    Effect.gen(function* () {
      const expected = yield* listen(name, {}, "callbacks")
      for (const { engine } of engines) {
        const ways: ReadonlyArray<By> = engine.jit === undefined ? ["trace"] : ["trace", "deferred", "both"]
        for (const by of ways) {
          const { progress, regions, sums } = yield* listen(name, engine, by)
          assert.deepStrictEqual(sums, expected.sums)
          assert.deepStrictEqual(progress, expected.progress)
          assert.strictEqual(regions > 0, engine.jit !== undefined && name !== "crash-null")
        }
      }
    })
  )
})
