/** `pnpm bench interpreter`: the reference loop alone. */
import * as path from "node:path"
import type { DynCallback } from "@emu/core/Instrumentation"
import { make } from "@emu/tcg/engine/tiered/TieredEngine"
import type { EngineServices } from "@emu/tcg/engine/tiered/TieredEngine"
import { arenaBase } from "@emu/tcg/Layout"
import { root } from "../support/session.ts"
import { runBare } from "./bareGuest.ts"

export const usage = `Prints guest instructions per second of processor time in the interpreter, plain and instrumented: the best of
several runs in one process.

Usage: pnpm bench interpreter [ELF] [RUNS]

  ELF   a freestanding static program; default tests/golden/programs/hash.elf
  RUNS  default 5`

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

export const run = ([elf = path.join(root, "tests/golden/programs/hash.elf"), runs = "5"]: ReadonlyArray<string>): void => {
  // Round by round, so that all ways meet the same compiled code and the same machine load.
  const speeds = ways.map(() => new Array<number>())
  for (let i = 0; i < Number(runs); i++) {
    ways.forEach(([, prepare], way) => {
      const { instructions, milliseconds } = runBare(elf, make, prepare)
      speeds[way]!.push(instructions / milliseconds / 1000)
    })
  }
  const best = speeds.map((each) => Math.max(...each))
  ways.forEach(([name], i) => {
    process.stdout.write(
      `${name.padEnd(30)} ${best[i]!.toFixed(1).padStart(7)} M instructions/s  ${(best[0]! / best[i]!).toFixed(2)} x plain\n`
    )
  })
}
