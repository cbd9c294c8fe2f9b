/** The guest programs of the API's tests, and running them with a plugin on an engine. */
import type { Plugin } from "@emu/core/Plugin"
import type { PluginApi, RegisterHandle } from "@emu/core/PluginApi"
import type { PluginError } from "@emu/core/PluginError"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { bytesOf, call, insn, li, reg } from "../../linux/support/assemble.ts"
import { buildElf } from "../../linux/support/buildElf.ts"
import { type engines, plugin, run, type RunRequest } from "../../linux/support/run.ts"

export const Sys = {
  write: 64,
  exit: 93,
  exitGroup: 94,
  futex: 98,
  nanosleep: 101,
  clockGettime: 113,
  kill: 129,
  sigaction: 134,
  gettimeofday: 169,
  getpid: 172,
  clone: 220
}

/** Zeroed memory of the programs. */
export const data = 0x11000
/** As often as loops go round: so often that the JIT compiles them early on. */
export const rounds = 60

/** Does something `rounds` times; s1 counts. */
export const loop = (body: ReadonlyArray<number>, times = rounds): Array<number> => [
  ...li(reg.s1, times),
  ...body,
  insn("addi", { rd: reg.s1, rs1: reg.s1, imm: -1 }),
  insn("bne", { rs1: reg.s1, rs2: 0, imm: -4 * (body.length + 1) })
]

/** Ends the process with what is in a register. */
export const exitWith = (register: number): Array<number> => [
  insn("addi", { rd: reg.a0, rs1: register, imm: 0 }),
  ...li(reg.a7, Sys.exitGroup),
  insn("ecall")
]

export const exit = (status: number): Array<number> => call(Sys.exitGroup, status)

/** Counts to `rounds` in memory, and exits with that. */
export const counting = (() => {
  const body = [
    insn("lw", { rd: reg.t1, rs1: reg.t0, imm: 0 }),
    insn("addi", { rd: reg.t1, rs1: reg.t1, imm: 1 }),
    insn("sw", { rs1: reg.t0, rs2: reg.t1, imm: 0 })
  ]
  return [...li(reg.t0, data), ...loop(body), ...exitWith(reg.t1)]
})()

/** Addresses in `counting`. */
export const at = {
  start: 0x10000n,
  lw: 0x1000cn,
  addi: 0x10010n,
  sw: 0x10014n,
  count: 0x10018n,
  bne: 0x1001cn,
  exit: 0x10020n
}

/** What a thread is cloned with: everything shared; its tid is stored, and cleared and woken at its end. */
const threadFlags = 0x350f00
/** Counts, and does nothing else. */
export const ticks = loop([insn("addi", { rd: reg.t1, rs1: reg.t1, imm: 1 })])

/** Starts a thread that counts and ends, and waits for that; then exits with 5. */
export const twoThreads = (() => {
  const parent = [...call(Sys.futex, data, 0, 101, 0), ...exit(5)]
  const child = [...ticks, ...call(Sys.exit, 0)]
  return [
    ...ticks,
    ...call(Sys.clone, threadFlags, data + 0x8000, data, 0, data),
    insn("beq", { rs1: reg.a0, rs2: 0, imm: 4 * (parent.length + 1) }),
    ...parent,
    ...child
  ]
})()

/** A file with these words as a function `main`. */
export const withMain = (words: ReadonlyArray<number>): Uint8Array =>
  buildElf({ code: bytesOf(words), bss: 65536, symbols: [{ name: "main", address: 0x10000, size: 4 * words.length }] })

type Engine = (typeof engines)[number]

/** What a run gave, on one engine. */
interface Outcome {
  readonly status: number
  readonly stdout: string
}

/** What a test gets: runs a program with a plugin on the engine that is tested. */
export interface OnEngine {
  (
    install: (api: PluginApi) => Effect.Effect<void, PluginError>,
    program?: RunRequest["program"],
    others?: ReadonlyArray<Plugin>
  ): Effect.Effect<Outcome>
}

/** The function for tests on an engine. Fails a run that an error ended, and one on the JIT that has compiled nothing. */
export const on = ({ engine, name }: Engine): OnEngine =>
  Effect.fnUntraced(function* (install, program = counting, others = []) {
    const { exit: ended, regions, stdout } = yield* run({ program, plugins: [plugin(install), ...others], engine })
    const { status } = Result.getOrThrow(ended)
    assert.strictEqual(regions > 0, name === "jit", `${regions} regions were compiled`)
    return { status, stdout }
  })

/** Tests by the name of the QEMU function (without `qemu_plugin_`) whose counterpart they show at work. */
export type Rows = Readonly<Record<string, (on: OnEngine) => Effect.Effect<void>>>

/** A register's handle. */
export const register = (api: PluginApi, name: string): RegisterHandle => {
  const handle = api.getRegisters().find((known) => known.name === name)
  if (handle === undefined) throw new Error(`there is no register ${name}`)
  return handle
}

/** The tag of the error that a call throws, or what it gives. */
export const tagOf = (attempt: () => unknown): unknown => {
  try {
    return attempt()
  } catch (error) {
    return (error as { _tag?: string })._tag
  }
}
