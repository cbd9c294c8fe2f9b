/** Delivery: order, frames, masks, dispositions, and calls that a signal ended. */
import { beforeEach, assert, describe, it } from "@effect/vitest"
import { CpuSlot } from "@emu/tcg/Layout"
import { deliverFault, deliverPending, returnFromHandler } from "@emu/guest/linux/signals/deliver"
import { SaFlag, Sig, signalBit } from "@emu/guest/linux/signals/constants"
import { sigaltstack } from "@emu/guest/linux/signals/altStack"
import { type SigAction, Signals } from "@emu/guest/linux/signals/Signals"
import type { Kernel } from "@emu/guest/linux/kernel/Kernel"
import { ProcessTree } from "@emu/guest/linux/processes/ProcessTree"
import type { ProcessInfo } from "@emu/guest/linux/processes/ProcessInfo"
import { Scheduler } from "@emu/guest/linux/threads/Scheduler"
import { Thread } from "@emu/guest/linux/threads/Thread"
import { Threads } from "@emu/guest/linux/threads/Threads"
import { riscv64Abi } from "@emu/guest/riscv64/linux/abi"
import { kernelOf, makeGuestMemory, makeSpace, makeState, threadIds } from "../support/kernel.ts"

const state = makeState()
const { space } = makeSpace(state)
const guestMemory = makeGuestMemory(state)
const stackTop = 0x30000
space.map(0x20000, stackTop, { prot: 3 })
const [ra, sp, a0, a1, a2] = [1, 2, 10, 11, 12]
const handler = 0x5000
const frameSize = 832

let kernel: Kernel
let thread: Thread

const act = (signal: number, action: Partial<SigAction> = {}): void =>
  kernel.signals.setAction(signal, { handler: handler + signal, flags: 0, mask: 0n, ...action })
const send = (signal: number, code = 0): boolean => kernel.signals.sendToThread(thread, { signal, code, pid: 7, uid: 8 })
const pc = (): number => Number(state.u64[CpuSlot.pc])
const register = (index: number): number => Number(state.u64[index])
const u64 = (at: number): bigint => state.view.getBigUint64(at, true)

beforeEach(() => {
  state.i64.fill(0n, 0, 256)
  for (let i = 1; i < 64; i++) state.i64[i] = BigInt(1000 + i)
  state.i64[sp] = BigInt(stackTop - 100)
  state.i64[CpuSlot.pc] = 0x4000n
  state.i64[CpuSlot.fpFlags] = 5n
  state.i64[CpuSlot.fpRound] = 3n
  const process = { pid: 1, uid: 0, name: "test", vdsoBase: 0x7000 } as ProcessInfo
  const threads = new Threads(new Scheduler(), process, threadIds(2), () => undefined)
  thread = threads.create(guestMemory) as Thread
  const processes = new ProcessTree<Kernel>(2)
  kernel = kernelOf({
    state,
    abi: riscv64Abi,
    memory: space,
    threads,
    process,
    thread,
    signals: new Signals(threads, process),
    attributes: { processGroup: 1, session: 1 } as Kernel["attributes"],
    processes
  })
  Object.assign(kernel, { node: processes.add(kernel, undefined, 0) })
})

describe("a handler", () => {
  it("is entered with Linux's frame and registers", () => {
    act(Sig.USR1, { flags: SaFlag.sigInfo })
    thread.setMask(signalBit(Sig.HUP))
    send(Sig.USR1, -6)
    assert.isUndefined(deliverPending(kernel, thread))
    const frame = stackTop - 100 - frameSize - ((stackTop - 100 - frameSize) % 16)
    assert.deepStrictEqual(
      [pc(), register(sp), register(a0), register(a1), register(a2), register(ra)],
      [handler + Sig.USR1, frame, Sig.USR1, frame, frame + 128, 0x7000 + 0x6cc]
    )
    assert.deepStrictEqual(
      [0, 4, 8, 16, 20].map((at) => state.view.getInt32(frame + at, true)),
      [Sig.USR1, 0, -6, 7, 8]
    )
    const context = frame + 128
    assert.strictEqual(u64(context + 40), signalBit(Sig.HUP))
    assert.strictEqual(u64(context + 176), 0x4000n)
    assert.strictEqual(u64(context + 176 + 8 * a1), 1000n + BigInt(a1))
    assert.strictEqual(u64(context + 432 + 8 * 4), 1000n + 32n + 4n)
    assert.strictEqual(state.view.getUint32(context + 688, true), (3 << 5) | 5)
    assert.strictEqual(thread.mask, signalBit(Sig.HUP) | signalBit(Sig.USR1))
  })

  it("returns to exactly what was interrupted", () => {
    act(Sig.USR1, { mask: signalBit(Sig.USR2) })
    const before = state.i64.slice(0, 256)
    send(Sig.USR1)
    deliverPending(kernel, thread)
    for (let i = 1; i < 64; i++) if (i !== sp) state.i64[i] = -1n
    state.i64[CpuSlot.fpFlags] = 31n
    returnFromHandler(kernel, thread)
    assert.deepStrictEqual(state.i64.slice(0, 256), before)
    assert.strictEqual(thread.mask, 0n)
  })

  it("runs on the alternate stack if it asks for that", () => {
    state.view.setBigUint64(0x20000, 0x28000n, true)
    state.view.setInt32(0x20008, 0, true)
    state.view.setBigUint64(0x20010, 4096n, true)
    assert.strictEqual(sigaltstack(kernel, 0x20000, 0), 0)
    act(Sig.USR1, { flags: SaFlag.onStack })
    send(Sig.USR1)
    deliverPending(kernel, thread)
    assert.strictEqual(register(sp), 0x29000 - frameSize)
    assert.strictEqual(sigaltstack(kernel, 0x20000, 0), -1)
  })

  it("is replaced by the default after SA_RESETHAND, and not blocked with SA_NODEFER", () => {
    act(Sig.USR1, { flags: SaFlag.resetHand | SaFlag.noDefer })
    send(Sig.USR1)
    deliverPending(kernel, thread)
    assert.strictEqual(thread.mask, 0n)
    send(Sig.USR1)
    assert.strictEqual(deliverPending(kernel, thread)?.signal, Sig.USR1)
  })
})

