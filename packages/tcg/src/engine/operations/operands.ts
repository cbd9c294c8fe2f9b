/** How operations of the interpreters' code lie in memory: the number, then the operands. */

/** What follows an operation's number: a word, or for the first one perhaps the upper half of the number's own word. */
export interface Operand {
  readonly name: string
  /** The word is the address of a value (eight bytes); otherwise it is what its name says. */
  readonly isValue: boolean
  /** It shares the number's word. Of values only results can: constants are too far up in memory. */
  readonly isPacked: boolean
}

/** An operation as far as its words go. */
export interface Shape {
  readonly name: string
  readonly operands: ReadonlyArray<Operand>
}

/** Operands by their names, separated by blanks; see `operation`. */
export const operandsOf = (names: string): ReadonlyArray<Operand> =>
  names.split(" ").map((name) => ({
    name: name.replace(/^[\^#]+/, ""),
    isValue: !name.includes("#"),
    isPacked: name.startsWith("^")
  }))

/** Words that an operation takes. */
export const wordsOf = ({ operands }: Shape): number => 1 + operands.filter(({ isPacked }) => !isPacked).length

/** The word that an operand is in, counted from the operation's. */
export const wordOf = ({ operands }: Shape, index: number): number =>
  operands[index]!.isPacked ? 0 : index + 1 - (operands[0]!.isPacked ? 1 : 0)
