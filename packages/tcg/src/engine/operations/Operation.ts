/** What a row of the table of operations is made of. */
import type { CaseWriter } from "./CaseWriter.ts"

/** What follows an operation's number: a word, or for the first one perhaps the upper half of the number's own word. */
export interface Operand {
  readonly name: string
  /** The word is the address of a value (eight bytes); otherwise it is what its name says. */
  readonly isValue: boolean
  /** It shares the number's word. Of values only results can: constants are too far up in memory. */
  readonly isPacked: boolean
}

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

const operandsOf = (names: string): ReadonlyArray<Operand> =>
  names.split(" ").map((name) => ({
    name: name.replace(/^[\^#]+/, ""),
    isValue: !name.includes("#"),
    isPacked: name.startsWith("^")
  }))

/** Words that an operation takes. */
export const wordsOf = ({ operands }: Operation): number => 1 + operands.filter(({ isPacked }) => !isPacked).length

/** The word that an operand is in, counted from the operation's. */
export const wordOf = ({ operands }: Operation, index: number): number =>
  operands[index]!.isPacked ? 0 : index + 1 - (operands[0]!.isPacked ? 1 : 0)

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