describe("several signals", () => {
  it("get frames in the order of their numbers, so the last one's handler runs first", () => {
    // even numbers: where a handler goes on is an address of an instruction
    for (const signal of [Sig.USR2, Sig.ILL, Sig.USR1]) {
      act(signal)
      send(signal)
    }
    deliverPending(kernel, thread)
    const order = [pc() - handler]
    for (let i = 0; i < 2; i++) {
      returnFromHandler(kernel, thread)
      order.push(pc() - handler)
    }
    assert.deepStrictEqual(order, [Sig.USR2, Sig.USR1, Sig.ILL])
    returnFromHandler(kernel, thread)
    assert.strictEqual(pc(), 0x4000)
  })

  it("are kept once each, real-time ones all", () => {
    thread.setMask(~0n)
    for (const signal of [Sig.USR1, Sig.USR1, 40, 40]) {
      act(signal)
      send(signal)
    }
    const taken: Array<number> = []
    for (let info; (info = kernel.signals.take(thread, ~0n)) !== undefined;) taken.push(info.signal)
    assert.deepStrictEqual(taken, [Sig.USR1, 40, 40])
  })
})

describe("without a handler", () => {
  it.each([
    { signal: Sig.TERM, ends: true },
    { signal: Sig.SEGV, ends: true },
    { signal: Sig.CHLD, ends: false },
    { signal: Sig.WINCH, ends: false },
    { signal: Sig.TSTP, ends: false }
  ])("signal $signal ends the process: $ends", ({ signal, ends }) => {
    send(signal)
    assert.strictEqual(deliverPending(kernel, thread)?.signal, ends ? signal : undefined)
  })

  it("SIGKILL and SIGSTOP cannot be blocked", () => {
    thread.setMask(~0n)
    send(Sig.KILL)
    assert.strictEqual(deliverPending(kernel, thread)?.signal, Sig.KILL)
  })
})

describe("a fault", () => {
  it("ends the process if its signal is blocked or ignored", () => {
    act(Sig.SEGV)
    thread.setMask(signalBit(Sig.SEGV))
    assert.strictEqual(deliverFault(kernel, thread, { signal: Sig.SEGV, code: 1, address: 8n })?.signal, Sig.SEGV)
    act(Sig.BUS, { handler: 1 })
    assert.strictEqual(deliverFault(kernel, thread, { signal: Sig.BUS, code: 1 })?.signal, Sig.BUS)
  })

  it("tells the handler the address", () => {
    act(Sig.SEGV)
    deliverFault(kernel, thread, { signal: Sig.SEGV, code: 2, address: 0xdeadn })
    assert.strictEqual(u64(register(sp) + 16), 0xdeadn)
  })

  it("ends the process if rt_sigreturn finds no frame, even with SIGSEGV blocked", () => {
    thread.setMask(signalBit(Sig.SEGV))
    state.i64[sp] = 16n
    returnFromHandler(kernel, thread)
    assert.strictEqual(deliverPending(kernel, thread)?.signal, Sig.SEGV)
  })

  it("ends the process if there is no stack for the frame", () => {
    act(Sig.USR1)
    state.i64[sp] = 16n
    send(Sig.USR1)
    assert.strictEqual(deliverPending(kernel, thread)?.signal, Sig.SEGV)
  })
})

describe("a call that a signal ended", () => {
  const ended = (interrupted: "restartable" | "never restarted", flags: number) => {
    act(Sig.USR1, { flags })
    thread.interrupted = interrupted
    send(Sig.USR1)
    deliverPending(kernel, thread)
    returnFromHandler(kernel, thread)
    return { pc: pc(), result: state.i64[a0] }
  }

  it("runs again under SA_RESTART", () => {
    assert.deepStrictEqual(ended("restartable", SaFlag.restart), { pc: 0x4000 - 4, result: 1000n + 10n })
  })

  it("gives EINTR otherwise", () => {
    assert.deepStrictEqual(ended("restartable", 0), { pc: 0x4000, result: -4n })
    assert.deepStrictEqual(ended("never restarted", SaFlag.restart), { pc: 0x4000, result: -4n })
  })

  it("restores the mask of before sigsuspend after the handler", () => {
    act(Sig.USR1)
    thread.maskAfter = signalBit(Sig.USR1)
    thread.interrupted = "never restarted"
    send(Sig.USR1)
    deliverPending(kernel, thread)
    returnFromHandler(kernel, thread)
    assert.strictEqual(thread.mask, signalBit(Sig.USR1))
  })
})

describe("a signal for the process", () => {
  it("goes to a thread that does not block it, and waits for one otherwise", () => {
    act(Sig.USR1)
    const other = kernel.threads.create(guestMemory) as Thread
    thread.setMask(signalBit(Sig.USR1))
    other.attention = false
    kernel.signals.sendToProcess({ signal: Sig.USR1, code: 0 })
    assert.isTrue(other.attention)
    assert.isTrue(kernel.signals.isPending(other))
    assert.isFalse(kernel.signals.isPending(thread))
    other.setMask(signalBit(Sig.USR1))
    thread.setMask(0n)
    deliverPending(kernel, thread)
    assert.strictEqual(pc(), handler + Sig.USR1)
  })
})
