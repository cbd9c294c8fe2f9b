/** Between the interpreter and the compiled tier: blocks that become hot, and entering compiled regions. */
import type { Instrumentation } from "@emu/core/Instrumentation"
import { ExitKind } from "../../Engine.ts"
import * as Layout from "../../Layout.ts"
import { jumpCacheAt } from "../../TbCache.ts"
import { execute as softfloat } from "../../softfloat/index.ts"
import { Jit } from "../jit/Jit.ts"
import type { Site } from "../jit/emit/SideExits.ts"
import { Cell, drainDeferredNumber, Leave, Scratch } from "../jit/Runtime.ts"
import { isDeferred } from "../../instrument/records.ts"
import { addRest } from "../interpreter/code/addBlock.ts"
import { callExec, callHelper, callMem, drainDeferred } from "../calls/callbacks.ts"
import { Code } from "../interpreter/code/Code.ts"
import { computedJump, next } from "../interpreter/exits.ts"
import { headWords, publish, usualThreshold } from "../interpreter/code/heads.ts"
import { registerCallback, registerDeferred, scoreboardPlace } from "../interpreter/code/codeCallbacks.ts"
import { exitKinds } from "../interpreter/code/selection.ts"
import type { CodeBlock } from "../interpreter/CodeBlock.ts"
import { lookOutside, type Machine } from "../interpreter/Machine.ts"
import type { Tier } from "../interpreter/Tier.ts"
import { bringIn, checkedAddress } from "../interpreter/operations/memory.ts"

const pcWord = 2 * Layout.CpuSlot.pc

/** How often a block must have run to be compiled together with a hot one. What comes behind a hot loop has run far less by then. */
const warmRuns = 5
/** How many times longer a block that asked for a region waits before it asks again. */
const rearm = 10
/** The threshold doubles with every so many bytes of compiled code: what is compiled late should be hotter. */
const bytesPerDoubling = 400_000

const maxThreshold = 20_000

/** A block that asked too early asks again after so many more runs at least. */
const minRearm = 30

/** Counts down from this when a block has lost its region: it is hot already, but may lose it again at once. */
const rehotThreshold = 50

/** When hot code is compiled: for tests, which want that early and always at the same place. */
export interface TierOptions {
  /** How often a block is interpreted before it is compiled. */
  readonly hotThreshold?: number
  /** Hot blocks are compiled at once, whatever that costs, instead of while the guest goes on. */
  readonly synchronous?: boolean
  /** Warm blocks get baseline code first, and regions once that is hot. */
  readonly baseline?: boolean
  /** Compiled functions that can be held at one time. */
  readonly slots?: number
}

/** The compiled tier of a machine: as the interpreters see it, and what else there is to it. */
export interface JitTier {
  readonly tier: Tier
  readonly jit: Jit
}

/**
 * Makes the compiled tier of a machine.
 *
 * @param trace receives a line for each region that is installed
 */
