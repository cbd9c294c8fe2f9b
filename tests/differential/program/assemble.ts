/** From a program's tree to its code, tables and entry. */
import { compressedRows } from "@emu/guest/riscv64/isa/compressed"
import { encode } from "@emu/guest/riscv64/isa/encode"
import { insnRow } from "@emu/guest/riscv64/isa/table"
import { code, constantCount, constants, entryTableSpan, tables } from "./layout.ts"
import { insn } from "./operations.ts"
import type { Body, Branch, Item, Program, Word } from "./Program.ts"

/** A program as it is put into memory. */
export interface Image {
  readonly start: number
  readonly bytes: Uint8Array
  /** Addresses that jump tables hold, from `tables` on. */
  readonly tables: ReadonlyArray<number>
  /** Addresses of four-byte instructions that do not transfer control. */
  readonly plain: ReadonlyArray<number>
  /** Behind the system call that ends the program. */
  readonly end: number
}

/** Entries of jump tables that an offset from the pointer to constants reaches. */
const maxTables = 2048 / 8 - constantCount

interface Label {
  address: number
}

type Part =
  /** `free`: any other instruction would do as well. */
  | { readonly kind: "word"; readonly word: Word; readonly free: boolean }
  | { readonly kind: "label"; readonly label: Label }
  /** What follows begins so many bytes behind the start. */
  | { readonly kind: "origin"; readonly offset: number }
  /** Grows from two to four bytes when the target is out of reach. */
  | { readonly kind: "branch"; readonly branch: Branch; readonly target: Label; size: 2 | 4 }
  | { readonly kind: "jump"; readonly link: number; readonly target: Label; size: 2 | 4 }
  /** `lui` or `addi` of a label's address. */
  | { readonly kind: "address"; readonly name: "lui" | "addi"; readonly register: number; readonly target: Label }

const compressedPattern = (name: string) => compressedRows.find((row) => row.name === name)!.pattern
const patterns = {
  j: compressedPattern("c.j"),
  beqz: compressedPattern("c.beqz"),
  bnez: compressedPattern("c.bnez"),
  jalr: compressedPattern("c.jalr")
}

const short = (pattern: (typeof patterns)["j"], operands: Record<string, number>): Word => ({
  raw: encode(pattern, operands) & 0xffff,
  size: 2
})

const isShortBranch = ({ name, rs1, rs2 }: Branch) =>
  (name === "beq" || name === "bne") && rs2 === 0 && rs1 >= 8 && rs1 <= 15

const upper = (address: number) => (address + 0x800) & ~0xfff

class Assembler {
  private readonly parts: Array<Part> = []
  private readonly entries: ReadonlyArray<Label>
  private readonly tableLabels: Array<Label> = []
  private readonly loops: Array<{ readonly next: Label; readonly behind: Label }> = []
  private leaving: Label = { address: 0 }

  constructor(program: Program) {
    this.entries = program.functions.map(() => ({ address: 0 }))
  }

  private word(word: Word, free = false): void {
    this.parts.push({ kind: "word", word, free })
  }

  private insn(name: string, operands: Record<string, number>): void {
    this.word(insn(name, operands))
  }

  private place(label: Label): void {
    this.parts.push({ kind: "label", label })
  }

  private branch(branch: Branch, target: Label): void {
    this.parts.push({ kind: "branch", branch, target, size: isShortBranch(branch) ? 2 : 4 })
  }

  private jump(target: Label, link = 0): void {
    this.parts.push({ kind: "jump", link, target, size: link === 0 ? 2 : 4 })
  }

  private address(register: number, target: Label): void {
    this.parts.push({ kind: "address", name: "lui", register, target }, { kind: "address", name: "addi", register, target })
  }

  /** @param spread put it where its entry collides with the first function's in the JIT's table */
  function(index: number, body: Body, spread: boolean): void {
    if (spread && index > 0) this.parts.push({ kind: "origin", offset: 8 + index * entryTableSpan })
    this.place(this.entries[index]!)
    this.leaving = { address: 0 }
    // Link registers are kept behind what compressed stores off the stack pointer reach.
    this.insn("addi", { rd: 2, rs1: 2, imm: -1024 })
    this.insn("sd", { rs1: 2, rs2: 1, imm: 1000 })
    this.insn("sd", { rs1: 2, rs2: 5, imm: 992 })
    this.body(body)
    this.place(this.leaving)
    this.insn("ld", { rd: 1, rs1: 2, imm: 1000 })
    this.insn("ld", { rd: 5, rs1: 2, imm: 992 })
    this.insn("addi", { rd: 2, rs1: 2, imm: 1024 })
    // A caller clears the link register that it does not use.
    const second: Label = { address: 0 }
    this.branch({ name: "beq", rs1: 1, rs2: 0 }, second)
    this.insn("jalr", { rd: 0, rs1: 1, imm: 0 })
    this.place(second)
    this.insn("jalr", { rd: 0, rs1: 5, imm: 0 })
  }

