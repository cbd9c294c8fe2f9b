/** Random callbacks on random instructions, and the log of what they saw. */
import {
  CallbackFlags,
  type DynCallback,
  type Instrumentation,
  InlineOp,
  MemRw,
  type TbInfo
} from "@emu/core/Instrumentation"
import { SetPcRequest } from "@emu/core/SetPcRequest"
import type { CpuState } from "@emu/tcg/CpuState"
import { board } from "./board.ts"
import { free } from "./program/operations.ts"
import type { Plugins } from "./program/Program.ts"
import { mix } from "./Random.ts"
import type { Traces } from "./traces.ts"

/** What callbacks ask of the engine. */
export interface Requests {
  readonly flush: () => void
  readonly requestExit: () => void
}

/** Kinds from here on are records of executed instructions and of accesses, beside what else there is. */
const traceExec = 16
const traceMem = 17
/** And these are callbacks of both sorts that may be called later, beside what else there is. */
const deferredExec = 18
const deferredMem = 19
/** And these count blocks, and instructions one by one, where nothing else counts. */
const countBlocks = 20
const countInsns = 21
/** How many kinds there are. */
export const kindCount = 22

/** All registers as one number. */
const registersHash = (state: CpuState): number => {
  let h = 0
  for (let i = 0; i < 128; i++) h = Math.imul(h ^ state.i32[i]!, 0x01000193) + 1
  return h >>> 0
}

/**
 * What to weave into blocks: it depends on addresses alone, so both engines get the same. With callbacks on blocks both have the
 * same blocks, too; then it may also depend on the block.
 *
 * @param log gets a few numbers for each callback
 */
