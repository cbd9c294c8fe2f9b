/** The files that plugins write, on Node: under another name first, and under theirs when they are whole. */
import * as fs from "node:fs"
import * as path from "node:path"
import { PluginFileError } from "@emu/core/PluginError"
import { type OutputFile, PluginFiles } from "@emu/core/PluginFiles"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const flushAt = 64 * 1024

/** Runs a file function; what it throws becomes a `PluginFileError` that names the file. */
const attempt = <A>(file: string, run: () => A): A => {
  try {
    return run()
  } catch (error) {
    // Node adds the call and the name: that of the temporary file would only confuse.
    const reason = error instanceof Error ? error.message.replace(/, \w+( '.*)?$/s, "") : String(error)
    throw new PluginFileError({ path: file, reason })
  }
}

/** Names that are being written, so that two plugins (or two instances of one) don't overwrite each other's results. */
type Busy = Set<string>

class NodeOutputFile implements OutputFile {
  readonly plugin: bigint
  /** As the user wrote it, for messages. */
  readonly #name: string
  readonly path: string
  readonly #busy: Busy
  /** Where the bytes go meanwhile; the file itself where that is no regular file (a terminal, a pipe, /dev/null). */
  readonly #temporary: string
  readonly #descriptor: number
  #parts: Array<Uint8Array> = []
  #length = 0
  #isOpen = true

  constructor(name: string, plugin: bigint, busy: Busy) {
    this.plugin = plugin
    this.#name = name
    this.#busy = busy
    if (name === "") throw new PluginFileError({ path: `""`, reason: "a file needs a name" })
    const existing = attempt(name, () => fs.statSync(name, { throwIfNoEntry: false }))
    this.path = attempt(name, () => (existing === undefined ? path.resolve(name) : fs.realpathSync(name)))
    if (busy.has(this.path)) throw new PluginFileError({ path: name, reason: "another plugin is writing it" })
    const isRegular = existing === undefined || existing.isFile()
    this.#temporary = isRegular ? `${this.path}.${process.pid}.part` : this.path
    // A file that is there, and that the user may not change, is not to be replaced either.
    if (isRegular && existing !== undefined) attempt(name, () => fs.accessSync(this.path, fs.constants.W_OK))
    this.#descriptor = attempt(name, () => fs.openSync(this.#temporary, "w"))
    busy.add(this.path)
  }

  readonly write = (chunk: string | Uint8Array): void => {
    if (!this.#isOpen) throw new PluginFileError({ path: this.#name, reason: "it is closed already" })
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk.slice()
    this.#parts.push(bytes)
    this.#length += bytes.length
    if (this.#length >= flushAt) this.#flush()
  }

  readonly close = (): void => {
    if (!this.#isOpen) return
    this.#flush()
    this.#release()
    if (this.#temporary !== this.path) attempt(this.#name, () => fs.renameSync(this.#temporary, this.path))
  }

  /** Leaves nothing behind. */
  abandon(): void {
    if (!this.#isOpen) return
    this.#release()
    if (this.#temporary !== this.path) fs.rmSync(this.#temporary, { force: true })
  }

  #release(): void {
    this.#isOpen = false
    this.#busy.delete(this.path)
    fs.closeSync(this.#descriptor)
  }

  #flush(): void {
    let bytes: Uint8Array = Buffer.concat(this.#parts)
    this.#parts = []
    this.#length = 0
    attempt(this.#name, () => {
      while (bytes.length > 0) bytes = bytes.subarray(fs.writeSync(this.#descriptor, bytes))
    })
  }
}

/** The host's files for plugins. What they have not closed by the end of the run is removed. */
export const nodePluginFiles: Layer.Layer<PluginFiles> = Layer.effect(PluginFiles)(
  Effect.gen(function* () {
    const files: Array<NodeOutputFile> = []
    const busy: Busy = new Set()
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        for (const file of files) file.abandon()
      })
    )
    return {
      open: (name, plugin) => {
        const file = new NodeOutputFile(name, plugin, busy)
        files.push(file)
        return file
      },
      discard: (plugin) => {
        for (const file of files) if (file.plugin === plugin) file.abandon()
      },
      makeDirectory: (name) => {
        attempt(name, () => {
          if (fs.statSync(name, { throwIfNoEntry: false })?.isDirectory() !== true) fs.mkdirSync(name)
        })
      }
    }
  })
)
