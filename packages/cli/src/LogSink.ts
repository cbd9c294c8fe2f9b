/** Where the log and the text of plugins go: stderr or the file of `-D`. Buffered, since plugins may print millions of lines. */
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import { UsageError } from "./UsageError.ts"
import { complain, writeAll } from "./hostText.ts"

const flushAt = 64 * 1024

export class LogSink {
  readonly #descriptor: number
  /** Name for error messages. */
  readonly #name: string
  #hasFailed = false
  #parts: Array<string> = []
  #length = 0
  #scheduled: NodeJS.Immediate | undefined

  private constructor(descriptor: number, name: string) {
    this.#descriptor = descriptor
    this.#name = name
  }

  /**
   * @param file path of the log file, which is emptied; undefined for stderr
   * @param option what the user has named it by
   * @returns fails where the file cannot be written
   */
  static readonly open = (file: string | undefined, option = "-D"): Effect.Effect<LogSink, UsageError> =>
    Effect.try({
      try: () => (file === undefined ? new LogSink(2, "stderr") : new LogSink(fs.openSync(file, "w"), file)),
      catch: (error) =>
        new UsageError(`option ${option}: cannot write ${file}: ${error instanceof Error ? error.message : String(error)}`)
    })

  /** Whether the file of `-D` could not be written in full. */
  get isIncomplete(): boolean {
    return this.#hasFailed && this.#descriptor !== 2
  }

  /** Takes text; it is written soon, at the latest at the next turn of the event loop. */
  readonly write = (text: string): void => {
    this.#parts.push(text)
    this.#length += text.length
    if (this.#length >= flushAt) this.flush()
    else this.#scheduled ??= setImmediate(this.flush)
  }

  /** Writes what has been taken: before the guest writes, so that the order is right on a terminal, and at the end. */
  readonly flush = (): void => {
    clearImmediate(this.#scheduled)
    this.#scheduled = undefined
    if (this.#length === 0) return
    const text = this.#parts.join("")
    this.#parts = []
    this.#length = 0
    const problem = writeAll(this.#descriptor, text)
    if (problem === undefined || this.#hasFailed) return
    this.#hasFailed = true
    complain(`the log is incomplete: cannot write ${this.#name}: ${problem}`)
  }
}
