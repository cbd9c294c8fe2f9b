/** Between the interpreter and the compiled tier: blocks that become hot, and entering compiled regions. */
import { ExitKind } from "../../Engine.ts"
import * as Layout from "../../Layout.ts"
import { Cell, Leave } from "../jit/Runtime.ts"
import { computedJump, next } from "./exits.ts"
import { exitKinds } from "./lower.ts"
import type { Machine } from "./Machine.ts"
import { Code } from "./Code.ts"
import { checkedAddress } from "./memory.ts"

const pcWord = 2 * Layout.CpuSlot.pc

/** Words of the operation that begins each block where there is a compiled tier. */
export const headWords = 2

/** Lets the block at `entry` lead to compiled code. */
export const publish = (machine: Machine, pc: number): void => {
  const block = machine.blocks.get(pc)
  if (block === undefined) return
  machine.code[block.entry] = Code.region
  machine.code[block.entry + 1] = pc
}

/** The block whose head is at code offset `at` has run often enough: compiles it. Gives where to go on. */
export const hot = (machine: Machine, at: number): number => {
  const block = machine.blockAt(at)
  machine.jit!.compile(block.pc)
  return machine.code[at] === Code.region ? at : at + headWords
}

/**
 * Runs the compiled region that the head at code offset `at` names. Gives where to go on in the interpreter's code, or -1
 * with `machine.exit` set.
 */
export const enterRegion = (machine: Machine, at: number, left: number): number => {
  const jit = machine.jit!
  const { i32 } = machine.state
  const result = jit.enter(machine.code[at + 1]! >>> 0, left)
  machine.left = jit.fuelLeft
  if ((result & 1) === 0) return next(machine, machine.left, computedJump, result, 0)
  switch (result) {
    case Leave.farJump:
      return next(machine, machine.left, computedJump, i32[pcWord]!, i32[pcWord + 1]!)
    case Leave.exit:
      machine.exit.kind = exitKinds[i32[Cell.exitCode >>> 2]!]!
      return -1
    case Leave.fault: {
      const site = jit.sites[i32[Cell.site >>> 2]!]!
      machine.left += site.unexecuted
      i32[pcWord] = site.pc
      i32[pcWord + 1] = 0
      const fine = checkedAddress(machine, Cell.address >>> 2, 0, site.memop, site.needs)
      if (fine >= 0) throw new Error(`compiled code at 0x${site.pc.toString(16)} reported a fault where there is none`)
      return -1
    }
    case Leave.unfit: {
      const block = machine.blocks.get(i32[pcWord]! >>> 0)
      return block === undefined
        ? next(machine, machine.left, computedJump, i32[pcWord]!, 0)
        : block.entry + headWords
    }
    default:
      throw new Error(`compiled code returned ${result}`)
  }
}