export const makeJit = (machine: Machine, options: TierOptions, trace?: (text: string) => void): JitTier => {
  const threshold = options.hotThreshold ?? usualThreshold
  machine.hotThreshold = threshold
  const warm = Math.min(warmRuns, threshold >> 1)
  const { state, translator } = machine
  /** What a callback's call gives compiled code: fuel to take away so that it leaves at its next look, or negative. */
  const after = (called: boolean): number => {
    if (!called) return -1
    if (machine.limit !== lookOutside || machine.fuelTaken > 0) return 0
    machine.fuelTaken = fuelToTake
    return fuelToTake
  }
  const baseline = options.baseline ?? options.hotThreshold === undefined
  /** What is woven into blocks, where there is something. */
  const woven = new Map<number, Instrumentation>()
  const jit: Jit = new Jit(
    state,
    {
      imports: {
        float: (packed) => {
          softfloat(state, packed & 255, Scratch.result, Scratch.a, Scratch.b, Scratch.c, (packed >> 8) & 15, packed >> 12)
        },
        helper: (helper, fuel) =>
          callHelper(machine, fuel + machine.fuelTaken, word(Scratch.result), word(Scratch.a), word(Scratch.b), helper),
        exec: (callback) =>
          after(settleDeferred(machine) && (callback === drainDeferredNumber || callExec(machine, callback))),
        mem: (callback) => after(settleDeferred(machine) && callMem(machine, word(Scratch.a), word(Scratch.b), 0, callback)),
        bringIn: (last, needs) => bringIn(state, Cell.address >>> 2, last + 1, needs)
      },
      retranslate: (pc, limit, instrumentation) =>
        isUnchanged(machine, pc) ? translator.retranslate(pc, limit, instrumentation) : undefined,
      describe: (pc) => {
        const block = machine.blocks.get(pc)
        if (block === undefined || !isUnchanged(machine, pc)) return undefined
        const { end, firstInsn, insns } = block
        const instrumentation = woven.get(pc)
        const ir = translator.retranslate(pc, insns, instrumentation)
        return ir && { end, ir, instrumentation, insnPcs: machine.insns.pcs.slice(firstInsn, firstInsn + insns) }
      },
      translatedIn: (low, high) => {
        const found = new Set<number>()
        for (const page of [low >>> Layout.pageShift, high >>> Layout.pageShift]) {
          for (const { pc } of machine.blocks.onPage(page)) if (pc >= low && pc < high) found.add(pc)
        }
        return [...found]
      },
      callbackNumber: (ir, from) => (isDeferred(from.callback) ? registerDeferred : registerCallback)(machine, ir, from),
      scoreboardAddress: (entry) => scoreboardPlace(machine, entry),
      isWarm: (pc) => {
        const block = machine.blocks.get(pc)
        return block !== undefined && (machine.code[block.entry] === Code.region || runsOf(machine, block) > warm)
      },
      runs: (pc) => {
        const block = machine.blocks.get(pc)
        return block === undefined || machine.code[block.entry] === Code.region ? 0 : runsOf(machine, block)
      },
      askAgain: (pc, runs) => {
        const block = machine.blocks.get(pc)
        // One that leads to baseline code does not count.
        if (block === undefined || machine.code[block.entry] === Code.region) return
        const more = runs >= 0 ? Math.min(Math.ceil(runs), maxThreshold) : maxThreshold
        arm(machine, block, Math.max(minRearm, more))
      },
      published: (pc) => {
        publish(machine, pc)
        if (options.hotThreshold === undefined) {
          machine.hotThreshold = Math.min(threshold * 2 ** (jit.bytes / bytesPerDoubling), maxThreshold)
        }
      },
      withdrawn: (pc) => {
        const block = machine.blocks.get(pc)
        if (block === undefined) return
        machine.code[block.entry] = Code.hot
        arm(machine, block, Math.min(rehotThreshold, machine.hotThreshold))
        block.runs = Infinity
      },
      trace
    },
    {
      synchronous: options.synchronous ?? (options.hotThreshold === undefined ? undefined : false),
      baseline,
      slots: options.slots
    }
  )
  return {
    jit,
    tier: {
      has: (pc) => jit.has(pc),
      hot: (at) => hot(machine, jit, at),
      enterRegion: (at, left) => enterRegion(machine, jit, at, left),
      noteTarget: (pc) => jit.blocks.addJumpTarget(pc >>> 0),
      addBlock: ({ end, firstInsn, insns, pc }, ir, instrumentation) => {
        if (!baseline) {
          const insnPcs = machine.insns.pcs.slice(firstInsn, firstInsn + insns)
          jit.blocks.add({ end, pc, insnPcs }, ir ?? translator.retranslate(pc, insns, undefined)!, instrumentation)
        } else if (instrumentation !== undefined) woven.set(pc, instrumentation)
      },
      removeBlock: (pc) => {
        woven.delete(pc)
        jit.removeBlock(pc)
      },
      flush: () => {
        woven.clear()
        jit.flush()
      }
    }
  }
}

/** How often a block was interpreted. */
const runsOf = (machine: Machine, block: CodeBlock): number => block.runs + block.armed - machine.code[block.entry + 1]!

/** Lets a block ask for a region after so many more runs. */
const arm = (machine: Machine, block: CodeBlock, runs: number): void => {
  block.runs = runsOf(machine, block)
  block.armed = runs
  machine.code[block.entry + 1] = runs
}

/** Whether memory still holds the code that a block was made of: the guest may have overwritten it, its fence.i yet to come. */
const isUnchanged = (machine: Machine, pc: number): boolean => {
  const block = machine.blocks.get(pc)
  return block !== undefined && machine.blocks.isUnchanged(block)
}

const word = (slot: number): number => 2 * slot

/** More than any fuel: with this taken away, code leaves at its next look. */
const fuelToTake = 0x40000000

