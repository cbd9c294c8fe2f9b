/** From the IR of a region's blocks to basic blocks with explicit terminators: the graph that the emitter structures. */
import { type DynCallback, InlineOp } from "@emu/core/Instrumentation"
import { constantOf, type IrBlock, type Op } from "../../../ir/Block.ts"
import { JumpHint, Opcode } from "../../../ir/Opcode.ts"

/** A translation block as a region has it. */
export interface RegionBlock {
  readonly pc: number
  /** Guest address behind the last instruction: where a call at the end of the block returns to. */
  readonly end: number
  /** Instrumentation of the block as a whole, where there is any: runs when the block is entered by its front. */
  readonly head: IrBlock | undefined
  readonly ir: IrBlock
  /** The block was cut short: it goes on behind the head of the block at this pc. */
  readonly cut: number | undefined
  /** Computed jumps of the region are likely to lead here. */
  readonly isJumpTarget: boolean
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
  /** On the way to a node in the middle: to the node of the case whose key the function's `pc` local is, else to `next`. */
  | {
      readonly kind: "dispatch"
      readonly cases: ReadonlyArray<DispatchCase>
      readonly next: number
      /** At the region's start: where entry at a target of computed jumps leads, with the key of the switch. */
      readonly others?: DispatchCase | undefined
    }
  /** A computed jump within the region: to the switch node `next`, with the target in the region's `next` local. */
  | { readonly kind: "compute"; readonly target: number; readonly next: number }
  /** By what the region's `next` local is: to the case with that pc, else out of the region. */
  | { readonly kind: "switch"; readonly cases: ReadonlyArray<SwitchCase> }
  /** Sets the `pc` local to a key, then goes to a dispatch node. The engine could go on at `resume` instead. */
  | { readonly kind: "enter"; readonly key: number; readonly resume: number | undefined; readonly target: number }

export interface SwitchCase {
  readonly pc: number
  readonly node: number
}

export interface DispatchCase {
  /** Guest pc of an entry, or an odd number for a node that is none. */
  readonly key: number
  readonly node: number
  /** The node is the one that the key is for, not another dispatch node on the way. */
  readonly last: boolean
  /** The way into the region that ends here: what is live behind it is loaded then. */
  readonly way?: number
}

/** A basic block: operations `start .. end - 1` of `ir`. */
export interface Node {
  readonly block: RegionBlock
  readonly ir: IrBlock
  readonly start: number
  readonly end: number
  /** The node where the translation block is entered. */
  readonly entry: boolean
  /** Where the engine can go on instead of at this node: the block's pc if the node (or the one behind it) is its entry. */
  readonly resume: number | undefined
  /** The first node of the block's own instructions. */
  readonly body: boolean
  terminator: Terminator
}

export interface Cfg {
  readonly blocks: ReadonlyArray<RegionBlock>
  readonly nodes: Array<Node>
  /** Node where each block is entered, by its pc. */
  readonly entryOf: ReadonlyMap<number, number>
  /** The node that computed jumps within the region share, if there are any. */
  readonly switchNode: number | undefined
}

/** Successor nodes of a terminator, the likely (fall-through) one first. */
export const successors = (terminator: Terminator): Array<number> => {
  switch (terminator.kind) {
    case "goto":
    case "enter":
      return [terminator.target]
    case "cond":
      return [terminator.next, terminator.taken]
    case "call":
      return [terminator.next]
    case "dispatch":
      return [
        terminator.next,
        ...terminator.cases.map((c) => c.node),
        ...(terminator.others ? [terminator.others.node] : [])
      ]
    case "compute":
      return [terminator.next]
    case "switch":
      return terminator.cases.map((c) => c.node)
    case "leave":
    case "jump":
    case "exit":
      return []
  }
}

/** The successors of each node. */
export const graphOf = (cfg: Cfg): Array<Array<number>> => cfg.nodes.map(({ terminator }) => successors(terminator))

/** Successors to which values flow in locals: not where ways into the region end, since these load what is live. */
export const flowSuccessors = (terminator: Terminator): Array<number> => {
  if (terminator.kind !== "dispatch") return successors(terminator)
  const { cases, next, others } = terminator
  const all = others === undefined ? cases : [...cases, others]
  return [next, ...all.filter(({ way }) => way === undefined).map(({ node }) => node)]
}

/** A terminator with its targets changed. */
export const redirect = (terminator: Terminator, move: (node: number) => number): Terminator => {
  switch (terminator.kind) {
    case "goto":
    case "enter":
      return { ...terminator, target: move(terminator.target) }
    case "cond":
      return { ...terminator, taken: move(terminator.taken), next: move(terminator.next) }
    case "call":
    case "compute":
      return { ...terminator, next: move(terminator.next) }
    case "switch":
      return { ...terminator, cases: terminator.cases.map((c) => ({ ...c, node: move(c.node) })) }
    case "dispatch":
      return {
        ...terminator,
        cases: terminator.cases.map((c) => ({ ...c, node: move(c.node) })),
        next: move(terminator.next),
        others: terminator.others && { ...terminator.others, node: move(terminator.others.node) }
      }
    default:
      return terminator
  }
}

/** A node without operations, in front of another. */
export const nodeInFrontOf = (node: Node, terminator: Terminator): Node => ({
  ...node,
  end: node.start,
  entry: false,
  body: false,
  terminator
})

/** A static way out of a block: to a constant pc, or behind a call to its return address. */
export interface StaticExit {
  readonly pc: number
  readonly call: boolean
}

/** Where a block continues that is known statically; calls count as continuing at their return address. */
export const staticExits = (ir: IrBlock, end: number): Array<StaticExit> => {
  const exits: Array<StaticExit> = []
  for (const op of ir.ops) {
    if (op.opcode === Opcode.goto_tb) {
      if (op.args[2] === JumpHint.call) exits.push({ pc: end, call: true })
      else {
        const pc = constantOf(ir, op.args[0]!)
        if (pc !== undefined) exits.push({ pc: Number(pc), call: false })
      }
    } else if (op.opcode === Opcode.goto_ptr && op.args[1] === JumpHint.call) exits.push({ pc: end, call: true })
  }
  return exits
}

/** Splits the blocks into nodes. Edges to blocks that are not in the list leave the region. */
export const buildCfg = (blocks: ReadonlyArray<RegionBlock>): Cfg => {
  const nodes: Array<Node> = []
  const entryOf = new Map<number, number>()
  const bodyOf = new Map<number, number>()
  /** Nodes behind labels, of the blocks that have some. */
  const labels = new Map<IrBlock, Map<number, number>>()

  const placeholder: Terminator = { kind: "goto", target: -1 }
  for (const block of blocks) {
    const { head, ir } = block
    entryOf.set(block.pc, nodes.length)
    if (head !== undefined) {
      const terminator: Terminator = { kind: "goto", target: nodes.length + 1 }
      nodes.push({ block, ir: head, start: 0, end: head.ops.length, entry: true, resume: block.pc, body: false, terminator })
    }
    bodyOf.set(block.pc, nodes.length)
    const labelNode = ir.labels > 0 ? new Map<number, number>() : undefined
    if (labelNode !== undefined) labels.set(ir, labelNode)
    let start = 0
    let first = true
    const cut = (end: number) => {
      const entry = first && head === undefined
      nodes.push({
        block,
        ir,
        start,
        end,
        entry,
        resume: entry ? block.pc : undefined,
        body: first,
        terminator: placeholder
      })
      first = false
      start = end
    }
    for (let i = 0; i < ir.ops.length; i++) {
      const op = ir.ops[i]!
      if (op.opcode === Opcode.set_label) {
        if (start < i || first) cut(i)
        labelNode!.set(op.args[0]!, nodes.length)
      } else if (isTerminator(op)) cut(i + 1)
    }
    if (start < ir.ops.length) cut(ir.ops.length)
  }
  nodes.forEach((node, n) => {
    const { block, end, ir } = node
    if (node.terminator !== placeholder) return
    node.terminator = terminatorOf(block, ir.ops[end - 1], n + 1, labels.get(ir), entryOf, bodyOf)
    const { terminator } = node
    const into = block.cut === undefined ? undefined : blocks.find(({ pc }) => pc === block.cut)
    if (into?.head === undefined || terminator.kind !== "goto" || terminator.target !== bodyOf.get(into.pc)) return
    const undone = inverse(into.head)
    if (undone === undefined) return
    nodes.push({
      block,
      ir: undone,
      start: 0,
      end: undone.ops.length,
      entry: false,
      resume: undefined,
      body: false,
      terminator: { kind: "goto", target: entryOf.get(into.pc)! }
    })
    node.terminator = { kind: "goto", target: nodes.length - 1 }
  })
  return { blocks, nodes, entryOf, switchNode: addSwitch(blocks, nodes, entryOf) }
}

/** Whether a node undoes the instrumentation of the block behind it: the region must not be left in between. */
export const isInverse = ({ block, ir }: Node): boolean => ir !== block.ir && ir !== block.head

/** Whether what a plugin does can be undone: it adds to a scoreboard. */
export const canBeUndone = (callback: DynCallback): boolean => callback.kind === "inline" && callback.op === InlineOp.addU64

/**
 * What undoes a block's own instrumentation, if that is nothing but additions to scoreboards. A block that was cut goes on behind
 * the head of another; led over this and the head instead, it does the same, and a loop that begins with the other block
 * keeps one entry, where the engine can go on.
 */
const inverse = (head: IrBlock): IrBlock | undefined => {
  const others = head.ops.some(({ opcode }) => opcode !== Opcode.insn_start && opcode !== Opcode.plugin_inline)
  if (others || !head.callbacks.every(({ callback }) => canBeUndone(callback))) return undefined
  const callbacks = head.callbacks.map(({ callback, ...rest }) => ({
    ...rest,
    callback: callback.kind === "inline" ? { ...callback, imm: -callback.imm } : callback
  }))
  return { ...head, callbacks }
}

/** Leads computed jumps to likely targets in the region, over one node that they share. */
const addSwitch = (
  blocks: ReadonlyArray<RegionBlock>,
  nodes: Array<Node>,
  entryOf: ReadonlyMap<number, number>
): number | undefined => {
  const targets = blocks.filter((block) => block.isJumpTarget)
  if (targets.length === 0) return undefined
  const jumps = nodes.filter(({ terminator }) => terminator.kind === "jump" && terminator.hint === JumpHint.jump)
  if (jumps.length === 0) return undefined
  const next = nodes.length
  const cases = targets.map(({ pc }) => ({ pc, node: entryOf.get(pc)! }))
  const front = nodeInFrontOf(nodes[0]!, { kind: "switch", cases })
  nodes.push({ ...front, resume: undefined })
  for (const node of jumps) {
    if (node.terminator.kind === "jump") node.terminator = { kind: "compute", target: node.terminator.target, next }
  }
  return next
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
  labels: ReadonlyMap<number, number> | undefined,
  entryOf: ReadonlyMap<number, number>,
  bodyOf: ReadonlyMap<number, number>
): Terminator => {
  if (last === undefined || !isTerminator(last)) return { kind: "goto", target: following }
  const { args } = last
  switch (last.opcode) {
    case Opcode.br:
      return { kind: "goto", target: labels!.get(args[0]!)! }
    case Opcode.brcond:
      return { kind: "cond", op: last, taken: labels!.get(args[3]!)!, next: following }
    case Opcode.exit_tb:
      return { kind: "exit", nextPc: args[0]!, code: args[1]! }
    default: {
      const hint = last.opcode === Opcode.goto_tb ? args[2]! : args[1]!
      const continuation = entryOf.get(block.end)
      if (hint === JumpHint.call && continuation !== undefined) {
        return { kind: "call", target: args[0]!, returnPc: block.end, next: continuation }
      }
      const pc = last.opcode === Opcode.goto_tb ? constantOf(block.ir, args[0]!) : undefined
      if (pc === undefined) return { kind: "jump", target: args[0]!, hint }
      const to = Number(pc)
      const target = hint === JumpHint.call ? undefined : to === block.cut ? bodyOf.get(to) : entryOf.get(to)
      return target === undefined ? { kind: "leave", pc: to } : { kind: "goto", target }
    }
  }
}

/** Nodes that a switch branches to: each needs a label. */
export const switchTargets = (cfg: Cfg): ReadonlyArray<number> => {
  const terminator = cfg.switchNode === undefined ? undefined : cfg.nodes[cfg.switchNode]!.terminator
  return terminator?.kind === "switch" ? terminator.cases.map(({ node }) => node) : []
}
