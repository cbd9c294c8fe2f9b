/** What plugins do in callbacks while a guest runs, as data: a sequence prints as JSON, and can be run again from it. */
import * as Schema from "effect/Schema"

/** Events that plugins listen to, and the bit of each in an event mask. */
export const eventBits = { init: 0, translate: 2, syscall: 5, return: 6, flush: 7, exit: 8, filter: 12 } as const
export type Event = keyof typeof eventBits

const event = Schema.Literals(["init", "translate", "syscall", "return", "flush", "exit", "filter"])
/** A plugin's number in the order of installation. Few, so that commands meet. */
const plugin = Schema.Literals([0, 1, 2, 3])

/** One thing that a callback does, to its own plugin or to another. */
export const Action = Schema.TaggedUnion({
  /** Replaces the handler where there is one. */
  register: { plugin, event },
  remove: { plugin, event },
  /** The callback at its end registers for `event`. */
  reset: { plugin, event },
  uninstall: { plugin },
  /** One more instance of the one plugin. */
  install: { events: Schema.Array(event) }
})
export type Action = typeof Action.Type

/** Plugins that are installed before the guest starts, and what callbacks do: `after` so many of them, the next one acts. */
export const Scenario = Schema.Struct({
  installed: Schema.Tuple([Schema.Array(event), Schema.Array(event)]),
  /** Plugins whose callbacks in code are deferred: those do nothing but to be heard of. */
  deferred: Schema.Array(plugin),
  steps: Schema.Array(Schema.Struct({ after: Schema.Literals([0, 1, 2, 3, 5, 9, 20]), action: Action }))
})
export type Scenario = typeof Scenario.Type

/** Which callback, counted from 0, does what. */
export const schedule = ({ steps }: Scenario): ReadonlyMap<number, Action> => {
  const actions = new Map<number, Action>()
  let at = 0
  for (const { action, after } of steps) {
    at += after
    actions.set(at++, action)
  }
  return actions
}

/** At most so many instances. */
export const maxPlugins = 6
