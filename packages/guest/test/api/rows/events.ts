/** Events outside of translated code: vCPUs, system calls, jumps that no instruction makes, sleep. */
import { DisconKind } from "@emu/core/PluginEvent"
import type { PluginApi } from "@emu/core/PluginApi"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { call, ebreak, ecall, insn, li, reg } from "../../linux/support/assemble.ts"
import {
  at,
  data,
  exit,
  exitWith,
  loop,
  type OnEngine,
  register,
  rounds,
  type Rows,
  Sys,
  tagOf,
  ticks,
  twoThreads
} from "../support/guest.ts"

const pcOf = (api: PluginApi): bigint => api.readRegister(register(api, "pc"))

const getpids = [...loop([...call(Sys.getpid, 9), insn("addi", { rd: reg.s0, rs1: reg.a0, imm: 0 })]), ...exitWith(reg.s0)]

/** Sleeps a microsecond, again and again. */
const sleeps = [
  ...li(reg.t0, data),
  ...li(reg.t1, 1000),
  insn("sd", { rs1: reg.t0, rs2: reg.t1, imm: 8 }),
  ...loop(call(Sys.nanosleep, data, 0)),
  ...exitWith(reg.a0)
]

/** Where a sequence of words begins in a program. */
const placeOf = (program: ReadonlyArray<number>, ...words: ReadonlyArray<number>): bigint => {
  const index = program.findIndex((_, i) => words.every((word, k) => program[i + k] === word))
  return 0x10000n + 4n * BigInt(index)
}

const marker = insn("addi", { rd: 0, rs1: 0, imm: 77 })

/**
 * Makes a signal by `cause` in every round. The handler goes on behind the cause if told to (`skips`): siginfo and context are at sp,
 * with the pc at offset 304 of them.
 */
const signalled = (signal: number, cause: ReadonlyArray<number>, skips: boolean) => {
  const handler = [
    marker,
    insn("ld", { rd: reg.t0, rs1: reg.sp, imm: 304 }),
    insn("addi", { rd: reg.t0, rs1: reg.t0, imm: skips ? 4 : 0 }),
    insn("sd", { rs1: reg.sp, rs2: reg.t0, imm: 304 }),
    insn("jalr", { rd: 0, rs1: reg.ra, imm: 0 })
  ]
  const program = [
    insn("jal", { rd: reg.t0, imm: 4 * (handler.length + 1) }),
    ...handler,
    ...li(reg.t1, data),
    insn("sd", { rs1: reg.t1, rs2: reg.t0, imm: 0 }),
    ...call(Sys.sigaction, signal, data, 0, 8),
    ...loop(cause),
    ...exit(0)
  ]
  return { program, handler: placeOf(program, marker), cause: placeOf(program, ...cause) + 4n * BigInt(cause.length - 1) }
}

type Jump = readonly [kind: number, from: bigint, to: bigint]

/** The jumps of a program, by kind; every one is from a vCPU whose pc is where the jump leads. */
const jumpsOf = Effect.fnUntraced(function* (on: OnEngine, program: ReadonlyArray<number>, kinds: number = DisconKind.all) {
  const jumps: Array<Jump> = []
  const { status } = yield* on(
    (api) =>
      Effect.andThen(
        api.onTbTrans(() => undefined),
        api.onDiscon(kinds, (vcpu, kind, from, to) => {
          assert.deepStrictEqual([vcpu, pcOf(api)], [0, to])
          jumps.push([kind, from, to])
        })
      ),
    program
  )
  return { jumps, status }
})

const sigreturnSite = (jumps: ReadonlyArray<Jump>): bigint => jumps.find(([kind]) => kind === DisconKind.hostcall)![1]

