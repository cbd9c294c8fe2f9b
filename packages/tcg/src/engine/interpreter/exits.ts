/** What happens at block boundaries and when code is left: chaining, translation, budget, precise state. */
import { ExitKind } from "../../Engine.ts"
import * as Layout from "../../Layout.ts"
import { InstrumenterFailed } from "../../Translator.ts"
import { addBlock, addCutBlock, dropCut } from "./code/addBlock.ts"
import type { CodeBlock } from "./CodeBlock.ts"
import type { Machine } from "./Machine.ts"

const pcWord = 2 * Layout.CpuSlot.pc

/** `next`'s place for a computed jump, and for the first block of a run. */
export const computedJump = -1
export const firstBlock = -2

/**
 * Goes to a pc at a block boundary: does what waits (flushes, requested exits, the budget), finds or translates the block,
 * and remembers the way: patches the link at `place`, or fills the jump cache.
 *
 * @param place where the link is in the code, or `computedJump` or `firstBlock`
 * @returns the block's code, or -1 when `machine.exit` says why not; the pc slot is right then
 */
export const next = (machine: Machine, left: number, place: number, low: number, high: number): number => {
  const { exit, state } = machine
  const flushes = machine.flushes
  machine.left = left
  state.i32[pcWord] = low
  state.i32[pcWord + 1] = high
  dropCut(machine)
  if (machine.flushWanted) {
    machine.flush()
  }
  if (machine.pending.length > 0) {
    for (const invalidate of machine.pending) {
      invalidate(machine.blocks)
    }
    machine.pending.length = 0
  }
  if (left <= 0) {
    exit.kind = ExitKind.budget
    return -1
  }
  machine.limit = machine.usualLimit
  const block = machine.exitRequested ? undefined : find(machine, low >>> 0, high)
  if (machine.exitRequested) {
    exit.kind = ExitKind.requested
    return -1
  }
  if (block === undefined) {
    return -1
  }
  if (machine.traceExec !== undefined) {
    machine.traceExec(machine.vcpu, block.pc)
  }
  if (machine.isExact && block.insns > left) {
    return addCutBlock(machine, block.pc, left).entry
  }
  if (machine.traceExec === undefined && machine.flushes === flushes && !machine.flushWanted) {
    remember(machine, block, place)
  }
  return block.entry
}

const remember = (machine: Machine, block: CodeBlock, place: number): void => {
  if (place >= 0) {
    machine.code[place] = block.entry
    machine.blocks.link(block, place)
  } else {
    machine.blocks.cacheJump(block)
  }
}

/** The block at a pc, translated if need be; undefined with `machine.exit` set where there is none. */
const find = (machine: Machine, pc: number, high: number): CodeBlock | undefined => {
  const { exit, translator } = machine
  if (high !== 0) {
    exit.kind = ExitKind.fetchFault
    exit.address = (BigInt(high >>> 0) << 32n) | BigInt(pc)
    exit.store = false
    exit.mapped = false
    return undefined
  }
  const known = machine.blocks.get(pc)
  if (known !== undefined) {
    return known
  }
  try {
    const block = machine.measures ? addMeasured(machine, pc) : addBlock(machine, pc)
    if (block === undefined) {
      const address = translator.failedAddress
      exit.kind = ExitKind.fetchFault
      exit.address = BigInt(address)
      exit.store = false
      exit.mapped = (machine.state.pageTable[address >>> Layout.pageShift]! & Layout.PageFlag.mapped) !== 0
    }
    return block
  } catch (error) {
    if (!(error instanceof InstrumenterFailed)) {
      throw error
    }
    exit.kind = ExitKind.callbackError
    exit.error = error.cause
    return undefined
  }
}

/** As `addBlock`, adding up the time it takes. */
const addMeasured = (machine: Machine, pc: number): CodeBlock | undefined => {
  const started = performance.now()
  try {
    return addBlock(machine, pc)
  } finally {
    machine.translationMilliseconds += performance.now() - started
  }
}

/** Leaves by `exit_tb`: pc becomes the value at `a`. */
export const exit = (machine: Machine, left: number, a: number, kind: ExitKind): void => {
  const { i32 } = machine.state
  i32[pcWord] = i32[a]!
  i32[pcWord + 1] = i32[a + 1]!
  machine.left = left
  machine.exit.kind = kind
}

/**
 * Leaves in the middle of a block: after a fault or a callback's throw at code offset `at`. Sets pc to the instruction's
 * address (unless a plugin has set it) and counts the instructions before it.
 */
export const leave = (machine: Machine, at: number, left: number): void => {
  const block = machine.blockAt(at)
  const { insns } = machine
  const insn = insns.find(block.firstInsn, block.insns, at)
  machine.left = left - (insn - block.firstInsn)
  if (machine.exit.kind !== ExitKind.redirected) {
    const { i32 } = machine.state
    i32[pcWord] = insns.pcs[insn]!
    i32[pcWord + 1] = 0
  }
}
