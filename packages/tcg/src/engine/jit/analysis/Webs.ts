/**
 * Splits the globals of a region into webs: definitions and uses that belong together because they reach each other. A
 * register that is a pointer here and a 32-bit number there is two webs, each with a local of its own type.
 *
 * A web is a value number from `firstWeb` on. Its members are definitions by operations, loads from the vCPU's state (where the
 * region is entered, behind calls, behind callbacks that may write registers), and the values that flow into a node.
 */
import type { Op } from "../../../ir/Block.ts"
import { opTable } from "../../../ir/Opcode.ts"
import { type Cfg, flowSuccessors, type Node } from "./Cfg.ts"
import { type Dataflow, firstMemoryGlobal, type Globals, isBarrier, isLocalGlobal, liveBehind, members } from "./Dataflow.ts"
import type { EntryWay } from "./Entries.ts"
import type { Analysis } from "./Graph.ts"

/** Value numbers from here on are webs. Temps are far below. */
export const firstWeb = 1 << 24

/** Current web of each global; -1 where it has none. Plain arrays: copies of small ones cost a tenth of typed ones. */
export type WebMap = Array<number>

/** Loads of globals into webs: `[global, web]` pairs. */
export type WebLoads = ReadonlyArray<readonly [number, number]>

export interface Webs {
  /** The operations of each node, now with webs in place of globals. */
  readonly ops: ReadonlyArray<ReadonlyArray<Op>>
  /** Webs of the live globals where each node begins. */
  readonly start: ReadonlyArray<WebMap>
  /** What to load on each way into the region, behind a call, and behind operations that may write registers. */
  readonly entry: ReadonlyArray<WebLoads>
  readonly behindCall: ReadonlyMap<number, WebLoads>
  readonly behindOp: ReadonlyMap<Op, WebLoads>
  /** Whether a web's loads allow it to be narrow: it is not read back blindly, nor where wide values were seen. */
  readonly mayBeNarrow: (web: number) => boolean
  /** The global that a web is of. */
  readonly globalOf: (web: number) => number
  /** Webs that get a value within nodes: from operations, behind calls. */
  readonly definedIn: (nodes: ReadonlySet<number>) => ReadonlySet<number>
}

const noWebs: ReadonlyArray<number> = Array.from({ length: firstMemoryGlobal }, () => -1)

/**
 * Finds the webs of a region, and puts them in the places of globals in its operations: these are changed.
 *
 * @param graph the nodes that can be reached
 * @param start the node where the function begins
 * @param ways the ways into the region that begin there
 * @param wideAt globals that were seen at the entry of a block with values that are not sign-extended from 32 bits
 */