export const eventRows: Rows = {
  register_vcpu_init_cb: Effect.fnUntraced(function* (on) {
    const seen: Array<unknown> = []
    yield* on((api) =>
      api.onVcpuInit((vcpu) => {
        seen.push([vcpu, pcOf(api), tagOf(() => api.setPc(0n))])
        api.writeRegister(register(api, "a5"), 1n)
      })
    )
    assert.deepStrictEqual(seen, [[0, at.start, "RegisterPermissionError"]])

    const threads: Array<unknown> = []
    yield* on((api) => api.onVcpuInit((vcpu) => void threads.push(api.vcpuInfo(vcpu))), twoThreads)
    assert.deepStrictEqual(threads, [
      { vcpu: 0, tid: 100, pid: 100, name: "prog" },
      { vcpu: 1, tid: 101, pid: 100, name: "prog" }
    ])
  }),

  register_vcpu_exit_cb: Effect.fnUntraced(function* (on) {
    const seen: Array<unknown> = []
    const { status } = yield* on(
      (api) =>
        Effect.andThen(
          api.onVcpuExit((vcpu) => void seen.push(vcpu, api.vcpuInfo(vcpu)?.tid)),
          api.onAtExit(() => void seen.push(api.vcpuInfo(1)))
        ),
      twoThreads
    )
    // not of the vCPU that ends the process
    assert.deepStrictEqual([status, seen], [5, [1, 101, undefined]])
  }),

  register_vcpu_idle_cb: Effect.fnUntraced(function* (on) {
    let sleeping = 0
    yield* on(
      (api) =>
        api.onVcpuIdle((vcpu) => {
          assert.deepStrictEqual([vcpu, api.readRegister(register(api, "a7"))], [0, BigInt(Sys.nanosleep)])
          sleeping++
        }),
      sleeps
    )
    assert.strictEqual(sleeping, rounds)

    // a futex: the parent sleeps once, until the child is gone
    const order: Array<string> = []
    yield* on(
      (api) =>
        Effect.all([
          api.onVcpuIdle((vcpu) => void order.push(`idle ${vcpu}`)),
          api.onVcpuResume((vcpu) => void order.push(`resume ${vcpu}`)),
          api.onVcpuExit((vcpu) => void order.push(`exit ${vcpu}`))
        ]),
      twoThreads
    )
    assert.deepStrictEqual(order, ["idle 0", "exit 1", "resume 0"])

    // set_pc instead of sleeping: the call is given up
    const { status } = yield* on((api) => api.onVcpuIdle(() => api.setPc(pcOf(api))), sleeps)
    assert.strictEqual(status, data & 255)
  }),

  register_vcpu_resume_cb: Effect.fnUntraced(function* (on) {
    const log: Array<string> = []
    const { status } = yield* on(
      (api) =>
        Effect.all([
          api.onSyscall((_, num) => void log.push(`call ${num}`)),
          api.onVcpuIdle(() => void log.push("idle")),
          api.onVcpuResume(() => {
            // the call's result is there
            log.push(`resume ${api.readRegister(register(api, "a0"))}`)
            api.writeRegister(register(api, "a0"), 3n)
          }),
          api.onSyscallRet((_, __, ret) => void log.push(`ret ${ret}`))
        ]),
      sleeps
    )
    assert.strictEqual(status, 3)
    const round = [`call ${Sys.nanosleep}`, "idle", "resume 0", "ret 0"]
    assert.deepStrictEqual(log, [...Array.from({ length: rounds }, () => round).flat(), `call ${Sys.exitGroup}`])
  }),

  register_vcpu_discon_cb: Effect.fnUntraced(function* (on) {
    // a signal that the program sends itself: behind the call, to the handler; sigreturn leads back
    const sent = signalled(10, call(Sys.kill, 100, 10), false)
    const { jumps } = yield* jumpsOf(on, sent.program)
    const back = sigreturnSite(jumps)
    const behind = sent.cause + 4n
    const there: Jump = [DisconKind.interrupt, behind, sent.handler]
    assert.deepStrictEqual(
      jumps,
      Array.from({ length: rounds }, () => [there, [DisconKind.hostcall, back, behind] as Jump]).flat()
    )

    // instructions that fail: from the instruction itself
    const faults: ReadonlyArray<readonly [signal: number, cause: number]> = [
      [5, ebreak],
      [4, 0],
      [11, insn("ld", { rd: reg.a0, rs1: 0, imm: 8 })],
      [11, insn("sd", { rs1: 0, rs2: 0, imm: 8 })]
    ]
    for (const [signal, cause] of faults) {
      const failing = signalled(signal, [cause], true)
      const { jumps: caught, status } = yield* jumpsOf(on, failing.program)
      const fault: Jump = [DisconKind.exception, failing.cause, failing.handler]
      const returned: Jump = [DisconKind.hostcall, back, failing.cause + 4n]
      assert.strictEqual(status, 0)
      assert.deepStrictEqual(caught, Array.from({ length: rounds }, () => [fault, returned]).flat())
      // the mask chooses
      const only = yield* jumpsOf(on, failing.program, DisconKind.interrupt)
      assert.deepStrictEqual(only.jumps, [])
    }

    // one that nobody handles leads nowhere, unless the plugin knows better
    const fatal = [...ticks, ebreak, ...exit(6)]
    const { jumps: last, status } = yield* jumpsOf(on, fatal)
    const place = placeOf(fatal, ebreak)
    assert.deepStrictEqual([last, status], [[[DisconKind.exception, place, place]], 128 + 5])
    const rescued = yield* on((api) => api.onDiscon(DisconKind.exception, (_, __, from) => api.setPc(from + 4n)), fatal)
    assert.strictEqual(rescued.status, 6)
  }),

  register_vcpu_syscall_cb: Effect.fnUntraced(function* (on) {
    const seen: Array<unknown> = []
    const { status } = yield* on(
      (api) =>
        api.onSyscall((vcpu, num, args) => {
          if (num === Sys.exitGroup) api.writeRegister(register(api, "a0"), 77n)
          else seen.push([vcpu, num, args.length, args[0], args[7]])
        }),
      getpids
    )
    assert.strictEqual(status, 77, "the call that is made uses the registers as they are then")
    assert.deepStrictEqual(
      seen,
      Array.from({ length: rounds }, () => [0, Sys.getpid, 8, 9n, 0n])
    )
  }),

  register_vcpu_syscall_ret_cb: Effect.fnUntraced(function* (on) {
    const seen: Array<unknown> = []
    yield* on(
      (api) => api.onSyscallRet((vcpu, num, ret) => void seen.push([vcpu, num, ret, pcOf(api) - placeOf(getpids, ecall)])),
      getpids
    )
    // none of exit_group
    assert.deepStrictEqual(
      seen,
      Array.from({ length: rounds }, () => [0, Sys.getpid, 100n, 4n])
    )
  }),

  register_vcpu_syscall_filter_cb: Effect.fnUntraced(function* (on) {
    const seen: Array<unknown> = []
    const { status } = yield* on(
      (api) =>
        Effect.all([
          api.onSyscall((_, num) => void seen.push(`call ${num}`)),
          api.onSyscallFilter((_, num, args) => (num === Sys.getpid ? args[0]! + 40n : undefined)),
          api.onSyscallRet((_, num, ret) => void seen.push(`ret ${num} ${ret}`))
        ]),
      getpids
    )
    assert.strictEqual(status, 49)
    const round = [`call ${Sys.getpid}`, `ret ${Sys.getpid} 49`]
    assert.deepStrictEqual(seen, [...Array.from({ length: rounds }, () => round).flat(), `call ${Sys.exitGroup}`])
  })
}
