/** What a row of the table of operations is made of. */
import type { CaseWriter } from "./CaseWriter.ts"
import { type Operand, operandsOf } from "./operands.ts"

/** An operation of the interpreters' code: what it is called, what follows its number, and what it does, for either interpreter. */
export interface Operation {
  readonly name: string
  readonly operands: ReadonlyArray<Operand>
  /**
   * The case of the reference loop, in TypeScript. Operands are constants by their names: a value's is the index of its low word in `i32`,
   * any other's the word itself. The loop goes on behind the operation unless `jumps` says that this text sees to that.
   */
  readonly text: string
  /** Writes the case of the loop in WebAssembly, which goes on behind the operation unless `jumps`. */
  readonly emit: (to: CaseWriter) => void
  readonly jumps: boolean
}

/** Rows under a heading. */
export interface Family {
  readonly heading: string
  readonly operations: ReadonlyArray<Operation>
}

/**
 * A row.
 *
 * @param operands names in order, separated by blanks; `#` marks those that do not name values, `^` in front of all the first one where it
 *   shares the number's word
 */
export const operation = (name: string, operands: string, text: string, emit: (to: CaseWriter) => void): Operation => ({
  name,
  operands: operandsOf(operands),
  text,
  emit,
  jumps: false
})

/** A row of an operation that says itself where to go on. */
export const jump = (name: string, operands: string, text: string, emit: (to: CaseWriter) => void): Operation => ({
  ...operation(name, operands, text, emit),
  jumps: true
})
