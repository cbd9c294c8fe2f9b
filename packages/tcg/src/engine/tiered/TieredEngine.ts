/** The engine of one memory, as a Layer: the interpreter, and the tiers above it that it decides to use. */
import { CodeCache } from "@emu/core/Ports"
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import * as Record from "effect/Record"
import type { CpuState } from "../../CpuState.ts"
import { Engine, ExitKind } from "../../Engine.ts"
import type { FrontEnd } from "../../FrontEnd.ts"
import * as Layout from "../../Layout.ts"
import type { TranslationCacheShape } from "../../TranslationCache.ts"
import { Translator, type TranslatorOptions } from "../../Translator.ts"
import type { Jit } from "../jit/Jit.ts"
import { makeColdLoop } from "../cold/ColdLoop.ts"
import { makeJit, type TierOptions } from "./tier.ts"
import { ProgramCache } from "../cache/ProgramCache.ts"
import { dropCut } from "../interpreter/code/addBlock.ts"
import { syncInstructions } from "../calls/callbacks.ts"
import { firstBlock, next } from "../interpreter/exits.ts"
import { execute } from "../interpreter/loop.ts"
import { warmUp } from "../interpreter/warmUp.ts"
import { codeWords, lookOutside, Machine, type Pending } from "../interpreter/Machine.ts"

const word = (slot: number): number => 2 * slot

/** Instructions to interpret before the loop is warmed up: for programs that interpret less it would cost more than it gains. */
const warmInsns = 100_000
/** Instructions to interpret in the reference loop before the one in WebAssembly takes over, which takes V8 0.6 ms to compile. */
const usualColdInsns = 5000

/** What an engine needs to know. */
export interface EngineOptions extends TranslatorOptions {
  readonly state: CpuState
  readonly frontEnd: FrontEnd
  /** Compile hot code to WebAssembly; needs a host that can. */
  readonly jit?: boolean | TierOptions
  /**
   * Interpret in WebAssembly, after so many instructions where the number is given; needs a host that can. Otherwise the reference loop
   * interprets.
   */
  readonly cold?: boolean | number
  /** A run never exceeds its budget, by cutting blocks: for comparing engines. */
  readonly exactBudget?: boolean
  /** Where translated code is kept from run to run. */
  readonly cache?: TranslationCacheShape
  /** Measure for `stats` what takes time to measure. */
  readonly measure?: boolean
}

/** Both services of an engine. */
export interface EngineServices {
  readonly engine: Engine["Service"]
  readonly codeCache: CodeCache["Service"]
}

