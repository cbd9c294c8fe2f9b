/** Errors of the plugin system: where QEMU aborts or asserts, a tagged class that names the culprit. */
import * as Data from "effect/Data"

/** No plugin has this id. */
export class UnknownPluginError extends Data.TaggedError("UnknownPluginError")<{ readonly id: bigint }> {
  override get message() {
    return `no plugin has the id ${this.id}: it was never installed, or is uninstalled`
  }
}

/** Any error of the plugin system. */
export type PluginError = UnknownPluginError