export const findWebs = (
  cfg: Cfg,
  flow: Dataflow,
  { order, predecessors }: Analysis,
  start: number,
  ways: ReadonlyArray<EntryWay>,
  wideAt: (pc: number) => Globals
): Webs => {
  const parent: Array<number> = []
  /** Members that may not be in 32 bits. */
  const wide: Array<number> = []
  const globals: Array<number> = []
  const fresh = (global: number): number => {
    const web = firstWeb + globals.length
    globals.push(global)
    parent.push(web)
    return web
  }
  /** The web that stands for one and all that were joined with it. */
  const find = (web: number): number => {
    let root = web
    while (parent[root - firstWeb] !== root) root = parent[root - firstWeb]!
    for (let at = web; at !== root;) {
      const next = parent[at - firstWeb]!
      parent[at - firstWeb] = root
      at = next
    }
    return root
  }
  const load = (live: ReadonlyArray<number>, into: WebMap, wideGlobals: Globals): Array<[number, number]> =>
    live.map((global) => {
      const web = fresh(global)
      if ((wideGlobals >> BigInt(global)) & 1n) wide.push(web)
      into[global] = web
      return [global, web]
    })

  const startMaps: Array<WebMap> = []
  const ops: Array<ReadonlyArray<Op>> = cfg.nodes.map(() => [])
  const behindCall = new Map<number, Array<[number, number]>>()
  const behindOp = new Map<Op, Array<[number, number]>>()
  /** The globals that are live where each node begins. */
  const live: Array<ReadonlyArray<number>> = []
  /** The node that a node's webs come from, where there is just one: most nodes are reached from one other. */
  const source: Array<number> = []
  for (const n of order) {
    live[n] = members(flow.liveIn[n]!)
    const before = predecessors[n]!.length === 1 ? predecessors[n]![0]! : start
    source[n] = before === start || cfg.nodes[before]!.terminator.kind === "call" ? -1 : before
    if (source[n] !== -1) continue
    const map = noWebs.slice()
    for (const global of live[n]) map[global] = fresh(global)
    startMaps[n] = map
  }
  const join = (from: WebMap, to: number): void => {
    const map = startMaps[to]!
    for (const global of live[to]!) {
      if (from[global]! >= 0) parent[find(from[global]!) - firstWeb] = find(map[global]!)
    }
  }
  const entry = ways.map(({ node, pcs }) => {
    const wideGlobals = pcs.reduce((set, pc) => set | wideAt(pc), 0n)
    const map = noWebs.slice()
    const loads = load(live[node]!, map, wideGlobals)
    join(map, node)
    return loads
  })
  for (const n of order) {
    const node = cfg.nodes[n]!
    const current = startMaps[n]!.slice()
    const behind = liveBehindBarriers(node, flow, n)
    const own = opsOf(node)
    for (let i = 0; i < own.length; i++) {
      const op = own[i]!
      const { args } = op
      const { inputs, outputs } = opTable[op.opcode]!
      for (let a = outputs; a < outputs + inputs; a++) if (isLocalGlobal(args[a]!)) args[a] = current[args[a]!]!
      if (behind !== undefined && isBarrier(node.ir, op)) behindOp.set(op, load(members(behind[i]!), current, ~0n))
      for (let a = 0; a < outputs; a++) if (isLocalGlobal(args[a]!)) args[a] = current[args[a]!] = fresh(args[a]!)
    }
    ops[n] = own
    if (n === start) continue
    if (node.terminator.kind === "call") {
      const { next, returnPc } = node.terminator
      const map = noWebs.slice()
      behindCall.set(n, load(live[next]!, map, wideAt(returnPc)))
      join(map, next)
      continue
    }
    for (const to of flowSuccessors(node.terminator)) {
      if (source[to] === -1) join(current, to)
      else {
        const map = noWebs.slice()
        for (const global of live[to]!) map[global] = current[global]!
        startMaps[to] = map
      }
    }
  }

  for (const n of order) {
    const map = startMaps[n]!
    for (const global of live[n]!) if (map[global]! >= firstWeb) map[global] = find(map[global]!)
    for (const { args, opcode } of ops[n]!) {
      const { inputs, outputs } = opTable[opcode]!
      for (let a = 0; a < outputs + inputs; a++) if (args[a]! >= firstWeb) args[a] = find(args[a]!)
    }
  }
  const nameLoads = (loads: Array<[number, number]>): void => {
    for (const each of loads) each[1] = find(each[1])
  }
  entry.forEach(nameLoads)
  behindCall.forEach(nameLoads)
  behindOp.forEach(nameLoads)
  const definedIn = (nodes: ReadonlySet<number>): ReadonlySet<number> => {
    const found = new Set<number>()
    for (const n of nodes) {
      for (const [, web] of behindCall.get(n) ?? []) found.add(web)
      for (const op of ops[n]!) {
        for (const [, web] of behindOp.get(op) ?? []) found.add(web)
        if (opTable[op.opcode]!.outputs > 0 && op.args[0]! >= firstWeb) found.add(op.args[0]!)
      }
    }
    return found
  }
  const wideWebs = new Set(wide.map(find))
  return {
    ops,
    start: startMaps,
    entry,
    behindCall,
    behindOp,
    mayBeNarrow: (web) => !wideWebs.has(web),
    globalOf: (web) => globals[web - firstWeb]!,
    definedIn
  }
}

/** Live globals behind each operation, if the node has one that may write registers behind the compiler's back. */
const liveBehindBarriers = (node: Node, flow: Dataflow, n: number): ReadonlyArray<Globals> | undefined => {
  const { end, ir, start, terminator } = node
  let found = false
  for (let i = start; i < end && !found; i++) found = isBarrier(ir, ir.ops[i]!)
  if (!found) return undefined
  let liveOut = 0n
  for (const s of flowSuccessors(terminator)) liveOut |= flow.liveIn[s]!
  return liveBehind(node, flow.dirtyIn[n]!, liveOut)
}

/** A node's operations; those of the block, where it is all of them. */
const opsOf = ({ end, ir, start }: Node): ReadonlyArray<Op> =>
  start === 0 && end === ir.ops.length ? ir.ops : ir.ops.slice(start, end)
