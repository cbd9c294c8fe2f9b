/** The files that plugins write: bbv's intervals, drcov's coverage. `core` knows them by this shape only. */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"

/**
 * A file that a plugin writes. It appears under its name, whole, when it is closed; until then what was there before stays. One
 * that is never closed leaves nothing behind.
 */
export interface OutputFile {
  /** Absolute. */
  readonly path: string
  /** Appends. Throws `PluginFileError`. */
  readonly write: (chunk: string | Uint8Array) => void
  /** Makes the file appear. Throws `PluginFileError`. A second call does nothing. */
  readonly close: () => void
}

/** The host's files, as far as plugins write them. Relative paths start at the host's current directory. */
export class PluginFiles extends Context.Service<
  PluginFiles,
  {
    /**
     * A file of a plugin, by the plugin's id. Throws `PluginFileError` where it cannot be written, or is being written by another
     * plugin.
     */
    readonly open: (path: string, plugin: bigint) => OutputFile
    /** Ends what a plugin has not closed: nothing is left of it. */
    readonly discard: (plugin: bigint) => void
    /** Makes a directory, unless it is there. Throws `PluginFileError`. */
    readonly makeDirectory: (path: string) => void
  }
>()("@emu/core/PluginFiles") {
  /** Files in memory, for tests and browsers: a file's bytes are in `files` once it is closed. */
  static readonly inMemory = (files: Map<string, Uint8Array>): Layer.Layer<PluginFiles> =>
    Layer.succeed(PluginFiles)({
      open: (path) => memoryFile(path, files),
      discard: () => {},
      makeDirectory: () => {}
    })
}

const memoryFile = (path: string, files: Map<string, Uint8Array>): OutputFile => {
  const bytes: Array<number> = []
  const encoder = new TextEncoder()
  return {
    path,
    write: (chunk) => {
      for (const byte of typeof chunk === "string" ? encoder.encode(chunk) : chunk) bytes.push(byte)
    },
    close: () => void files.set(path, Uint8Array.from(bytes))
  }
}
