/** Random commands for plugins that fail and exit wherever they are called, as data. */
import * as Schema from "effect/Schema"

const plugin = Schema.Literals([0, 1, 2])
const vcpu = Schema.Literals([0, 1, 2])

/** What a callback does: `effect` and `effectFails` return Effects. */
export const How = Schema.Literals(["fine", "throws", "exits", "effect", "effectFails"])
export type How = typeof How.Type

/** The callbacks of a plugin. */
const callbacks = ["init", "exit", "idle", "flush", "atexit", "trace", "done"] as const
export type Callback = (typeof callbacks)[number]

/** What the callbacks of a plugin do at first: nothing that is not said. */
const behaviour = Schema.Struct({
  init: Schema.optionalKey(How),
  flush: Schema.optionalKey(How),
  trace: Schema.optionalKey(How),
  done: Schema.optionalKey(How)
})

/** One command. `plugin` counts the plugins installed so far. */
export const Command = Schema.TaggedUnion({
  /** Each plugin has a handler of every event, and a trace. */
  install: { how: behaviour },
  /** From now on a plugin's callback does this. */
  behave: { plugin, callback: Schema.Literals(callbacks), how: How },
  vcpuInit: { vcpu },
  vcpuExit: { vcpu },
  idle: { vcpu },
  /** A slice that appends a record to each trace. */
  slice: { vcpu },
  drainTraces: {},
  flush: {},
  drain: { vcpu },
  reset: { plugin },
  uninstall: { plugin },
  hostReset: { plugin },
  hostUninstall: { plugin },
  hostFail: { plugin },
  userExit: {}
})
export type Command = typeof Command.Type

/** A sequence of commands, and what the user wants of plugins that fail. */
export const Scenario = Schema.Struct({
  onError: Schema.Literals(["abort", "detach"]),
  plugins: Schema.Tuple([behaviour, behaviour]),
  commands: Schema.Array(Command)
})

/** Something that takes commands: the plugin system, or the model. */
export interface Subject {
  /** What a command comes to: `ok`, or the tag of what it fails with. */
  readonly run: (command: Command) => string
  /** Everything observable, in a form that can be compared. */
  readonly snapshot: () => Snapshot
}

export interface Snapshot {
  readonly plugins: ReadonlyArray<readonly [id: number, phase: string]>
  readonly vcpus: ReadonlyArray<number>
  readonly traces: number
  /** Callbacks that were called, slices, and failures that the user was told of. */
  readonly log: ReadonlyArray<string>
}
