/**
 * The state of the plugin system: one immutable record. The functions of `transitions/` make a new
 * one from it; `system/Runtime.ts` keeps it in a Ref and carries out the actions that a transition
 * asks for.
 */
import * as Chunk from "effect/Chunk"
import type * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Result from "effect/Result"
import type { ExitRequest } from "./ExitRequest.ts"
import type { PluginInstallFailure } from "./Plugin.ts"
import type { ExclusiveError, PluginCallbackError, PluginError } from "./PluginError.ts"
import { UnknownPluginError } from "./PluginError.ts"
import { eventBit } from "./PluginEvent.ts"
import type { PluginEvent } from "./PluginEvent.ts"
import type { Scoreboard } from "./Scoreboard.ts"
import type { TraceBuffer } from "./trace/TraceBuffer.ts"

/**
 * A handler of some event. Its parameters follow the event's shape, which the registering function
 * has checked.
 */
export type EventHandler = (...args: ReadonlyArray<never>) => unknown

/** One registration: the node of a callback list. */
export interface Registration {
  /**
   * Kept when the handler is replaced in place, new for a new node: tells a re-made registration
   * from the old one.
   */
  readonly serial: number
  readonly plugin: bigint
  readonly event: PluginEvent
  readonly handler: EventHandler
}

/**
 * What is being done to a plugin. It is installed again where the host resets it. A reset that it
 * asks for in its install is pending beside that.
 */
export type PluginPhase = "installing" | "installing, reset pending" | "loaded" | "resetting" | "uninstalling"

/** A loaded plugin. */
export interface PluginRecord {
  readonly id: bigint
  readonly name: string
  /** Its options as given, in order. */
  readonly args: ReadonlyArray<readonly [key: string, value: string]>
  readonly phase: PluginPhase
  /** Runs its install: for the first time, or again. */
  readonly install: Effect.Effect<void, PluginError | PluginInstallFailure>
}

/** A live vCPU. */
export interface VcpuRecord {
  /** The event mask that it has received. */
  readonly mask: number
  /** Its exit callbacks run: it still counts as live, and cannot end once more. */
  readonly isEnding: boolean
}

/** What work on a vCPU fails with. */
export type WorkError = PluginCallbackError | ExitRequest | ExclusiveError

/** One item of work that is queued for a vCPU. */
export interface Work {
  /** It runs in an exclusive section. */
  readonly isSafe: boolean
  readonly run: Effect.Effect<void, WorkError>
}

/** Work in the order in which it was queued. */
export type WorkQueue = Chunk.Chunk<Work>

/** A stretch of scoreboard memory. */
export interface Stretch {
  readonly byteOffset: number
  readonly bytes: number
}

/** A trace with the plugin that made it, and its bytes. */
export interface OwnedTrace {
  readonly plugin: bigint
  readonly trace: TraceBuffer
  readonly place: Stretch
}

/** Everything the plugin system knows. */
export interface PluginState {
  /** In load order. */
  readonly plugins: ReadonlyArray<PluginRecord>
  /** Ids count up and are never used again; QEMU's are random, which would make runs differ. */
  readonly nextPlugin: bigint
  readonly nextSerial: number
  /**
   * Handlers per event, first to be called first: the last new one is at the head. An event without
   * any has no list.
   */
  readonly callbacks: ReadonlyMap<PluginEvent, ReadonlyArray<Registration>>
  /** Live vCPUs by index. */
  readonly vcpus: ReadonlyMap<number, VcpuRecord>
  /** Highest index ever live, plus one; it never shrinks. */
  readonly numVcpus: number
  /** Work per vCPU, and for `anyVcpu`. Who has none has no queue. */
  readonly work: ReadonlyMap<number, WorkQueue>
  /**
   * A persistent map: plugins make one for each block, and a copy of all for each of them would be
   * quadratic.
   */
  readonly scoreboards: HashMap.HashMap<number, Scoreboard>
  readonly nextScoreboard: number
  /** Elements that every scoreboard has room for. */
  readonly scoreboardSize: number
  /** Traces that are open, in the order in which they were made. */
  readonly traces: ReadonlyArray<OwnedTrace>
  /**
   * Scoreboard memory that code may still write to, bytes by offset: the next flush gives it back.
   */
  readonly retired: HashMap.HashMap<number, number>
  /** All code has just been dropped, and flush handlers are called. */
  readonly isFlushing: boolean
  /** What flush handlers returned: to be run before any guest goes on. */
  readonly afterFlush: Chunk.Chunk<Effect.Effect<void, WorkError>>
  /** The plugin that controls the guest's time. */
  readonly timeHolder: bigint | undefined
  /** `userExit` has happened: only atexit handlers were kept. */
  readonly exited: boolean
}

