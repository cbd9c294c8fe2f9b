/** One of the two engines that are compared: a guest of its own, its log and its events. */
import { makeRiscv64 } from "@emu/guest/riscv64/Riscv64"
import { CpuState } from "@emu/tcg/CpuState"
import { type CompiledStats, ExitKind } from "@emu/tcg/Engine"
import { type EngineServices, make, type EngineOptions } from "@emu/tcg/engine/tiered/TieredEngine"
import * as Layout from "@emu/tcg/Layout"
import { board } from "./board.ts"
import { makeInstrumenter } from "./instrument.ts"
import type { Image } from "./program/assemble.ts"
import {
  behindConstants,
  code,
  constantCount,
  constants,
  data,
  firstPage,
  fixedConstants,
  lastPage,
  patches,
  pointers,
  stack,
  usualConstants
} from "./program/layout.ts"
import { free, insn } from "./program/operations.ts"
import type { Plugins } from "./program/Program.ts"
import { Random } from "./Random.ts"
import { Traces, tracesEnd } from "./traces.ts"

const kindNames = Object.fromEntries(Object.entries(ExitKind).map(([name, kind]) => [kind, name]))

const makeState = () =>
  new CpuState(new WebAssembly.Memory({ initial: Layout.wasmPages, maximum: Layout.wasmPages, shared: true }))

/** Memories are costly to make: each side has one, cleared for each program. */
const states = new Map<string, CpuState>()

const stateOf = (name: string): CpuState => {
  let state = states.get(name)
  if (state === undefined) states.set(name, (state = makeState()))
  return state
}

const edges = [0n, 1n, -1n, 2n, 31n, 63n, 64n, 0xffn, 0x7fffffffn, 0x80000000n, -0x80000000n, 0xffffffffn].concat([
  0x100000000n,
  0x7fffffffffffffffn,
  -0x8000000000000000n,
  0x3ff0000000000000n,
  0x7ff0000000000000n,
  -0x10000000000000n,
  0x7ff8000000000000n,
  0x7ff0000000000001n,
  0x0010000000000000n,
  0x000fffffffffffffn,
  0x7fefffffffffffffn,
  0x3fe0000000000001n,
  0x43e0000000000000n,
  -0x3c20000000000000n,
  -0x80800000n,
  -0x807fffffn,
  -0x80000000n,
  -0xc07fffffn,
  -0xff800000n
])

/** A double, sometimes so small that its product with another is subnormal. */
const moderateDouble = (random: Random): bigint => {
  const exponent = random.oneIn(8) ? random.between(1, 20) : random.between(1000, 1050)
  return BigInt.asIntN(64, (random.word64() & 0x800fffffffffffffn) | (BigInt(exponent) << 52n))
}

/** The same as a boxed single. */
const moderateSingle = (random: Random): bigint => {
  const exponent = random.oneIn(8) ? random.between(1, 8) : random.between(118, 136)
  return BigInt((random.word() & 0x807fffff) | (exponent << 23)) | -0x100000000n
}

/** A value often at an edge of integers, doubles or (boxed) singles. */
const value = (random: Random): bigint => {
  switch (random.below(6)) {
    case 0:
    case 1:
      return random.pick(edges)
    case 2:
      return BigInt.asIntN(64, random.pick(edges) + BigInt(random.between(-3, 3)))
    case 3:
      return BigInt.asIntN(64, 0xffffffff00000000n | BigInt(random.word()))
    case 4:
      return moderateDouble(random)
    default:
      return random.word64()
  }
}

export class Side {
  readonly name: string
  readonly state: CpuState
  readonly services: EngineServices
  /** What callbacks saw since it was last cleared. */
  readonly log: Array<number> = []
  readonly traces: Traces
  /** Everything that ended a run, save budgets. */
  readonly events: Array<string> = []
  finished = false
  private readonly image: Image

  constructor(name: string, image: Image, seed: number, plugins: Plugins | undefined, options: Partial<EngineOptions>) {
    this.name = name
    this.image = image
    const state = stateOf(name)
    this.state = state
    this.fill(seed)
    this.traces = new Traces(state)
    this.services = make({ ...options, state, frontEnd: makeRiscv64({ time: () => 123_456_789n }) })
    const { codeCache } = this.services
    codeCache.setScoreboardLookup(() => board)
    if (plugins !== undefined) codeCache.setInstrumenter(makeInstrumenter(state, plugins, this.log, this.traces, codeCache))
  }