/** The block whose head is at code offset `at` has run often enough: compiles it. Gives where to go on. */
const hot = (machine: Machine, jit: Jit, at: number): number => {
  const block = machine.blockAt(at)
  // Until there is a region (or if there will be none) the interpreter goes on, and asks again much later.
  arm(machine, block, rearm * machine.hotThreshold)
  jit.warm(block.pc)
  return machine.code[at] === Code.region ? at : at + headWords
}

/** Calls the deferred callbacks that wait, if any: false where one threw and the guest does not go on, with `machine.exit` set. */
const settleDeferred = (machine: Machine): boolean => machine.deferred.isEmpty || drainDeferred(machine)

/** Takes back what was counted of a block that was left in its middle. */
const uncount = (machine: Machine, { unexecuted }: Site): void => {
  machine.left += unexecuted
  machine.compiledInsns[0]! -= unexecuted
}

/**
 * Runs the compiled region that the head at code offset `at` names. Gives where to go on in the interpreter's code, or -1
 * with `machine.exit` set.
 */
const enterRegion = (machine: Machine, jit: Jit, at: number, left: number): number => {
  const { i32 } = machine.state
  machine.fuelTaken = 0
  const result = jit.enter(machine.code[at + 1]! >>> 0, left)
  machine.left = jit.fuelLeft + machine.fuelTaken
  machine.compiledInsns[0]! += left - machine.left
  if (!settleDeferred(machine)) return stop(machine, jit, result)
  if ((result & 1) === 0) {
    if (machine.left <= 0) jit.sample(result >>> 0)
    const index = jumpCacheAt(result)
    const entry = i32[index + 1]!
    // As the loop does for computed jumps.
    if (i32[index] === result && entry >= 0 && machine.left > machine.limit) return entry
    return next(machine, machine.left, computedJump, result, 0)
  }
  switch (result) {
    case Leave.farJump:
      return next(machine, machine.left, computedJump, i32[pcWord]!, i32[pcWord + 1]!)
    case Leave.exit:
      machine.exit.kind = exitKinds[i32[Cell.exitCode >>> 2]!]!
      return -1
    case Leave.fault: {
      const site = jit.sites[i32[Cell.site >>> 2]!]!
      uncount(machine, site)
      i32[pcWord] = site.pc
      i32[pcWord + 1] = 0
      const fine = checkedAddress(machine, Cell.address >>> 2, 0, site.memop, site.needs)
      if (fine >= 0) throw new Error(`compiled code at 0x${site.pc.toString(16)} reported a fault where there is none`)
      return -1
    }
    case Leave.interrupted: {
      const site = jit.sites[i32[Cell.site >>> 2]!]!
      uncount(machine, site)
      if (machine.exit.kind !== ExitKind.redirected) {
        i32[pcWord] = site.pc
        i32[pcWord + 1] = 0
      }
      return -1
    }
    case Leave.rest: {
      const site = jit.sites[i32[Cell.site >>> 2]!]!
      const entered = machine.code[at + 1]! >>> 0
      uncount(machine, site)
      const entry = addRest(machine, machine.blocks.get(site.block)!, jit.blocks.get(site.block)!, site.pc)
      jit.noteRest(site, entered)
      return entry
    }
    case Leave.unusual: {
      const pc = i32[pcWord]! >>> 0
      jit.noteUnusual(pc)
      const block = machine.blocks.get(pc)
      return block === undefined ? next(machine, machine.left, computedJump, i32[pcWord]!, 0) : block.entry + headWords
    }
    case Leave.unfit:
    case Leave.wide:
    case Leave.unhoist: {
      const pc = i32[pcWord]! >>> 0
      if (result === Leave.unfit) jit.refit(pc)
      else if (result === Leave.wide) jit.widen(pc)
      else jit.unhoist(pc, machine.code[at + 1]! >>> 0)
      const block = machine.blocks.get(pc)
      return block === undefined ? next(machine, machine.left, computedJump, i32[pcWord]!, 0) : block.entry + headWords
    }
    default:
      throw new Error(`compiled code returned ${result}`)
  }
}

/** A deferred callback ends the run behind compiled code: brings pc and counts up to date, whatever that left for. */
const stop = (machine: Machine, jit: Jit, result: number): number => {
  const { i32 } = machine.state
  if ((result & 1) === 0) {
    i32[pcWord] = result
    i32[pcWord + 1] = 0
  } else if (result === Leave.fault || result === Leave.rest) {
    const site = jit.sites[i32[Cell.site >>> 2]!]!
    uncount(machine, site)
    i32[pcWord] = site.pc
    i32[pcWord + 1] = 0
  }
  return -1
}
