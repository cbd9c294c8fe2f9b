/** Why a program could not be started, apart from what is wrong with the ELF file itself. */
import * as Data from "effect/Data"

/** `reason` completes the sentence `cannot run PROGRAM: ...`. */
export class LoadError extends Data.TaggedError("LoadError")<{
  readonly path: string
  readonly reason: string
  /** What execve(2) gives (positive). */
  readonly errno: number
}> {
  override get message() {
    return `cannot run ${this.path}: ${this.reason}`
  }
}