  main(): void {
    this.jump(this.entries[0]!, 1)
    this.insn("ecall", {})
  }

  private body(body: Body): void {
    for (const item of body) this.item(item)
  }

  private item(item: Item): void {
    switch (item.kind) {
      case "words":
        for (const word of item.words) this.word(word, true)
        return
      case "if": {
        const fork: Label = { address: 0 }
        const behind: Label = { address: 0 }
        this.branch(item.branch, fork)
        this.body(item.otherwise)
        if (item.taken.length > 0) this.jump(behind)
        this.place(fork)
        this.body(item.taken)
        return this.place(behind)
      }
      case "loop":
        return this.loop(item)
      case "tangle":
        return this.tangle(item)
      case "leave": {
        const loop = this.loops.at(-1)
        if (loop !== undefined) this.branch(item.branch, item.how === "break" ? loop.behind : loop.next)
        return
      }
      case "return":
        return this.branch(item.branch, this.leaving)
      case "call":
        return this.call(item)
      case "switch":
        return this.switch(item)
      case "recurse":
        return this.recurse(item)
    }
  }

  private loop({ body, counter, entrance, top, trips }: Extract<Item, { kind: "loop" }>): void {
    const head: Label = { address: 0 }
    const middle: Label = { address: 0 }
    const loop = { next: { address: 0 }, behind: { address: 0 } }
    this.insn("addi", { rd: counter, rs1: 0, imm: trips })
    if (entrance !== undefined) this.branch(entrance.branch, middle)
    this.place(head)
    if (top) {
      this.place(loop.next)
      this.branch({ name: "bge", rs1: 0, rs2: counter }, loop.behind)
      this.insn("addi", { rd: counter, rs1: counter, imm: -1 })
    }
    this.loops.push(loop)
    const at = Math.min(entrance?.at ?? 0, body.length)
    this.body(body.slice(0, at))
    this.place(middle)
    this.body(body.slice(at))
    this.loops.pop()
    if (top) this.jump(head)
    else {
      this.place(loop.next)
      this.insn("addi", { rd: counter, rs1: counter, imm: -1 })
      this.branch({ name: "blt", rs1: 0, rs2: counter }, head)
    }
    this.place(loop.behind)
  }

  private tangle({ counter, parts, start, trips }: Extract<Item, { kind: "tangle" }>): void {
    const labels = parts.map((): Label => ({ address: 0 }))
    const behind: Label = { address: 0 }
    this.insn("addi", { rd: counter, rs1: 0, imm: trips })
    this.jump(labels[start]!)
    this.loops.push({ next: labels[0]!, behind })
    parts.forEach(({ after, body, branch, to }, i) => {
      this.place(labels[i]!)
      this.insn("addi", { rd: counter, rs1: counter, imm: -1 })
      this.branch({ name: "bge", rs1: 0, rs2: counter }, behind)
      this.body(body)
      this.branch(branch, labels[to]!)
      if (typeof after === "number") this.jump(labels[after]!)
      else if (after !== "on") this.tableJump(after.index, after.jump, labels)
    })
    this.loops.pop()
    this.place(behind)
  }

  private call({ callee, link, via }: Extract<Item, { kind: "call" }>): void {
    const target = this.entries[callee]!
    this.insn("addi", { rd: link === 1 ? 5 : 1, rs1: 0, imm: 0 })
    if (via === "jal") this.jump(target, link)
    else {
      this.address(7, target)
      if (via === "c.jalr" && link === 1) this.word(short(patterns.jalr, { rs1: 7 }))
      else this.insn("jalr", { rd: link, rs1: 7, imm: 0 })
    }
  }

  private switch({ cases, index, jump }: Extract<Item, { kind: "switch" }>): void {
    const behind: Label = { address: 0 }
    const labels = cases.map((): Label => ({ address: 0 }))
    this.tableJump(index, jump, labels)
    cases.forEach((body, i) => {
      this.place(labels[i]!)
      this.body(body)
      if (i < cases.length - 1) this.jump(behind)
    })
    this.place(behind)
  }

