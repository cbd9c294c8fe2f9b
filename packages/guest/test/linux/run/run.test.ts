/** Whole runs: exits, signals, what plugins see, what goes wrong before the first instruction. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { bytesOf, call, ebreak, ecall, insn, li, reg, spin } from "../support/assemble.ts"
import { buildElf } from "../support/buildElf.ts"
import { plugin, run } from "../support/run.ts"

const Sys = { write: 64, exit: 93, exitGroup: 94, setTid: 96, futex: 98, kill: 129, sigaction: 134, getpid: 172, clone: 220 }
const exit = (status: number) => call(Sys.exitGroup, status)
/** Writable memory behind the code. */
const data = 0x11000
const threadFlags = 0x50f00
const store = insn("sw", { rs1: reg.t0, rs2: reg.t1, imm: 0 })

/** A plugin that writes down events. */
const recorder = (log: Array<string>) =>
  plugin((api) =>
    Effect.gen(function* () {
      yield* api.onVcpuInit((vcpu) => void log.push(`init ${vcpu}`))
      yield* api.onVcpuExit((vcpu) => void log.push(`exit ${vcpu}`))
      yield* api.onSyscall((vcpu, number, args) => void log.push(`call ${vcpu} ${number} ${args[0]}`))
      yield* api.onSyscallRet((vcpu, number, result) => void log.push(`ret ${vcpu} ${number} ${result}`))
      yield* api.onAtExit(() => void log.push("atexit"))
    })
  )

describe("exit", () => {
  it.effect("gives the status of exit_group, cut to a byte", () =>
    Effect.gen(function* () {
      const { exit: ended } = yield* run({ program: exit(0x107) })
      assert.deepStrictEqual(Result.getOrThrow(ended), { status: 7, signal: undefined })
    })
  )

  it.effect("of the last thread ends the process", () =>
    Effect.gen(function* () {
      const { exit: ended } = yield* run({ program: call(Sys.exit, 3) })
      assert.strictEqual(Result.getOrThrow(ended).status, 3)
    })
  )
})

describe("system calls", () => {
  it.effect("write to the host's files", () =>
    Effect.gen(function* () {
      const { stdout } = yield* run({
        program: [...li(reg.t0, data), ...li(reg.t1, 0x0a6968), store, ...call(Sys.write, 1, data, 3), ...exit(0)]
      })
      assert.strictEqual(stdout, "hi\n")
    })
  )

  it.effect("that are unknown give ENOSYS and one warning each", () =>
    Effect.gen(function* () {
      const { exit: ended, warnings } = yield* run({
        program: [
          ...call(1023),
          ...call(1022),
          ...call(1023),
          insn("sub", { rd: reg.a0, rs1: 0, rs2: reg.a0 }),
          ...li(reg.a7, Sys.exitGroup),
          ecall
        ]
      })
      assert.strictEqual(Result.getOrThrow(ended).status, 38)
      assert.deepStrictEqual(
        warnings.map((line) => /system call (\d+) /.exec(line)?.[1]),
        ["1023", "1022"]
      )
    })
  )
})

describe("fatal signals", () => {
  it.effect.each([
    {
      what: "a load from nowhere",
      program: [insn("ld", { rd: 10, rs1: 0, imm: 8 })],
      status: 139,
      text: "SIGSEGV (Segmentation fault) at pc 0x10000, address 0x8"
    },
    {
      what: "a jump to nowhere",
      program: [insn("jalr", { rd: 0, rs1: 0, imm: 64 })],
      status: 139,
      text: "SIGSEGV (Segmentation fault) at pc 0x40, address 0x40"
    },
    { what: "a breakpoint", program: [ebreak], status: 133, text: "SIGTRAP (Trace/breakpoint trap) at pc 0x10000" },
    { what: "an illegal instruction", program: [0], status: 132, text: "SIGILL (Illegal instruction) at pc 0x10000" },
    { what: "kill", program: call(Sys.kill, 100, 6), status: 134, text: "SIGABRT (Aborted)" }
  ])("$what ends the run with one line", ({ program, status, text }) =>
    Effect.gen(function* () {
      const { exit: ended, warnings } = yield* run({ program })
      assert.deepStrictEqual(Result.getOrThrow(ended), { status, signal: status - 128 })
      assert.strictEqual(warnings.length, 1)
      assert.include(warnings[0], text)
    })
  )

  it.effect("name the function in which they happened", () =>
    Effect.gen(function* () {
      const program = buildElf({ code: bytesOf([0]), symbols: [{ name: "culprit", address: 0x10000, size: 4 }] })
      const { warnings } = yield* run({ program })
      assert.include(warnings[0], "at pc 0x10000 (culprit)")
    })
  )

  it.effect.each([
    { what: "a loop", program: [spin] },
    { what: "a wait", program: call(Sys.futex, data, 0, 0, 0) }
  ])("from the host end $what, silently for SIGINT", ({ program }) =>
    Effect.gen(function* () {
      const hostSignals = (deliver: (signal: number) => void) => {
        const timer = setTimeout(() => deliver(2), 20)
        return () => clearTimeout(timer)
      }
      const { exit: ended, warnings } = yield* run({ program, options: { hostSignals, budget: 10_000 } })
      assert.deepStrictEqual(Result.getOrThrow(ended), { status: 130, signal: 2 })
      assert.deepStrictEqual(warnings, [])
    })
  )
})

