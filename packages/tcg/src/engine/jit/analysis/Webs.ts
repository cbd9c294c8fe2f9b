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
import { type Dataflow, firstMemoryGlobal, type Globals, isBarrier, isLocalGlobal, liveInOf, members } from "./Dataflow.ts"
import type { EntryWay } from "./Entries.ts"

/** Value numbers from here on are webs. Temps are far below. */
export const firstWeb = 1 << 24

/** Current web of each global; -1 where it has none. Plain arrays: copies of small ones cost a tenth of typed ones. */
export type WebMap = Array<number>

/** Loads of globals into webs: `[global, web]` pairs. */
export type WebLoads = ReadonlyArray<readonly [number, number]>

export interface Webs {
  /** The operations of each node with webs in place of globals. */
  readonly ops: ReadonlyArray<ReadonlyArray<Op>>
  /** Webs where each node begins and where it ends. */
  readonly start: ReadonlyArray<WebMap>
  readonly end: ReadonlyArray<WebMap>
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
 * Finds the webs of a region.
 *
 * @param start the node where the function begins
 * @param ways the ways into the region that begin there
 * @param wideAt globals that were seen at the entry of a block with values that are not sign-extended from 32 bits
 */
export const findWebs = (
  cfg: Cfg,
  flow: Dataflow,
  order: ReadonlyArray<number>,
  start: number,
  ways: ReadonlyArray<EntryWay>,
  wideAt: (pc: number) => Globals
): Webs => {
  const parent: Array<number> = []
  /** Members that may not be in 32 bits. */
  const wide = new Set<number>()
  const globals: Array<number> = []
  const fresh = (global: number): number => {
    globals.push(global)
    return parent.push(parent.length) - 1
  }
  const find = (web: number): number => {
    let root = web
    while (parent[root] !== root) root = parent[root]!
    for (let at = web; at !== root;) {
      const next = parent[at]!
      parent[at] = root
      at = next
    }
    return root
  }
  const load = (live: Globals, into: WebMap, wideGlobals: Globals): Array<[number, number]> =>
    members(live).map((global) => {
      const web = fresh(global)
      if ((wideGlobals >> BigInt(global)) & 1n) wide.add(web)
      into[global] = web
      return [global, web]
    })

  const startMaps: Array<WebMap> = []
  const endMaps: Array<WebMap> = []
  const ops = cfg.nodes.map((): Array<Op> => [])
  const behindCall = new Map<number, Array<[number, number]>>()
  const behindOp = new Map<Op, Array<[number, number]>>()
  for (const n of order) {
    const map = noWebs.slice()
    for (const global of members(flow.liveIn[n]!)) map[global] = fresh(global)
    startMaps[n] = map
  }
  const join = (from: WebMap, to: number): void => {
    for (const global of members(flow.liveIn[to]!)) {
      if (from[global]! >= 0) parent[find(from[global]!)] = find(startMaps[to]![global]!)
    }
  }
  const entry = ways.map(({ node, pcs }) => {
    const wideGlobals = pcs.reduce((set, pc) => set | wideAt(pc), 0n)
    const map = noWebs.slice()
    const loads = load(flow.liveIn[node]!, map, wideGlobals)
    join(map, node)
    return loads
  })
  for (const n of order) {
    const node = cfg.nodes[n]!
    const current = startMaps[n]!.slice()
    const behind = liveBehindBarriers(node, flow, n)
    ops[n] = node.ir.ops.slice(node.start, node.end).map((op, i) => {
      const { args, opcode } = op
      const { inputs, outputs } = opTable[opcode]!
      const renamed: Op = { opcode, args: args.slice() }
      for (let a = outputs; a < outputs + inputs; a++) if (isLocalGlobal(args[a]!)) renamed.args[a] = current[args[a]!]!
      if (behind !== undefined && isBarrier(node.ir, op)) behindOp.set(renamed, load(behind[i]!, current, ~0n))
      for (let a = 0; a < outputs; a++) {
        if (isLocalGlobal(args[a]!)) renamed.args[a] = current[args[a]!] = fresh(args[a]!)
      }
      return renamed
    })
    endMaps[n] = current
    if (n === start) continue
    if (node.terminator.kind === "call") {
      const map = noWebs.slice()
      behindCall.set(n, load(flow.liveIn[node.terminator.next]!, map, wideAt(node.terminator.returnPc)))
      join(map, node.terminator.next)
    } else for (const to of flowSuccessors(node.terminator)) join(current, to)
  }

  const number = (web: number): number => firstWeb + find(web)
  for (const n of order) {
    for (const map of [startMaps[n]!, endMaps[n]!])
      for (let g = 0; g < map.length; g++) if (map[g]! >= 0) map[g] = number(map[g]!)
    const source = cfg.nodes[n]!
    ops[n]!.forEach((op, i) => {
      const original = source.ir.ops[source.start + i]!
      const { inputs, outputs } = opTable[op.opcode]!
      for (let a = 0; a < outputs + inputs; a++) if (isLocalGlobal(original.args[a]!)) op.args[a] = number(op.args[a]!)
    })
  }
  const numbered = (loads: Array<[number, number]>): WebLoads => loads.map(([global, web]) => [global, number(web)])
  const calls = new Map([...behindCall].map(([n, loads]) => [n, numbered(loads)]))
  const barriers = new Map([...behindOp].map(([op, loads]) => [op, numbered(loads)]))
  const definedIn = (nodes: ReadonlySet<number>): ReadonlySet<number> => {
    const found = new Set<number>()
    for (const n of nodes) {
      for (const [, web] of calls.get(n) ?? []) found.add(web)
      for (const op of ops[n]!) {
        for (const [, web] of barriers.get(op) ?? []) found.add(web)
        if (opTable[op.opcode]!.outputs > 0 && op.args[0]! >= firstWeb) found.add(op.args[0]!)
      }
    }
    return found
  }
  const wideWebs = new Set([...wide].map(number))
  return {
    ops,
    start: startMaps,
    end: endMaps,
    entry: entry.map(numbered),
    behindCall: calls,
    behindOp: barriers,
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
  const behind: Array<Globals> = []
  liveInOf(node, flow.dirtyIn[n]!, liveOut, behind)
  return behind
}
