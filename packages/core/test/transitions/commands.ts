/** Random commands for the plugin system's state, as data: a sequence prints as JSON, and can be run again from it. */
import * as Schema from "effect/Schema"
import { PluginEvent } from "@emu/core/PluginEvent"

/** Few plugins and events, so that commands meet. */
const plugin = Schema.Literals([0, 1, 2, 3])
const event = Schema.Literals([
  PluginEvent.vcpuInit,
  PluginEvent.vcpuTbTrans,
  PluginEvent.vcpuSyscall,
  PluginEvent.flush,
  PluginEvent.atExit,
  PluginEvent.vcpuSyscallFilter
])
/** Around the sizes at which scoreboards grow. */
const vcpu = Schema.Literals([0, 1, 15, 16, 17, 31, 32, 64])
const board = Schema.Literals([1, 2, 3])

/** One command. `plugin` counts the plugins installed so far; `board` is a scoreboard's id. */
export const Command = Schema.TaggedUnion({
  install: { outcome: Schema.Literals(["ok", "fails", "uninstallsItself"]) },
  register: { plugin, event },
  unregister: { plugin, event },
  vcpuInit: { vcpu },
  vcpuExit: { vcpu },
  drain: { vcpu },
  reset: { plugin },
  uninstall: { plugin },
  scoreboardNew: { elementSize: Schema.Literals([0, 1, 8, 12, 24]) },
  scoreboardFree: { board },
  find: { board, vcpu },
  /** While the first handler runs, `plugin` unregisters or registers its own for the same event. */
  fire: { event, plugin, meanwhile: Schema.Literals(["nothing", "unregister", "register", "both"]) },
  userExit: {}
})
export type Command = typeof Command.Type

/** A sequence of commands. */
export const Commands = Schema.Array(Command)

/** What a command comes to: error tags, counts, or the labels of the handlers that were called. */
export type Outcome = string

/** Something that takes commands: the state under test, or the model. */
export interface Subject {
  readonly run: (command: Command) => Outcome
  /** Everything observable, in a form that can be compared. */
  readonly snapshot: () => object
}