  private fill(seed: number): void {
    const { state } = this
    const { exec, mapped, read, write } = Layout.PageFlag
    const random = new Random(seed)
    state.u8.fill(0, 0, Layout.guestBase)
    state.u8.fill(0, Layout.guestEnd, tracesEnd)
    state.u8.fill(0, stack.start, stack.end)
    state.pageTable.fill(0)
    const map = ({ end, start }: { start: number; end: number }, flags: number) =>
      state.pageTable.fill(mapped | flags, start / Layout.pageSize, end / Layout.pageSize)
    map(code, read | exec)
    for (const range of [data, behindConstants, stack]) map(range, read | write)
    map(constants, read)
    for (const range of [firstPage, lastPage]) map(range, read | write)
    for (const patch of patches) {
      map(patch, (patch.flags.includes("r") ? read : 0) | (patch.flags.includes("w") ? write : 0))
    }
    for (const { end, start } of [data, behindConstants]) {
      for (let at = start / 8; at < end / 8; at++) state.i64[at] = value(random)
    }
    fixedConstants.forEach((constant, i) => (state.i64[constants.start / 8 + i] = constant))
    for (let i = fixedConstants.length; i < constantCount; i++) {
      const constant = i < usualConstants ? value(random) : i % 2 === 0 ? moderateDouble(random) : moderateSingle(random)
      state.i64[constants.start / 8 + i] = constant
    }
    this.image.tables.forEach((address, i) => (state.i64[constants.start / 8 + constantCount + i] = BigInt(address)))
    state.u8.set(this.image.bytes, this.image.start)
    for (let i = 1; i < 64; i++) state.i64[i] = value(random)
    for (const [register, address] of pointers) state.i64[register] = BigInt(address)
    for (const { end, start } of [firstPage, lastPage, ...patches]) {
      for (let at = start / 8; at < end / 8; at++) state.i64[at] = BigInt(Math.imul(at, 0x9e3779b1))
    }
    state.i64[Layout.CpuSlot.reserveAddress] = -1n
    state.i64[Layout.CpuSlot.pc] = BigInt(this.image.start)
  }

  /** Guest instructions executed. */
  get count(): number {
    return Number(this.state.i64[Layout.CpuSlot.instructions]!)
  }

  /** What was compiled so far. */
  get compiled(): CompiledStats | undefined {
    return this.services.engine.stats().compiled
  }

  get pc(): bigint {
    return this.state.u64[Layout.CpuSlot.pc]!
  }

  /** Runs for about so many instructions, or until something happens; that is noted, and then stepped over. */
  run(budget: number): void {
    const { engine } = this.services
    const { state } = this
    const { address, error, kind, mapped, store } = engine.run(budget)
    if (kind === ExitKind.budget || kind === ExitKind.requested || kind === ExitKind.yield) return
    const at = this.pc
    const about: Array<unknown> = [kindNames[kind], `at instruction ${this.count}`, `pc 0x${at.toString(16)}`]
    switch (kind) {
      case ExitKind.syscall:
        if (Number(at) === this.image.end) this.finished = true
        break
      case ExitKind.memoryFault:
      case ExitKind.alignmentFault:
        about.push(`address 0x${address.toString(16)}`, store, mapped)
        this.skip()
        break
      case ExitKind.breakpoint:
      case ExitKind.illegal:
        this.skip()
        break
      case ExitKind.callbackError:
        about.push((error as { readonly cause: unknown }).cause, (error as { readonly pc: bigint }).pc)
        this.skip()
        break
      case ExitKind.fetchFault:
        about.push(`address 0x${address.toString(16)}`, mapped)
        if (state.u64[1] === at || state.u64[1]! < code.start || state.u64[1]! >= code.end) this.finished = true
        else state.u64[Layout.CpuSlot.pc] = state.u64[1]!
        break
      case ExitKind.fenceI:
        engine.flushWritable()
        break
    }
    this.events.push(about.join(", "))
  }

  private skip(): void {
    const pc = Number(this.pc)
    this.state.u64[Layout.CpuSlot.pc] = BigInt(pc + ((this.state.u16[pc >> 1]! & 3) === 3 ? 4 : 2))
  }

  /** Changes what programs do not: page protections, the floating-point status, a register. Same for the same random numbers. */
  disturb(random: Random): void {
    const { state } = this
    const { mapped, read, write } = Layout.PageFlag
    const page = data.start / Layout.pageSize + random.below(4)
    switch (random.below(8)) {
      case 0: {
        const flags = random.pick([mapped | read, mapped, mapped | read | write, mapped | read | write])
        this.services.engine.protect(page, page, flags)
        state.pageTable[page] = flags
        break
      }
      case 1:
        state.i64[Layout.CpuSlot.fpFlags] = BigInt(random.below(32))
        break
      case 2:
        state.i64[Layout.CpuSlot.fpRound] = BigInt(random.below(5))
        break
      case 3:
        state.i64[random.between(10, 15)] = value(random)
        break
      case 4:
        state.i64[Layout.CpuSlot.vcpuIndex] = BigInt(random.below(board.capacity))
        break
      case 5: {
        if (this.image.plain.length === 0) break
        const at = random.pick(this.image.plain)
        const { raw } = insn("addi", { rd: random.pick(free), rs1: random.pick(free), imm: random.between(-2048, 2047) })
        for (let i = 0; i < 4; i++) state.u8[at + i] = raw >>> (8 * i)
        this.services.engine.flushPages(at >>> Layout.pageShift, (at + 3) >>> Layout.pageShift)
        break
      }
      case 6:
        if (random.oneIn(5)) this.services.engine.flush()
        break
      default:
        for (let p = data.start / Layout.pageSize; p < data.end / Layout.pageSize; p++) {
          this.services.engine.protect(p, p, mapped | read | write)
          state.pageTable[p] = mapped | read | write
        }
    }
  }
}
