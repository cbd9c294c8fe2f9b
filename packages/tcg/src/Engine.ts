/** The engine service: what executes translation blocks. The interpreter and the JIT are two Layers of it. */
import * as Context from "effect/Context"

/** Why `Engine.run` returned. */
export const ExitKind = {
  /** The budget is used up; pc is the next instruction. */
  budget: 0,
  /** A system call; pc is the instruction after it. */
  syscall: 1,
  /** A breakpoint instruction; pc is the instruction itself. */
  breakpoint: 2,
  /** An illegal instruction; pc is the instruction itself. */
  illegal: 3,
  /** An access that the page table forbids; pc is the instruction, `address` the first byte that failed. */
  memoryFault: 4,
  /** An access that must be aligned and is not; pc is the instruction, `address` its address. */
  alignmentFault: 5,
  /** The next instruction cannot be fetched; pc is it, `address` the first byte that failed. */
  fetchFault: 6,
  /** fence.i or the like was executed: flush what changed, then go on at pc. */
  fenceI: 7,
  /** The guest yields its turn. */
  yield: 8,
  /** `requestExit` was called (queued work, a signal, an exclusive section wanted); pc is the next instruction. */
  requested: 9,
  /** A plugin callback threw; `error` holds what. pc is the instruction (or block) it belongs to. */
  callbackError: 10,
  /** A plugin changed pc (set_pc); go on there. */
  redirected: 11
} as const
export type ExitKind = (typeof ExitKind)[keyof typeof ExitKind]

/** What `Engine.run` reports beside its kind. One object per engine, overwritten by each run. */
export interface Exit {
  kind: ExitKind
  /** Faulting guest address, as an unsigned 64-bit value, for fault exits. */
  address: bigint
  /** The faulting access was a store. */
  store: boolean
  /** The page of `address` is mapped (the access is forbidden, not missing): SEGV_ACCERR rather than SEGV_MAPERR. */
  mapped: boolean
  /** What a plugin callback threw, and which callback. */
  error: unknown
}

/** What an engine reports of the code that it compiled for the host. */
export interface CompiledStats {
  /** Guest instructions executed in compiled code. */
  readonly insns: number
  readonly regions: number
  /** Bytes of WebAssembly made. */
  readonly bytes: number
  /** Time taken from the guest, and time that the host's compiler took while the guest went on. */
  readonly milliseconds: number
  readonly backgroundMilliseconds: number
  /** The most compiled functions held at one time, and how many can be held. */
  readonly slotsUsed: number
  readonly slots: number
  /** How often all compiled code was dropped. */
  readonly flushes: number
}

/** Counters that `--stats` prints; of all vCPUs together, since the engine was made. */
export interface EngineStats {
  /** Guest instructions executed, compiled or not. */
  readonly insns: number
  readonly translatedBlocks: number
  readonly translatedInsns: number
  /** Blocks that did not have to be translated, as an earlier run has. */
  readonly keptBlocks: number
  /** Time spent translating, with what plugins did in it; 0 unless the engine was asked to measure it. */
  readonly translationMilliseconds: number
  /** How often all translated code was dropped. */
  readonly flushes: number
  readonly cachedBlocks: number
  /** The most words of translated code held at one time, and how many can be held. */
  readonly codeWordsUsed: number
  readonly codeWords: number
  /** How often `run` returned, by why. */
  readonly exits: Readonly<Record<keyof typeof ExitKind, number>>
  /** Undefined where nothing is ever compiled. */
  readonly compiled: CompiledStats | undefined
}

/** A program, as far as an engine that keeps its code for later runs has to know it. */
export interface GuestProgram {
  /** Its path in the guest. */
  readonly path: string
  /** Whether what a page holds now is what a file holds there that it is a private mapping of: not something that the guest has made. */
  readonly isFromFile: (page: number) => boolean
}

/** What executes translation blocks. Synchronous: no Effect inside. */
export class Engine extends Context.Service<
  Engine,
  {
    readonly name: string
    /**
     * Runs the vCPU whose state is loaded for about `budget` guest instructions (it may overrun by one block) and says why
     * it stopped. At every return the state slots are right: registers, pc, `CpuSlot.instructions`.
     */
    readonly run: (budget: number) => Exit
    /** Asks a running `run` to return `requested` at the next block boundary. Safe to call from callbacks. */
    readonly requestExit: () => void
    /** Drops all translated code. Safe to call from callbacks: takes effect at the next block boundary. */
    readonly flush: () => void
    /** Drops all translated code of the running vCPU's memory, as `flush`, if plugins see blocks being translated or flushes: else that is in vain. */
    readonly translateAnew: () => void
    /** Drops blocks that contain bytes of guest pages first..last (page numbers). */
    readonly flushPages: (first: number, last: number) => void
    /** Pages first..last are about to get these `PageFlag`s: code that counts on permissions they lose must go, and code of pages that
     * become writable may change from then on. */
    readonly protect: (first: number, last: number, flags: number) => void
    /** Drops the blocks whose code was changed by stores, as fence.i must do: looks at pages that are writable now. */
    readonly flushWritable: () => void
    /** Drops a vCPU's jump cache (its event mask changed). */
    readonly flushJumpCache: (vcpu: number) => void
    /** Guest memory was written by a plugin, perhaps in a callback. For engines that keep a copy of memory. */
    readonly memoryWritten?: (address: number, length: number) => void
    /** A program has been loaded, or copied from a process that forked, and none of its code was run here: kept code may be used. */
    readonly programStarted: (program: GuestProgram) => void
    /** The program will not run any more; its memory is still there. Its code may be kept. */
    readonly programEnded: () => void
    readonly stats: () => EngineStats
  }
>()("@emu/tcg/Engine") {}
