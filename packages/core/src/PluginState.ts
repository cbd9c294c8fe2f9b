/**
 * The state of the plugin system: one immutable record. The functions of `transitions/` make a new one from it;
 * `PluginSystem` keeps it in a Ref and carries out the actions that a transition asks for.
 */
import * as HashMap from "effect/HashMap"
import * as Result from "effect/Result"
import type { PluginError } from "./PluginError.ts"
import { UnknownPluginError } from "./PluginError.ts"
import type { PluginEvent } from "./PluginEvent.ts"
import type { Scoreboard } from "./Scoreboard.ts"

/** A handler of some event. Its parameters follow the event's shape, which the registering function has checked. */
export type EventHandler = (...args: ReadonlyArray<never>) => unknown

/** One registration: the node of a callback list. */
export interface Registration {
  /** Kept when the handler is replaced in place, new for a new node: tells a re-made registration from the old one. */
  readonly serial: number
  readonly plugin: bigint
  readonly event: PluginEvent
  readonly handler: EventHandler
}

/** A loaded plugin. */
export interface PluginRecord {
  readonly id: bigint
  readonly name: string
  /** Its options as given, in order. */
  readonly args: ReadonlyArray<readonly [key: string, value: string]>
  readonly callbacks: ReadonlyMap<PluginEvent, Registration>
  readonly installing: boolean
  readonly uninstalling: boolean
  readonly resetting: boolean
}

/** A live vCPU. */
export interface VcpuRecord {
  /** The event mask that it has received. */
  readonly mask: number
  /** Its exit callbacks run: it still counts as live, and cannot end once more. */
  readonly isEnding: boolean
}

/** Everything the plugin system knows. */
export interface PluginState {
  /** In load order. */
  readonly plugins: ReadonlyArray<PluginRecord>
  /** Ids count up and are never used again; QEMU's are random, which would make runs differ. */
  readonly nextPlugin: bigint
  readonly nextSerial: number
  /** Handlers per event, first to be called first: the last new one is at the head. */
  readonly callbacks: ReadonlyMap<PluginEvent, ReadonlyArray<Registration>>
  /** A bit for each event that somebody listens to. */
  readonly eventMask: number
  /** Live vCPUs by index. */
  readonly vcpus: ReadonlyMap<number, VcpuRecord>
  /** Highest index ever live, plus one; it never shrinks. */
  readonly numVcpus: number
  /** A persistent map: plugins make one for each block, and a copy of all for each of them would be quadratic. */
  readonly scoreboards: HashMap.HashMap<number, Scoreboard>
  readonly nextScoreboard: number
  /** Elements that every scoreboard has room for. */
  readonly scoreboardSize: number
  /** All code has just been dropped, and flush handlers are called. */
  readonly isFlushing: boolean
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
  eventMask: 0,
  vcpus: new Map(),
  numVcpus: 0,
  scoreboards: HashMap.empty(),
  nextScoreboard: 1,
  scoreboardSize: initialScoreboardSize,
  isFlushing: false,
  timeHolder: undefined,
  exited: false
}

/** What has to be done outside the state after a transition, in order. */
export type Action =
  /** Queue on `vcpu`: receive `mask`, and drop the jump cache. The mask is the one of the moment it was queued. */
  | { readonly kind: "updateMask"; readonly vcpu: number; readonly mask: number }
  /** Drop all translated code. */
  | { readonly kind: "flush" }
  /** Time is the host's again. */
  | { readonly kind: "releaseTime" }

/** Stands for 'whichever vCPU comes first' where a vCPU is named. */
export const anyVcpu = -1

/** What a transition returns: a result for its caller and the next state. */
export type Transition<A> = readonly [result: A, state: PluginState]

/** A transition that may be refused; the state then stays as it was. */
export type Checked<A, E extends PluginError = PluginError> = Result.Result<Transition<A>, E>

/**
 * Looks a plugin up by id. QEMU's check for an unknown id can never fire and the lookup reads wild memory (B1); this one does.
 */
export const findPlugin = (state: PluginState, id: bigint): Result.Result<PluginRecord, UnknownPluginError> => {
  const plugin = state.plugins.find((p) => p.id === id)
  return plugin === undefined ? Result.fail(new UnknownPluginError({ id })) : Result.succeed(plugin)
}

/** The state with one plugin's record replaced; its place in load order stays. */
export const putPlugin = (state: PluginState, record: PluginRecord): PluginState => ({
  ...state,
  plugins: state.plugins.map((p) => (p.id === record.id ? record : p))
})

/** The handlers of an event, first to be called first. */
export const registrations = (state: PluginState, event: PluginEvent): ReadonlyArray<Registration> =>
  state.callbacks.get(event) ?? []
