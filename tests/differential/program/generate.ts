/** Random programs by seed. */
import { Random } from "../Random.ts"
import { accessesOff, free, insn, type Mixture, narrowRegisters, operation } from "./operations.ts"
import { pointerNearEnd, walkingLoop } from "./walks.ts"
import type { Body, Branch, Item, Part, Plugins, Program } from "./Program.ts"

const branchNames = ["beq", "bne", "blt", "bge", "bltu", "bgeu"] as const

/** Counts the loop around everything. */
const outermost = 24

class Generator {
  private readonly random: Random
  private mixture: Mixture
  /** Most loops have pointers that walk, and regions little that keeps these from being followed. */
  readonly isWalking: boolean
  private readonly functions: number
  /** Instructions that may still be put into the function. */
  private room = 0
  private isLast = false

  constructor(random: Random, functions: number) {
    this.random = random
    this.functions = functions
    this.isWalking = random.oneIn(3)
    const isNarrow = random.oneIn(3)
    const isFloating = !isNarrow && random.oneIn(3)
    this.mixture = {
      float: isNarrow ? random.pick([0, 5]) : isFloating ? random.pick([40, 70]) : random.pick([0, 5, 15]),
      memory: random.pick([5, 20, 40, 60]),
      compressed: isNarrow ? 0 : random.pick([0, 30, 60]),
      csr: isNarrow ? 0 : isFloating ? random.pick([0, 5, 12]) : random.pick([0, 0, 1, 15]),
      narrow: isNarrow ? random.pick([70, 99]) : 0,
      edge: random.pick([0, 3, 12])
    }
  }

  /** @param isLast it calls no other */
  function(index: number, isLast: boolean): Body {
    const { random } = this
    this.isLast = isLast
    this.room = random.between(20, 160)
    // Callers count on what this one changes without looking at it: the floating-point status, registers that they keep narrow.
    if (index > 0 && isLast && random.oneIn(2)) this.mixture = { ...this.mixture, float: 0, narrow: 0 }
    if (index > 0) return this.body(index, 0, false, random.between(2, 6))
    // What is in the first function becomes hot, too.
    const body = this.body(index, 0, true, random.between(2, 6))
    const trips = random.pick([1, 5, 30, 100])
    const loop: Item = { kind: "loop", counter: outermost, trips, body, entrance: undefined, top: false }
    return this.mixture.narrow > 0 ? [{ kind: "words", words: narrowRegisters() }, loop] : [loop]
  }

  private branch(): Branch {
    const { random } = this
    const rs2 = random.oneIn(3) ? 0 : random.pick(free)
    return { name: random.pick(branchNames), rs1: random.oneIn(3) ? random.between(10, 15) : random.pick(free), rs2 }
  }

  private body(index: number, depth: number, inLoop: boolean, length: number): Body {
    const items: Array<Item> = []
    for (let i = 0; i < length && this.room > 0; i++) items.push(this.item(index, depth, inLoop))
    return items
  }

  private straight(): Item {
    const words = Array.from({ length: this.random.between(1, 8) }, () => operation(this.random, this.mixture)).flat()
    this.room -= words.length
    return { kind: "words", words }
  }

  private item(index: number, depth: number, inLoop: boolean): Item {
    const { random } = this
    const inner = (loop = inLoop) => this.body(index, depth, loop, random.between(1, 3))
    if (this.isWalking && random.oneIn(2)) return depth < 2 ? this.walkingLoop(index, depth) : this.straight()
    switch (random.below(14)) {
      case 0:
      case 1:
        return { kind: "if", branch: this.branch(), taken: inner(), otherwise: random.oneIn(2) ? [] : inner() }
      case 2:
      case 3:
      case 4:
        if (depth >= 2) return this.straight()
        return random.oneIn(this.isWalking ? 20 : 3)
          ? this.tangle(index, depth)
          : random.oneIn(3)
            ? this.walk(index, depth)
            : this.loop(index, depth)
      case 5:
        return inLoop ? { kind: "leave", how: random.pick(["break", "continue"]), branch: this.branch() } : this.straight()
      case 6:
      case 7: {
        if (this.isLast) return this.straight()
        const callee = random.between(index + 1, this.functions - 1)
        return { kind: "call", callee, link: random.oneIn(5) ? 5 : 1, via: random.pick(["jal", "jal", "jalr", "c.jalr"]) }
      }
      case 8: {
        if (this.isWalking) return this.straight()
        const cases = Array.from({ length: random.pick([2, 4, 8]) }, () =>
          this.body(index, depth, inLoop, random.between(0, 1))
        )
        return { kind: "switch", index: random.pick(free), jump: random.pick([6, 7, 28, 5]), cases }
      }
      case 9:
        if (depth === 0 && random.oneIn(index === 0 ? 3 : 8)) {
          return { kind: "recurse", depth: random.pick([3, 20, 300, 1500]), body: [this.straight()] }
        }
        return index > 0 && random.oneIn(4) ? { kind: "return", branch: this.branch() } : this.straight()
      default:
        return this.straight()
    }
  }

