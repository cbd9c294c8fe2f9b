/** Why a file cannot be run. */
import * as Data from "effect/Data"

/** The file is no ELF file that this emulator can run; `reason` says what is wrong and where in the file. */
export class ElfError extends Data.TaggedError("ElfError")<{ readonly path: string; readonly reason: string }> {
  override get message() {
    return `cannot run ${this.path}: ${this.reason}`
  }
}
