/** Loops of baseline code for which a region has come: whoever is in them goes on there. */
import { assert, describe, it } from "@effect/vitest"
import type { BaselineBlock } from "@emu/tcg/engine/baseline/BaselineBlock"
import { compileBaseline } from "@emu/tcg/engine/baseline/FunctionWriter"
import { beginModule } from "@emu/tcg/engine/jit/BatchWriter"
import { entryOffset, firstIndex, indexShift, type JitImports } from "@emu/tcg/engine/jit/Runtime"
import { parse } from "@emu/tcg/ir/Parse"
import { CodeWriter } from "@emu/tcg/wasm/CodeWriter"
import { codeBase, globals, Guest } from "../support/Guest.ts"

const [head, tail, outside] = [codeBase, codeBase + 4, codeBase + 8]
const hex = (pc: number): string => pc.toString(16)

const blockOf = (pc: number, text: string): BaselineBlock => ({
  pc,
  end: pc + 4,
  ir: parse(` ---- ${hex(pc)} 4\n${text}`, globals),
  strictFloat: false,
  shares: true
})

const goTo = (pc: number): string => `goto_tb $0x${hex(pc)},0,jump`
/** Counts rounds in r1; leaves the loop after ten. */
const twoBlocks = [
  blockOf(head, `add r1,r1,$0x1\n${goTo(tail)}`),
  blockOf(tail, `brcond r1,$0xa,lt,L0\n${goTo(outside)}\nset_label L0\n${goTo(head)}`)
]
const oneBlock = [blockOf(head, `add r1,r1,$0x1\nbrcond r1,$0xa,lt,L0\n${goTo(outside)}\nset_label L0\n${goTo(head)}`)]

/** Slots of the loop's function and of a region that only says where it was entered, as a pc that is nobody's. */
const [loopSlot, regionSlot] = [1, 2]

/** Runs the loop's function from a block on. Gives what it returns, and the rounds. */
const run = (blocks: ReadonlyArray<BaselineBlock>, from: number, regionAt: number | undefined) => {
  const { state } = new Guest()
  const { callees, module, regionType } = beginModule()
  const { body } = compileBaseline(blocks, {
    callees,
    regionType,
    exactFma: false,
    callbackNumber: () => 0,
    scoreboardAddress: () => ({ address: 0, stride: 0 }),
    window: () => 0,
    windowSize: () => 0,
    firstSite: 0
  })
  module.function(regionType, "loop", body)
  const region = new CodeWriter(3)
  region.get(0)
  region.i32(1)
  region.op(0x6a)
  region.get(2)
  module.function(regionType, "region", region.body())
  const table = new WebAssembly.Table({ initial: 4, element: "anyfunc" })
  const none = () => 0
  const imports: JitImports = { moveWindow: none, bringIn: none, float: none, helper: none, exec: none, mem: none }
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.finish({ sharedMemory: true, unique: true })), {
    env: { memory: state.memory, table, ...imports }
  })
  table.set(loopSlot, exports["loop"])
  table.set(regionSlot, exports["region"])
  const publish = (pc: number, entry: number) => {
    state.u32[entryOffset(pc) >>> 2] = pc
    state.u32[(entryOffset(pc) >>> 2) + 1] = entry
  }
  blocks.forEach(({ pc }, number) => publish(pc, loopSlot | ((firstIndex + number) << indexShift)))
  if (regionAt !== undefined) publish(regionAt, regionSlot)
  const [next] = (exports["loop"] as (pc: number, depth: number, fuel: number) => [number, number])(from, 0, 1000)
  return { next, rounds: Number(state.i64[1]!) }
}

describe("a loop of baseline code", () => {
  it.each([
    ["of two blocks", twoBlocks],
    ["of one block", oneBlock]
  ])("%s runs to its end where there is no region", (_, blocks) => {
    assert.deepStrictEqual(run(blocks, head, undefined), { next: outside, rounds: 10 })
  })

  it.each([
    ["of two blocks", twoBlocks],
    ["of one block", oneBlock]
  ])("%s goes on in the region that has come for its head", (_, blocks) => {
    assert.deepStrictEqual(run(blocks, head, head).next, head + 1)
    assert.strictEqual(run(blocks, head, head).rounds, 1)
  })

  it("is entered in its middle, and stays where a region has come for another block", () => {
    assert.deepStrictEqual(run(twoBlocks, tail, tail), { next: outside, rounds: 10 })
  })
})