  /** Jumps to one of the labels, which a register chooses: to one of the first 2^n. */
  private tableJump(index: number, jump: number, labels: ReadonlyArray<Label>): void {
    const table = tables + 8 * this.tableLabels.length
    this.tableLabels.push(...labels)
    if (this.tableLabels.length > maxTables) throw new RangeError("the program has too many jump tables")
    const size = 2 ** Math.floor(Math.log2(Math.max(1, labels.length)))
    this.insn("andi", { rd: jump, rs1: index, imm: size - 1 })
    this.insn("sh3add", { rd: jump, rs1: jump, rs2: 27 })
    this.insn("ld", { rd: jump, rs1: jump, imm: table - constants.start })
    this.insn("jalr", { rd: 0, rs1: jump, imm: 0 })
  }

  private recurse({ body, depth }: Extract<Item, { kind: "recurse" }>): void {
    const entry: Label = { address: 0 }
    const base: Label = { address: 0 }
    const behind: Label = { address: 0 }
    this.insn("addi", { rd: 26, rs1: 0, imm: depth })
    this.jump(entry, 1)
    this.jump(behind)
    this.place(entry)
    this.insn("addi", { rd: 2, rs1: 2, imm: -1024 })
    this.insn("sd", { rs1: 2, rs2: 1, imm: 1000 })
    this.insn("addi", { rd: 26, rs1: 26, imm: -1 })
    this.branch({ name: "bge", rs1: 0, rs2: 26 }, base)
    this.jump(entry, 1)
    this.place(base)
    this.body(body)
    this.insn("ld", { rd: 1, rs1: 2, imm: 1000 })
    this.insn("addi", { rd: 2, rs1: 2, imm: 1024 })
    this.insn("jalr", { rd: 0, rs1: 1, imm: 0 })
    this.place(behind)
  }

  finish(offset: number): Image {
    const start = code.start + offset
    let end = start
    for (let settled = false; !settled;) {
      let at = start
      for (const part of this.parts) {
        if (part.kind === "label") part.label.address = at
        at = behind(part, at, start)
      }
      end = at
      settled = true
      at = start
      for (const part of this.parts) {
        if ((part.kind === "branch" || part.kind === "jump") && part.size === 2) {
          const distance = part.target.address - at
          const reach = part.kind === "branch" ? 254 : 2046
          if (distance < -reach || distance > reach) {
            part.size = 4
            settled = false
          }
        }
        at = behind(part, at, start)
      }
    }
    const bytes = new Uint8Array(end - start)
    const plain: Array<number> = []
    let at = start
    for (const part of this.parts) {
      if (part.kind !== "label" && part.kind !== "origin") {
        const { raw, size } = encodePart(part, at)
        for (let i = 0; i < size; i++) bytes[at - start + i] = raw >>> (8 * i)
        if (part.kind === "word" && size === 4 && part.free) plain.push(at)
      }
      at = behind(part, at, start)
    }
    return { start, bytes, tables: this.tableLabels.map((label) => label.address), plain, end: start + 8 }
  }
}

/** Where a part ends that begins at an address. */
const behind = (part: Part, at: number, start: number): number => {
  switch (part.kind) {
    case "label":
      return at
    case "origin":
      return start + part.offset
    case "word":
      return at + part.word.size
    case "address":
      return at + 4
    default:
      return at + part.size
  }
}

const encodePart = (part: Exclude<Part, { kind: "label" | "origin" }>, at: number): Word => {
  switch (part.kind) {
    case "word":
      return part.word
    case "address": {
      const { name, register, target } = part
      const high = upper(target.address)
      return name === "lui"
        ? insn("lui", { rd: register, imm: high })
        : insn("addi", { rd: register, rs1: register, imm: target.address - high })
    }
    case "jump": {
      const imm = part.target.address - at
      if (imm < -0x100000 || imm > 0xffffe) throw new RangeError("a jump of the program is too far from its target")
      return part.size === 2 ? short(patterns.j, { imm }) : insn("jal", { rd: part.link, imm })
    }
    case "branch": {
      const { name, rs1, rs2 } = part.branch
      const imm = part.target.address - at
      if (imm < -4096 || imm > 4094) throw new RangeError("a branch of the program is too far from its target")
      if (part.size === 2) return short(name === "beq" ? patterns.beqz : patterns.bnez, { rs1, imm })
      return { raw: encode(insnRow(name).pattern, { rs1, rs2, imm }) >>> 0, size: 4 }
    }
  }
}

/** The code of a program. Throws a RangeError where a function has become too long for its branches. */
export const assemble = (program: Program): Image => {
  const assembler = new Assembler(program)
  assembler.main()
  program.functions.forEach((body, index) => assembler.function(index, body, program.spread === true))
  return assembler.finish(program.offset)
}
