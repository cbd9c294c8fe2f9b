/**
 * Guest instructions per second of processor time in the interpreter, plain and instrumented, the best of several
 * runs in one process:
 *
 *     node tests/bench/interpreter.ts [ELF] [runs]
 */
import type { DynCallback } from "@emu/core/Instrumentation"
import { make } from "@emu/tcg/engine/tiered/TieredEngine"
import type { EngineServices } from "@emu/tcg/engine/tiered/TieredEngine"
import { arenaBase } from "@emu/tcg/Layout"
import { runBare } from "./bareGuest.ts"

const [path = new URL("../golden/programs/hash.elf", import.meta.url).pathname, runs = "5"] = process.argv.slice(2)

const count: DynCallback = { kind: "inline", plugin: 1n, op: 0, entry: { scoreboard: 0, offset: 0 }, imm: 1n }
let calls = 0
const exec: DynCallback = { kind: "exec", plugin: 1n, flags: 0, callback: () => void calls++ }
const mem: DynCallback = { kind: "mem", plugin: 1n, flags: 0, rw: 3, callback: () => void calls++ }

const everyInsn =
  (list: { readonly tb?: Array<DynCallback>; readonly exec?: Array<DynCallback>; readonly mem?: Array<DynCallback> }) =>
  ({ codeCache }: EngineServices) => {
    codeCache.setScoreboardLookup(() => ({ id: 0, elementSize: 8, byteOffset: arenaBase, capacity: 1 }))
    codeCache.setInstrumenter((_, { insns }) => ({
      tb: list.tb ?? [],
      insns: insns.map(() => ({ exec: list.exec ?? [], mem: list.mem ?? [] }))
    }))
  }

const ways: ReadonlyArray<readonly [string, (services: EngineServices) => void]> = [
  ["plain", () => {}],
  ["inline count per block", everyInsn({ tb: [count] })],
  ["inline count per instruction", everyInsn({ exec: [count] })],
  ["callback per block", everyInsn({ tb: [exec] })],
  ["callback per access", everyInsn({ mem: [mem] })],
  ["callback per instruction", everyInsn({ exec: [exec] })]
]

// Round by round, so that all ways meet the same compiled code and the same machine load.
const speeds = ways.map(() => new Array<number>())
for (let run = 0; run < Number(runs); run++) {
  ways.forEach(([, prepare], i) => {
    const { instructions, milliseconds } = runBare(path, make, prepare)
    speeds[i]!.push(instructions / milliseconds / 1000)
  })
}
const best = speeds.map((each) => Math.max(...each))
ways.forEach(([name], i) => {
  process.stdout.write(
    `${name.padEnd(30)} ${best[i]!.toFixed(1).padStart(7)} M instructions/s  ${(best[0]! / best[i]!).toFixed(2)} x plain\n`
  )
})