  private tangle(index: number, depth: number): Item {
    const { random } = this
    const count = random.between(2, 6)
    const part = () => random.below(count)
    const parts = Array.from({ length: count }, (): Part => ({
      body: this.body(index, depth + 1, true, random.between(0, 2)),
      branch: this.branch(),
      to: part(),
      after: random.oneIn(4) ? { index: random.pick(free), jump: random.pick([6, 7, 28]) } : random.oneIn(2) ? part() : "on"
    }))
    const counter = 18 + 2 * index + depth
    return { kind: "tangle", counter, trips: random.pick([8, 30, 100, 400]), start: part(), parts }
  }

  /** A loop that moves a pointer over the end of a page, of the data, or of what may be written; or leaves it there. */
  private walk(index: number, depth: number): Item {
    const { random } = this
    const pointer = random.pick([8, 9])
    const stride = random.pick([0, 0, 0, 1, 1, 2, 4, 8, 8, 16, 24, 264])
    const trips = random.pick([8, 20, 60])
    const body = this.body(index, depth + 1, true, random.between(0, 2))
    const words = [
      ...accessesOff(random, pointer),
      ...(stride === 0 ? [] : [insn("addi", { rd: pointer, rs1: pointer, imm: random.oneIn(3) ? -stride : stride })])
    ]
    this.room -= words.length
    const walking: Item = { kind: "words", words }
    const loop: Item = {
      kind: "loop",
      counter: 18 + 2 * index + depth,
      trips,
      body: random.oneIn(2) ? [walking, ...body] : [...body, walking],
      entrance: undefined,
      top: random.oneIn(3)
    }
    return {
      kind: "if",
      branch: { name: "beq", rs1: 0, rs2: 0 },
      taken: [{ kind: "words", words: pointerNearEnd(random, pointer) }, loop],
      otherwise: []
    }
  }

  private walkingLoop(index: number, depth: number): Item {
    const taken = walkingLoop(this.random, 18 + 2 * index + depth)
    this.room -= 20
    return { kind: "if", branch: { name: "beq", rs1: 0, rs2: 0 }, taken, otherwise: [] }
  }

  private loop(index: number, depth: number): Item {
    const { random } = this
    const body = this.body(index, depth + 1, true, random.between(1, 4))
    const entrance = random.oneIn(3) ? { branch: this.branch(), at: random.below(body.length + 1) } : undefined
    const trips = random.pick([1, 3, 8, 20, 60, 200])
    return { kind: "loop", counter: 18 + 2 * index + depth, trips, body, entrance, top: random.oneIn(3) }
  }
}

const plugins = (random: Random): Plugins => ({
  seed: random.word(),
  sparse: random.pick([1, 2, 5, 20]),
  blocks: random.oneIn(2),
  shared: random.oneIn(2),
  kinds: random.oneIn(2)
    ? random.word()
    : random.pick([
        0b11, 0b11, 0b11, 0b1100, 0b110000, 0b1000001, 0x30000, 0x30010, 0xc0000, 0xf0018, 0x100000, 0x100000, 0x300000,
        0x300408
      ])
})

/** The program of a seed. */
export const generate = (seed: number): Program => {
  const random = new Random(seed)
  const count = random.between(1, 3)
  const spread = count === 2 && random.oneIn(2)
  // Functions that are spread have a twin: not only their entries collide then.
  const generator = new Generator(random, spread ? count + 1 : count)
  const functions = Array.from({ length: count }, (_, index) => generator.function(index, index === count - 1))
  return {
    seed,
    functions: spread ? [...functions, functions.at(-1)!] : functions,
    offset: random.pick([0, 0, 0xfe0, 0xffa, 0xf00]),
    spread,
    plugins: random.below(5) < 2 ? plugins(random) : undefined,
    budget: random.pick([20, 100, 1000, 10_000]),
    // A region has only blocks that ran already: loops with more than one way in them must not be compiled too soon.
    hotThreshold: random.pick(generator.isWalking ? [2, 20, 40] : [1, 2, 5, 20]),
    disturb: random.oneIn(3)
  }
}
