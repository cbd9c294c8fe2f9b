/** What becomes of a plugin that fails: the user's choice, and how the user is told. */
import * as Context from "effect/Context"
import type { PluginCallbackError } from "./PluginError.ts"

/** `abort` ends the run; `detach` takes the plugin out, and the run goes on without it. */
export type OnPluginError = "abort" | "detach"

/** How failures of plugins are dealt with. */
export interface PluginFailurePolicy {
  readonly onError: OnPluginError
  /** Told each failure that does not end the run, and those that come after the one that does. */
  readonly report: (error: PluginCallbackError) => void
  /** Told of what is no failure, but most likely a mistake in a plugin: one line that says what to write. */
  readonly warn?: (message: string) => void
}

/** The policy of a plugin system; one that ends the run by default. */
export const PluginFailures = Context.Reference<PluginFailurePolicy>("@emu/core/PluginFailures", {
  defaultValue: () => ({ onError: "abort", report: () => {} })
})