/** How many elements scoreboards begin with. */
export const initialScoreboardSize = 16

/** The state before any plugin is loaded. */
export const empty: PluginState = {
  plugins: [],
  nextPlugin: 1n,
  nextSerial: 1,
  callbacks: new Map(),
  vcpus: new Map(),
  numVcpus: 0,
  work: new Map(),
  scoreboards: HashMap.empty(),
  nextScoreboard: 1,
  scoreboardSize: initialScoreboardSize,
  traces: [],
  retired: HashMap.empty(),
  isFlushing: false,
  afterFlush: Chunk.empty(),
  timeHolder: undefined,
  exited: false
}

/** What has to be done outside the state after a transition, in order. */
export type Action =
  /**
   * Queue on `vcpu`: receive `mask`, and drop the jump cache. The mask is the one of the moment it
   * was queued.
   */
  | { readonly kind: "updateMask"; readonly vcpu: number; readonly mask: number }
  /** Drop all translated code. */
  | { readonly kind: "flush" }
  /** Time is the host's again. */
  | { readonly kind: "releaseTime" }
  /** What code still records in a trace is lost. */
  | { readonly kind: "closeTrace"; readonly trace: TraceBuffer }
  /** Files that the plugin has not closed come to nothing. */
  | { readonly kind: "discardFiles"; readonly plugin: bigint }

/** Stands for 'whichever vCPU comes first' where a vCPU is named. */
export const anyVcpu = -1

/** What a transition returns: a result for its caller and the next state. */
export type Transition<A> = readonly [result: A, state: PluginState]

/** A transition that may be refused; the state then stays as it was. */
export type Checked<A, E> = Result.Result<Transition<A>, E>

/**
 * Looks a plugin up by id. QEMU's check for an unknown id can never fire and the lookup reads wild
 * memory (B1); this one does.
 */
export const findPlugin = (state: PluginState, id: bigint): Result.Result<PluginRecord, UnknownPluginError> => {
  const plugin = state.plugins.find((p) => p.id === id)
  return plugin === undefined ? Result.fail(new UnknownPluginError({ id })) : Result.succeed(plugin)
}

/** Whether a plugin of this id is loaded. */
export const isLoaded = (state: PluginState, id: bigint): boolean => state.plugins.some((plugin) => plugin.id === id)

/** The state with one plugin's record replaced; its place in load order stays. */
export const putPlugin = (state: PluginState, record: PluginRecord): PluginState => ({
  ...state,
  plugins: state.plugins.map((p) => (p.id === record.id ? record : p))
})

/** The handlers of an event, first to be called first. */
export const registrations = (state: PluginState, event: PluginEvent): ReadonlyArray<Registration> =>
  state.callbacks.get(event) ?? []

/** A plugin's registration for an event, if it has one. */
export const registrationOf = (state: PluginState, id: bigint, event: PluginEvent): Registration | undefined =>
  registrations(state, event).find((registration) => registration.plugin === id)

/** The events that a plugin listens to, by their numbers. */
export const eventsOf = (state: PluginState, id: bigint): ReadonlyArray<PluginEvent> =>
  Array.from(state.callbacks.keys())
    .filter((event) => registrationOf(state, id, event) !== undefined)
    .sort((a, b) => a - b)

/** A bit for each event that somebody listens to. */
export const eventMask = ({ callbacks }: PluginState): number => {
  let mask = 0
  for (const event of callbacks.keys()) mask |= eventBit(event)
  return mask
}