describe("plugins", () => {
  it.effect("see vCPUs, system calls and the end in QEMU's order", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      yield* run({ program: [...call(Sys.getpid, 9), ...exit(0)], plugins: [recorder(log)] })
      assert.deepStrictEqual(log, ["init 0", "call 0 172 9", "ret 0 172 100", "call 0 94 0", "atexit"])
    })
  )

  it.effect("see a thread come and go, and clone return in both", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      // the child (a0 = 0) skips to its exit, the parent waits for the child's tid to be cleared
      const childExit = call(Sys.exit, 0)
      const wait = [...call(Sys.futex, data, 0, 101, 0), ...exit(5)]
      const program = [
        ...call(Sys.clone, threadFlags | 0x300000, data + 0x8000, data, 0, data),
        insn("beq", { rs1: reg.a0, rs2: 0, imm: 4 * (wait.length + 1) }),
        ...wait,
        ...childExit
      ]
      const { exit: ended } = yield* run({ program, plugins: [recorder(log)] })
      assert.strictEqual(Result.getOrThrow(ended).status, 5)
      assert.deepStrictEqual(log, [
        "init 0",
        `call 0 220 ${threadFlags | 0x300000}`,
        "ret 0 220 101",
        `call 0 98 ${data}`,
        "init 1",
        "ret 1 220 0",
        "call 1 93 0",
        "exit 1",
        "ret 0 98 0",
        "call 0 94 5",
        "atexit"
      ])
    })
  )

  it.effect("can answer a system call themselves", () =>
    Effect.gen(function* () {
      const filter = plugin((api) => api.onSyscallFilter((_, number) => (number === Sys.getpid ? 33n : undefined)))
      const { exit: ended } = yield* run({
        program: [...call(Sys.getpid), ...li(reg.a7, Sys.exitGroup), ecall],
        plugins: [filter]
      })
      assert.strictEqual(Result.getOrThrow(ended).status, 33)
    })
  )

  it.effect("that throw end the run with their error, after the exit sequence", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const faulty = plugin((api) =>
        api.onSyscall(() => {
          throw new Error("oops")
        })
      )
      const { exit: ended } = yield* run({ program: exit(0), plugins: [recorder(log), faulty] })
      assert.isTrue(Result.isFailure(ended))
      if (Result.isFailure(ended)) assert.strictEqual(ended.failure._tag, "PluginCallbackError")
      assert.deepStrictEqual(log, ["init 0", "atexit"])
    })
  )

  it.effect("read symbols, registers and memory of the guest", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const reader = plugin((api) =>
        api.onSyscall(() => {
          const named = (name: string) => api.getRegisters().find((register) => register.name === name)!
          seen.push(api.readRegister(named("a0")), api.symbol(0x10004n), api.program()?.entryCode)
          seen.push([...api.readMemory(0x10000n, 4)])
          api.writeRegister(named("a0"), 21n)
        })
      )
      const code = exit(4)
      const program = buildElf({ code: bytesOf(code), symbols: [{ name: "main", address: 0x10000, size: 64 }] })
      const { exit: ended } = yield* run({ program, plugins: [reader] })
      assert.deepStrictEqual(seen, [4n, "main", 0x10000n, [...bytesOf(code).subarray(0, 4)]])
      assert.strictEqual(Result.getOrThrow(ended).status, 21)
    })
  )
})

describe("loading", () => {
  it.effect.each([
    { what: "a missing program", path: "/none", options: {}, reason: "cannot run /none: there is no such file" },
    { what: "a directory", path: "/", options: {}, reason: "it is not a regular file" },
    {
      what: "a missing dynamic loader",
      path: undefined,
      options: {},
      reason: "its dynamic loader /lib/ld.so cannot be used: there is no such file"
    },
    {
      what: "arguments larger than the stack takes",
      path: undefined,
      options: { stackSize: 65536, args: ["x".repeat(20_000)] },
      reason: "too large"
    }
  ])("refuses $what", ({ options, path, reason }) =>
    Effect.gen(function* () {
      const interpreter = reason.includes("loader") ? { interpreter: "/lib/ld.so" } : {}
      const { exit: ended } = yield* run({
        program: buildElf({ code: bytesOf([spin]), ...interpreter }),
        path,
        options
      })
      assert.isTrue(Result.isFailure(ended))
      if (Result.isFailure(ended)) assert.include(ended.failure.message, reason)
    })
  )

  it.effect("puts position-independent programs at two thirds of 2^32", () =>
    Effect.gen(function* () {
      const program = buildElf({ code: bytesOf([0]), address: 0, relocatable: true })
      const { warnings } = yield* run({ program })
      assert.include(warnings[0], "at pc 0xaaaac000")
    })
  )
})
