/**
 * Regions from IR text to WebAssembly text: each file of `lowering/` holds cases `# name`, options (`;` lines), blocks of IR
 * (each begins with its `tb` line), `=>`, and the region's function. `UPDATE=1` rewrites what is expected; read the difference
 * before you commit it.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { CallbackFlags, type DynCallback } from "@emu/core/Instrumentation"
import { TraceBuffer } from "@emu/core/trace/TraceBuffer"
import type { RegionBlock } from "@emu/tcg/engine/jit/analysis/Cfg"
import { compileRegion, regionParameters, regionResults } from "@emu/tcg/engine/jit/emit/RegionCompiler"
import { parse } from "@emu/tcg/ir/Parse"
import { windowsBase } from "@emu/tcg/Layout"
import { ModuleWriter } from "@emu/tcg/wasm/ModuleWriter"
import { ValType } from "@emu/tcg/wasm/Wasm"
import makeWabt from "wabt"
import { dataBase, globals, Guest } from "../support/Guest.ts"

const folder = new URL("lowering/", import.meta.url)
const update = process.env["UPDATE"] !== undefined
const wabt = await makeWabt()

const entry = { scoreboard: 1, offset: 8 }
const exec = (flags: CallbackFlags): DynCallback => ({ kind: "exec", plugin: 1n, flags, callback: () => {} })
const trace = (byteOffset: number, values: boolean) =>
  new TraceBuffer({ buffer: new Guest().state.buffer, byteOffset, records: 1000, values, deliver: () => {} })
const plainTrace = trace(0xe1000000, false)
const valueTrace = trace(0xe2000000, true)
/** Callback numbers in the files. */
const callbacks: ReadonlyArray<DynCallback> = [
  exec(0),
  exec(1),
  exec(2),
  { kind: "inline", plugin: 1n, op: 0, entry, imm: 5n },
  { kind: "inline", plugin: 1n, op: 1, entry, imm: 7n },
  { kind: "cond", plugin: 1n, flags: 0, cond: 6, entry, imm: 100n, callback: () => {} },
  { kind: "mem", plugin: 1n, flags: 0, rw: 3, callback: () => {} },
  { kind: "traceMem", plugin: 1n, trace: plainTrace, rw: 3 },
  { kind: "traceMem", plugin: 1n, trace: valueTrace, rw: 3 },
  { kind: "traceExec", plugin: 1n, trace: plainTrace, site: 5 },
  exec(CallbackFlags.deferred),
  { kind: "mem", plugin: 1n, flags: CallbackFlags.deferred, rw: 3, callback: () => {} }
]

const blockOf = (text: string): RegionBlock => {
  const ir = parse(text, globals)
  if (/plugin_|trace_/.test(text))
    ir.callbacks.push(...callbacks.map((callback) => ({ callback, insn: 0, memop: 3, store: false })))
  const last = ir.insns.at(-1)!
  return {
    pc: Number(ir.insns[0]!.pc),
    end: Number(last.pc) + last.size,
    ir,
    head: undefined,
    cut: undefined,
    isJumpTarget: false
  }
}

/** The text of the function that the blocks of a case compile to. Options: `window`, `strict`, `wide`, `single`. */
const compiled = (text: string): string => {
  const options = new Set(text.match(/(?<=^; ).*/gm) ?? [])
  const [, ...texts] = text.split(/^(?=tb )/m)
  const blocks = texts.map(blockOf)
  const module = new ModuleWriter()
  const { i32 } = ValType
  const import_ = (name: string, params: Array<ValType>, results: Array<ValType>) =>
    module.importFunction(name, module.type(params, results))
  const known = {
    float: import_("float", [i32], []),
    helper: import_("helper", [i32, i32], []),
    exec: import_("exec", [i32], [i32]),
    mem: import_("mem", [i32, i32], [i32]),
    checkRead: import_("check_read", [ValType.i64, i32, i32, i32], [i32]),
    checkWrite: import_("check_write", [ValType.i64, i32, i32, i32], [i32]),
    misaligned: import_("misaligned", [ValType.i64, i32, i32, i32], [i32]),
    checkRange: import_("check_range", [ValType.i64, i32, i32, i32], [i32])
  }
  const regionType = module.type(regionParameters, regionResults)
  const callees = { ...known, room: import_("room", [ValType.i64, i32, i32], [ValType.i64]) }
  const root = blocks[0]!.pc
  const { body, entries } = compileRegion(
    { root, blocks },
    { hot: root, must: false },
    {
      callees,
      regionType,
      exactFma: false,
      strictFloat: options.has("strict"),
      wideAt: () => (options.has("wide") ? ~0n : 0n),
      sharing: options.has("single") ? "none" : "strides",
      allows: (low, high) => options.has("window") && low >= dataBase && high <= dataBase + 0x4000,
      callbackNumber: (ir, callback) => ir.callbacks.indexOf(callback),
      scoreboardAddress: ({ offset }) => ({ address: 0xe0300000 + offset, stride: 16 }),
      window: () => windowsBase,
      windowSize: () => (options.has("window") ? 0x4000 : 0),
      firstSite: 0
    }
  )
  module.function(regionType, "region", body)
  const bytes = module.finish({ sharedMemory: false }).slice()
  const read = wabt.readWasm(bytes, { readDebugNames: true, tail_call: true })
  try {
    const wat = read.toText({ foldExprs: true, inlineExport: false })
    const [, region] = /( {2}\(func \$region [^]*?)\n {2}\(export/.exec(wat) ?? /( {2}\(func \$region [^]*)\)\s*$/.exec(wat)!
    return `; entered at ${entries.map((pc) => pc.toString(16)).join(", ")}\n${region!.replaceAll(/^ {2}/gm, "")}\n`
  } finally {
    read.destroy()
  }
}

const readCases = (path: URL) =>
  readFileSync(path, "utf8")
    .split(/^(?=# )/m)
    .map((text) => {
      const [head = "", expected = ""] = text.split("=>\n")
      return { name: /^# (.*)/.exec(head)?.[1] ?? "", head, expected: expected.trimEnd() }
    })

for (const file of readdirSync(folder)) {
  const path = new URL(file, folder)
  if (update) {
    const text = readCases(path).map(({ head }) => `${head}=>\n${compiled(head)}`)
    writeFileSync(path, text.join("\n"))
  }
  describe(file, () => {
    it.each(readCases(path).map((each) => [each.name, each] as const))("%s", (_, { expected, head }) => {
      assert.strictEqual(compiled(head).trimEnd(), expected)
    })
  })
}