/** An engine for one process's memory, as the two services that it implements. */
export const make = (options: EngineOptions): EngineServices => {
  const { state } = options
  const translator = new Translator(state, options.frontEnd, options)
  const machine = new Machine(state, translator, options.trace?.exec)
  const { i32 } = state
  let jit: Jit | undefined
  if (options.jit !== undefined && options.jit !== false && options.trace?.exec === undefined) {
    const made = makeJit(machine, options.jit === true ? {} : options.jit, options.trace?.jit)
    machine.tier = made.tier
    jit = made.jit
  }
  let programCache: ProgramCache | undefined
  if (options.cache !== undefined) {
    // What else code depends on is the same in all engines of the same sources.
    const { oneInsnPerTb = false, optimize = true } = options
    const variant = [options.frontEnd.name, machine.tier !== undefined, oneInsnPerTb, optimize].join(" ")
    programCache = new ProgramCache(machine, options.cache, variant)
    machine.keeper = programCache
  }
  machine.measures = options.measure === true
  machine.isExact = options.exactBudget === true
  const exits = Object.values(ExitKind).map(() => 0)

  const invalidate = (pending: Pending) => {
    if (machine.running) {
      machine.pending.push(pending)
      machine.attend()
    } else {
      pending(machine.blocks)
    }
  }
  const requestExit = () => {
    if (machine.running) {
      machine.exitRequested = true
      machine.attend()
    }
  }
  const flush = () => {
    if (machine.running) {
      machine.flushWanted = true
      machine.attend()
    } else {
      machine.flush()
    }
  }
  const flushJumpCache = () => machine.blocks.flushJumpCache()

  const settle = () => {
    machine.running = false
    dropCut(machine)
    if (machine.flushWanted) {
      machine.flush()
    }
    for (const pending of machine.pending.splice(0)) {
      pending(machine.blocks)
    }
  }

  /** Runs with a budget that the machine can count. */
  const slice = (budget: number) => {
    machine.before =
      i32[word(Layout.CpuSlot.instructions) + 1]! * 4294967296 + (i32[word(Layout.CpuSlot.instructions)]! >>> 0)
    machine.budget = budget
    machine.running = true
    try {
      const pc = word(Layout.CpuSlot.pc)
      const entry = next(machine, budget, firstBlock, i32[pc]!, i32[pc + 1]!)
      if (entry >= 0) {
        executeNow(machine, entry)
      }
    } finally {
      settle()
    }
    syncInstructions(machine, machine.left)
  }

  const isCold = options.cold !== undefined && options.cold !== false
  const settleAfter = typeof options.cold === "number" ? options.cold : isCold ? usualColdInsns : warmInsns
  let executeNow = execute
  let executed = 0
  /** The loop in use will not change any more. */
  let settled = options.trace?.exec !== undefined
  /** Chooses the loop to run from now on, or makes it run better. */
  const settleLoop = () => {
    if (isCold) executeNow = makeColdLoop(machine)
    else warmUp(machine)
    settled = true
  }
  const run = (budget: number) => {
    machine.vcpu = i32[word(Layout.CpuSlot.vcpuIndex)]!
    machine.exitRequested = false
    for (let left = budget; ;) {
      if (!settled && executed - machine.compiledInsns[0]! >= settleAfter) settleLoop()
      // Where slices cut blocks, none may end that was not asked for. Until the loop is settled they end to look whether it should be;
      // longer and longer ones, as compiled code may do all the work.
      const now = Math.min(left, settled || machine.isExact ? lookOutside : Math.min(settleAfter + executed, lookOutside))
      slice(now)
      const ran = now - machine.left
      executed += ran
      left -= ran
      if (machine.exit.kind !== ExitKind.budget || left <= 0) {
        exits[machine.exit.kind]!++
        return machine.exit
      }
    }
  }

  return {
    engine: {
      name: "interpreter",
      run,
      requestExit,
      flush,
      translateAnew: () => {
        if (translator.isWatched(i32[word(Layout.CpuSlot.vcpuIndex)]!)) flush()
      },
      flushPages: (first, last) => invalidate((blocks) => blocks.flushPages(first, last)),
      protect: (first, last, flags) => {
        if ((flags & Layout.PageFlag.write) !== 0) machine.blocks.keepBytes(first, last)
        jit?.protect(first, last, flags)
      },
      flushWritable: () => invalidate((blocks) => blocks.flushChanged()),
      flushJumpCache,
      programStarted: (program) => programCache?.start(program),
      programEnded: () => programCache?.end(),
      stats: () => ({
        insns: executed,
        translatedBlocks: translator.blocks,
        translatedInsns: translator.insns,
        keptBlocks: machine.keptBlocks,
        translationMilliseconds: machine.translationMilliseconds,
        flushes: machine.flushes,
        cachedBlocks: machine.blocks.size,
        codeWordsUsed: Math.max(machine.mostCode, machine.codeLength),
        codeWords,
        exits: Record.map(ExitKind, (kind) => exits[kind]!),
        compiled: jit && { insns: machine.compiledInsns[0]!, ...jit.stats() }
      })
    },
    codeCache: {
      flush,
      setFailureListener: (survives) => {
        machine.survives = survives
      },
      setFlushListener: (listener) => {
        machine.onFlush = listener
      },
      setScoreboardLookup: (find) => {
        machine.findScoreboard = find
      },
      flushJumpCache,
      requestExit,
      setInstrumenter: (instrumenter, isInstrumented) => {
        translator.instrumenter = instrumenter
        translator.isInstrumented = isInstrumented
      },
      setCallbackScope: (scope) => {
        machine.scope = scope
      }
    }
  }
}

/** The services `Engine` and `CodeCache`, both this engine. */
export const layer = (options: EngineOptions): Layer.Layer<Engine | CodeCache> =>
  Layer.syncContext(() => {
    const { codeCache, engine } = make(options)
    return Context.add(Context.make(Engine, engine), CodeCache, codeCache)
  })
