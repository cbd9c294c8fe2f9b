/** From the IR of a region's blocks to basic blocks with explicit terminators: the graph that the emitter structures. */
import { constantOf, type IrBlock, type Op } from "../../ir/Block.ts"
import { JumpHint, Opcode } from "../../ir/Opcode.ts"

/** A translation block as the JIT sees it. */
export interface RegionBlock {
  readonly pc: number
  /** Guest address behind the last instruction: where a call at the end of the block returns to. */
  readonly end: number
  readonly ir: IrBlock
}

/** How a node ends. Node numbers index `Cfg.nodes`. */
export type Terminator =
  | { readonly kind: "goto"; readonly target: number }
  | { readonly kind: "cond"; readonly op: Op; readonly taken: number; readonly next: number }
  /** To a constant pc outside of the region. */
  | { readonly kind: "leave"; readonly pc: number }
  /** A guest call: at `target` (a value of the block); control comes back to node `next` at `returnPc`. */
  | { readonly kind: "call"; readonly target: number; readonly returnPc: number; readonly next: number }
  /** A computed jump, call or return that leaves the region. */
  | { readonly kind: "jump"; readonly target: number; readonly hint: number }
  | { readonly kind: "exit"; readonly nextPc: number; readonly code: number }
  /** On the way in to an entry in the middle: to the case's node if the region was entered at its pc, else to `next`. */
  | {
      readonly kind: "dispatch"
      readonly cases: ReadonlyArray<{ readonly pc: number; readonly node: number }>
      readonly next: number
    }

/** A basic block: operations `start .. end - 1` of block number `block`. */
export interface Node {
  readonly block: number
  readonly start: number
  readonly end: number
  /** The first node of its translation block. */
  readonly first: boolean
  terminator: Terminator
}

export interface Cfg {
  readonly blocks: ReadonlyArray<RegionBlock>
  readonly nodes: Array<Node>
  /** First node of each block by its pc. */
  readonly entryOf: ReadonlyMap<number, number>
}

/** Successor nodes of a terminator, the likely (fall-through) one first. */
export const successors = (terminator: Terminator): Array<number> => {
  switch (terminator.kind) {
    case "goto":
      return [terminator.target]
    case "cond":
      return [terminator.next, terminator.taken]
    case "call":
      return [terminator.next]
    case "dispatch":
      return [terminator.next, ...terminator.cases.map((c) => c.node)]
    case "leave":
    case "jump":
    case "exit":
      return []
  }
}

/** A static way out of a block: to a constant pc, or behind a call to its return address. */
export interface StaticExit {
  readonly pc: number
  readonly call: boolean
}

/** Where a block continues that is known statically; calls count as continuing at their return address. */
export const staticExits = (block: RegionBlock): Array<StaticExit> => {
  const exits: Array<StaticExit> = []
  for (const op of block.ir.ops) {
    if (op.opcode === Opcode.goto_tb) {
      if (op.args[2] === JumpHint.call) exits.push({ pc: block.end, call: true })
      else {
        const pc = constantOf(block.ir, op.args[0]!)
        if (pc !== undefined) exits.push({ pc: Number(pc), call: false })
      }
    } else if (op.opcode === Opcode.goto_ptr && op.args[1] === JumpHint.call) exits.push({ pc: block.end, call: true })
  }
  return exits
}

/** Splits the blocks into nodes. Edges to blocks that are not in the list leave the region. */
export const buildCfg = (blocks: ReadonlyArray<RegionBlock>): Cfg => {
  const nodes: Array<Node> = []
  const entryOf = new Map<number, number>()
  const labels: Array<Map<number, number>> = []

  // First pass: where nodes begin.
  const ranges: Array<Array<{ start: number; end: number; node: number }>> = []
  blocks.forEach((block, b) => {
    entryOf.set(block.pc, nodes.length)
    const labelNode = new Map<number, number>()
    labels.push(labelNode)
    const list: Array<{ start: number; end: number; node: number }> = []
    ranges.push(list)
    const { ops } = block.ir
    let start = 0
    const cut = (end: number) => {
      const node = nodes.length
      nodes.push({ block: b, start, end, first: list.length === 0, terminator: { kind: "goto", target: -1 } })
      list.push({ start, end, node })
      start = end
    }
    ops.forEach((op, i) => {
      if (op.opcode === Opcode.set_label) {
        if (start < i || list.length === 0) cut(i)
        labelNode.set(op.args[0]!, nodes.length)
      } else if (isTerminator(op)) cut(i + 1)
    })
    if (start < ops.length) cut(ops.length)
  })

  // Second pass: where they go.
  blocks.forEach((block, b) => {
    ranges[b]!.forEach(({ end, node }) => {
      const last = block.ir.ops[end - 1]
      nodes[node]!.terminator = terminatorOf(block, last, node + 1, labels[b]!, entryOf)
    })
  })
  return { blocks, nodes, entryOf }
}

const isTerminator = (op: Op): boolean => {
  switch (op.opcode) {
    case Opcode.br:
    case Opcode.brcond:
    case Opcode.goto_tb:
    case Opcode.goto_ptr:
    case Opcode.exit_tb:
      return true
    default:
      return false
  }
}

const terminatorOf = (
  block: RegionBlock,
  last: Op | undefined,
  following: number,
  labels: ReadonlyMap<number, number>,
  entryOf: ReadonlyMap<number, number>
): Terminator => {
  if (last === undefined || !isTerminator(last)) return { kind: "goto", target: following }
  const { args } = last
  switch (last.opcode) {
    case Opcode.br:
      return { kind: "goto", target: labels.get(args[0]!)! }
    case Opcode.brcond:
      return { kind: "cond", op: last, taken: labels.get(args[3]!)!, next: following }
    case Opcode.exit_tb:
      return { kind: "exit", nextPc: args[0]!, code: args[1]! }
    default: {
      const hint = last.opcode === Opcode.goto_tb ? args[2]! : args[1]!
      const continuation = entryOf.get(block.end)
      if (hint === JumpHint.call && continuation !== undefined) {
        return { kind: "call", target: args[0]!, returnPc: block.end, next: continuation }
      }
      if (last.opcode === Opcode.goto_ptr) return { kind: "jump", target: args[0]!, hint }
      const pc = constantOf(block.ir, args[0]!)
      if (pc === undefined) return { kind: "jump", target: args[0]!, hint }
      const target = hint === JumpHint.call ? undefined : entryOf.get(Number(pc))
      return target === undefined ? { kind: "leave", pc: Number(pc) } : { kind: "goto", target }
    }
  }
}
