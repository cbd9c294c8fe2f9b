/**
 * A random program as a tree: what can be taken out of it for shrinking without making it invalid. `assemble` makes its code.
 *
 * Registers have roles, so that every tree is a program that ends: x1 is the link register, x2 the stack pointer, x3 points into
 * the middle of the data, x4 to its end, x8 and x9 are moving pointers, x18 to x23 count loops (two per function), x24 the one around everything, x26
 * counts recursion, x27 points to constants and tables, the rest is free.
 */

/** One instruction word of two or four bytes. */
export interface Word {
  readonly raw: number
  readonly size: 2 | 4
}

/** A conditional branch: mnemonic and operands. */
export interface Branch {
  readonly name: "beq" | "bne" | "blt" | "bge" | "bltu" | "bgeu"
  readonly rs1: number
  readonly rs2: number
}

export type Body = ReadonlyArray<Item>

export type Item =
  | { readonly kind: "words"; readonly words: ReadonlyArray<Word> }
  | { readonly kind: "if"; readonly branch: Branch; readonly taken: Body; readonly otherwise: Body }
  | {
      readonly kind: "loop"
      readonly counter: number
      readonly trips: number
      readonly body: Body
      /** Where the loop is entered in its middle when the branch is taken: makes it irreducible. */
      readonly entrance: { readonly branch: Branch; readonly at: number } | undefined
      /** The condition is at the top. */
      readonly top: boolean
    }
  /** Parts that jump to each other in any order, also backwards and into cycles: each one counts down before its body. */
  | {
      readonly kind: "tangle"
      readonly counter: number
      readonly trips: number
      readonly start: number
      readonly parts: ReadonlyArray<Part>
    }
  | { readonly kind: "leave"; readonly how: "break" | "continue"; readonly branch: Branch }
  | { readonly kind: "call"; readonly callee: number; readonly link: 1 | 5; readonly via: "jal" | "jalr" | "c.jalr" }
  | { readonly kind: "switch"; readonly index: number; readonly jump: number; readonly cases: ReadonlyArray<Body> }
  /** Calls of itself, `depth` deep at most. */
  | { readonly kind: "recurse"; readonly depth: number; readonly body: Body }
  /** Out of the function. */
  | { readonly kind: "return"; readonly branch: Branch }

/** A part of a tangle: its body, a conditional branch to another part, then where else it goes. */
export interface Part {
  readonly body: Body
  readonly branch: Branch
  readonly to: number
  /** A part; behind this one; or by a jump table over all of them, which the register chooses from. */
  readonly after: number | "on" | { readonly index: number; readonly jump: number }
}

/** How callbacks are strewn over the program. */
export interface Plugins {
  readonly seed: number
  /** One instruction in so many has something. */
  readonly sparse: number
  /** Blocks have callbacks too. */
  readonly blocks: boolean
  /** The same instruction gets the same callbacks in whichever block it is. */
  readonly shared: boolean
  /** Kinds of `instrument` that are used, as a bit mask. */
  readonly kinds: number
}

export interface Program {
  readonly seed: number
  /** The first one is where the program begins; a function calls only later ones. */
  readonly functions: ReadonlyArray<Body>
  /** Offset of the code in its first page. */
  readonly offset: number
  /** The functions lie so far apart that their entries collide in the JIT's table. */
  readonly spread?: boolean
  readonly plugins: Plugins | undefined
  /** Largest number of instructions between two looks. */
  readonly budget: number
  readonly hotThreshold: number
  /** Between two looks, sometimes changes page protections, registers, code. */
  readonly disturb: boolean
}