export const makeInstrumenter = (
  state: CpuState,
  plugins: Plugins,
  log: Array<number>,
  traces: Traces,
  requests: Requests
): ((vcpu: number, tb: TbInfo) => Instrumentation) => {
  const entry = (n: number) => ({ scoreboard: board.id, offset: 8 * (n % 4) })
  /** An addition to an entry that others leave alone. */
  const count = (n: number, imm: bigint): DynCallback => ({
    kind: "inline",
    plugin,
    op: InlineOp.addU64,
    entry: { scoreboard: board.id, offset: 32 + 8 * n },
    imm
  })
  const counter = (n: number) => Number(state.u64[(board.byteOffset + 8 * (n % 4)) / 8]! & 0xffffffffn)
  const plugin = 1n
  const used = Array.from({ length: 16 }, (_, kind) => kind).filter((kind) => ((plugins.kinds >>> kind) & 1) !== 0)
  let calls = 0
  /** The block that is being translated; 0 where callbacks do not depend on it. */
  let owner = 0

  const exec = (pc: number, h: number, next: number): DynCallback | undefined => {
    const block = owner
    const n = h >>> 8
    // Where there are few kinds, each of them often: else a whole block would hardly ever have nothing but additions.
    const kind = used.length > 3 ? h % 16 : used[h % (2 * used.length)]
    if (kind === undefined || ((plugins.kinds >>> kind) & 1) === 0) return undefined
    const seen = (flags: 0 | 1 | 2 | 3, act: () => void = () => {}): DynCallback => ({
      kind: "exec",
      plugin,
      flags,
      callback: (vcpu) => {
        calls++
        log.push(block, pc, kind, vcpu, counter(n), flags === 0 ? 0 : registersHash(state))
        act()
      }
    })
    switch (kind) {
      case 0:
      case 1:
        return { kind: "inline", plugin, op: InlineOp.addU64, entry: entry(n), imm: n % 5 === 0 ? 1n << 40n : 1n }
      case 2:
        return { kind: "inline", plugin, op: InlineOp.storeU64, entry: entry(n), imm: BigInt(n % 100) }
      case 3:
        return seen(0)
      case 4:
        return seen(0, () => {
          traces.drain()
          log.push(traces.count)
        })
      case 5:
      case 6:
        return seen(1)
      case 7:
      case 8:
        return seen(2, () => {
          state.i64[free[n % free.length]!] = BigInt(counter(n)) * (n % 2 === 0 ? 0x10001n : 0x100010001n) - 5n
        })
      case 9:
        return seen(3, () => {
          if (calls % 7 === 0) throw new SetPcRequest(BigInt(next))
        })
      case 10:
      case 11:
        return {
          kind: "cond",
          plugin,
          flags: 1,
          cond: (n % 8) as 0,
          entry: entry(n),
          imm: BigInt((n >>> 3) % 50),
          callback: (vcpu) => {
            calls++
            log.push(pc, kind, vcpu, counter(n), registersHash(state))
            state.u64[(board.byteOffset + 8 * (n % 4)) / 8] = 0n
          }
        }
      case 12:
        return seen(0, () => {
          if (calls % 50 === 0) throw new Error("a callback's own")
        })
      case 13:
        return seen(0, () => {
          if (calls % 10 === 0) requests.requestExit()
        })
      case 14:
        return seen(1, () => {
          if (calls % 300 === 0) requests.flush()
        })
      default:
        return seen(2, () => {
          state.i64[32 + (n % 32)] = BigInt(n) | -0x100000000n
        })
    }
  }

  const memory = (pc: number, h: number): DynCallback => {
    const block = owner
    const n = h >>> 8
    const rw = n % 3 === 0 ? MemRw.readWrite : n % 3 === 1 ? MemRw.read : MemRw.write
    if (h % 4 === 0) return { kind: "memInline", plugin, rw, op: InlineOp.addU64, entry: entry(n), imm: 1n }
    const flags = h % 4 === 1 ? 0 : h % 4 === 2 ? 1 : 2
    return {
      kind: "mem",
      plugin,
      flags,
      rw,
      callback: (vcpu, info, address) => {
        calls++
        const { isStore, sizeShift, value } = info
        log.push(pc, vcpu, address, (isStore ? 16 : 0) + sizeShift, Number(value & 0xffffffffn), Number(value >> 32n))
        log.push(block, counter(n), flags === 0 ? 0 : registersHash(state))
        if (flags === 2) state.i64[free[n % free.length]!] = BigInt(address)
      }
    }
  }

  /** Deferred callbacks look at their arguments only. Sometimes they drain traces. */
  const laterExec = (pc: number, n: number): DynCallback => {
    const block = owner
    return {
      kind: "exec",
      plugin,
      flags: CallbackFlags.deferred,
      callback: (vcpu) => {
        calls++
        log.push(block, pc, deferredExec, vcpu)
        if (n % 7 === 0) traces.drain()
      }
    }
  }

  const laterMem = (pc: number, n: number): DynCallback => {
    const block = owner
    return {
      kind: "mem",
      plugin,
      flags: CallbackFlags.deferred,
      rw: n % 3 === 0 ? MemRw.readWrite : n % 3 === 1 ? MemRw.read : MemRw.write,
      callback: (vcpu, { isSignExtended, isStore, sizeShift, value }, address) => {
        calls++
        log.push(block, pc, deferredMem, vcpu, address, (isStore ? 16 : 0) + (isSignExtended ? 8 : 0) + sizeShift)
        log.push(Number(value & 0xffffffffn), Number(value >> 32n))
      }
    }
  }

  const isUsed = (kind: number) => ((plugins.kinds >>> kind) & 1) !== 0
  const known = new Map<number, Instrumentation["insns"][number]>()
  const forInsn = (pc: number, size: number) => {
    const h = mix(plugins.seed, pc)
    const counted = isUsed(countInsns) ? [count(0, 1n)] : []
    if (h % plugins.sparse !== 0) return { exec: counted, mem: [] }
    const n = mix(h, 8)
    const m = mix(h, 9)
    const lists = {
      exec: [
        exec(pc, mix(h, 1), pc + size),
        isUsed(traceExec) && n % 3 !== 0 ? traces.exec(pc, size, n >>> 8) : undefined,
        isUsed(deferredExec) && m % 3 !== 0 ? laterExec(pc, m >>> 8) : undefined,
        mix(h, 2) % 3 === 0 ? exec(pc, mix(h, 3), pc + size) : undefined
      ],
      mem: [
        mix(h, 4) % 3 === 0 ? memory(pc, mix(h, 5)) : undefined,
        isUsed(deferredMem) && m % 5 !== 0 ? laterMem(pc, m >>> 16) : undefined,
        isUsed(traceMem) && n % 5 !== 0 ? traces.mem(n >>> 16) : undefined
      ]
    }
    const isThere = (callback: DynCallback | undefined) => callback !== undefined
    return { exec: [...counted, ...lists.exec.filter(isThere)], mem: lists.mem.filter(isThere) }
  }
  return (_vcpu, tb) => {
    // Where the same instruction in two blocks has other callbacks, they know which block they belong to.
    owner = plugins.blocks && !plugins.shared ? Number(tb.pc) : 0
    const insns = tb.insns.map(({ pc, size }) => {
      const at = Number(pc)
      if (!plugins.shared) return forInsn(at, size)
      let lists = known.get(at)
      if (lists === undefined) known.set(at, (lists = forInsn(at, size)))
      return lists
    })
    const pc = Number(tb.pc)
    const h = mix(plugins.seed, pc + 1)
    const next = pc + tb.insns[0]!.size
    const head = plugins.blocks && h % 2 === 0 ? [exec(pc, mix(h, 6), next), exec(pc, mix(h, 7), next)] : []
    if (plugins.blocks && isUsed(deferredExec) && h % 3 === 0) head.push(laterExec(pc, h >>> 8))
    const counted = plugins.blocks && isUsed(countBlocks) ? [count(1, 1n)] : []
    return { tb: [...counted, ...head.filter((callback) => callback !== undefined)], insns }
  }
}
