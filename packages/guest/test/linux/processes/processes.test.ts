/** Processes that guests make: how they end, what they share, what they execute. */
import { assert, describe, it } from "@effect/vitest"
import { Errno } from "@emu/guest/linux/kernel/errno"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { call, insn, li, reg, spin } from "../support/assemble.ts"
import { data, exec, exitWith, fork, lives, Sys, vforkFlags, wait } from "../support/processPrograms.ts"
import { engines, run } from "../support/run.ts"

const { a0, s0, sp, t0, t1, zero } = reg
const More = { mmap: 222, kill: 129, getppid: 173, sigaction: 134 }
const end = (status: number) => call(Sys.exitGroup, status)
/** Ends with the word at an address. */
const exitWithWord = (at: number) => [
  ...li(t0, at),
  insn("lw", { rd: a0, rs1: t0, imm: 0 }),
  ...li(reg.a7, Sys.exitGroup),
  0x73
]
/** Ends with what the last call gave, negated. */
const exitWithErrno = [insn("sub", { rd: a0, rs1: zero, rs2: a0 }), ...li(reg.a7, Sys.exitGroup), 0x73]
/** Ends with what the last call gave. */
const exitWithResult = [...li(reg.a7, Sys.exitGroup), 0x73]
const store = (at: number, value: number) => [...li(t0, at), ...li(t1, value), insn("sw", { rs1: t0, rs2: t1, imm: 0 })]
const shared = 0x40000000
const MAP = { shared: 1, private: 2, anonymous: 0x20, fixed: 0x10 }
const map = (kind: number) => call(More.mmap, shared, 4096, 3, kind | MAP.anonymous | MAP.fixed, -1, 0)

const word = data + 256

const cases: ReadonlyArray<{ readonly what: string; readonly program: ReadonlyArray<number>; readonly status: number }> = [
  { what: "a child's status reaches its parent", program: [...fork(end(5)), ...wait, ...exitWith(0)], status: 5 },
  {
    what: "memory is the child's own",
    program: [...store(word, 1), ...fork([...store(word, 2), ...end(0)]), ...wait, ...exitWithWord(word)],
    status: 1
  },
  {
    what: "but the parent's after vfork",
    program: [...store(word, 1), ...fork([...store(word, 2), ...end(0)], vforkFlags), ...exitWithWord(word)],
    status: 2
  },
  {
    what: "a shared mapping is both's",
    program: [...map(MAP.shared), ...fork([...store(shared, 42), ...end(0)]), ...wait, ...exitWithWord(shared)],
    status: 42
  },
  {
    what: "a private one is not",
    program: [...map(MAP.private), ...fork([...store(shared, 42), ...end(0)]), ...wait, ...exitWithWord(shared)],
    status: 0
  },
  {
    what: "a child is killed by its parent, who hears the signal",
    program: [
      ...fork([spin]),
      insn("addi", { rd: s0, rs1: a0, imm: 0 }),
      ...li(reg.a1, 9),
      ...li(reg.a7, More.kill),
      0x73,
      ...wait,
      ...exitWithWord(data + 64)
    ],
    status: 9
  },
  { what: "who waits without children hears ECHILD", program: [...wait, ...exitWithErrno], status: Errno.ECHILD },
  {
    what: "a child is waited for once",
    program: [...fork(end(5)), ...wait, ...wait, ...exitWithErrno],
    status: Errno.ECHILD
  },
  {
    what: "who does not wait hears 0 as long as the child lives",
    program: [
      ...fork([spin]),
      ...call(Sys.wait4, -1, data + 64, 1, 0),
      insn("addi", { rd: s0, rs1: a0, imm: 30 }),
      ...call(More.kill, -1, 9),
      insn("addi", { rd: a0, rs1: s0, imm: 0 }),
      ...exitWithResult
    ],
    status: 30
  },
  {
    what: "children of who ignores SIGCHLD are gone at once",
    // struct sigaction: the handler is SIG_IGN
    program: [...store(word, 1), ...call(More.sigaction, 17, word, 0, 8), ...fork(end(5)), ...wait, ...exitWithErrno],
    status: Errno.ECHILD
  },
  {
    what: "an orphan is init's",
    program: [
      ...map(MAP.shared),
      ...fork([
        ...fork([
          // waits until its parent has ended
          ...call(Sys.yield),
          ...li(reg.a7, More.getppid),
          0x73,
          insn("addi", { rd: t1, rs1: zero, imm: 1 }),
          insn("bne", { rs1: a0, rs2: t1, imm: -4 * (call(Sys.yield).length + 3) }),
          ...store(shared, 7),
          ...end(0)
        ]),
        ...end(0)
      ]),
      ...wait,
      // until the orphan has written
      ...call(Sys.yield),
      ...li(t0, shared),
      insn("lw", { rd: a0, rs1: t0, imm: 0 }),
      insn("beq", { rs1: a0, rs2: zero, imm: -4 * (call(Sys.yield).length + li(t0, shared).length + 1) }),
      ...exitWithResult
    ],
    status: 7
  },
  {
    what: "a program is executed in place of the process",
    program: lives([...exec(2), ...end(99)], [insn("ld", { rd: a0, rs1: sp, imm: 0 }), ...exitWithResult]),
    status: 2
  },
  {
    what: "a script is run by its interpreter, which gets its path",
    program: lives([...exec(1, "/script"), ...end(99)], end(98)),
    status: 98
  },
  { what: "no such program", program: [...exec(1, "/none"), ...exitWithErrno], status: Errno.ENOENT },
  { what: "neither ELF file nor script", program: [...exec(1, "/text"), ...exitWithErrno], status: Errno.ENOEXEC },
  { what: "a script that is its own interpreter", program: [...exec(1, "/loop"), ...exitWithErrno], status: Errno.ELOOP },
  {
    what: "the arguments are nowhere",
    program: [...exec(1, "/none"), ...call(Sys.execve, data + 128, 8, 0), ...exitWithErrno],
    status: Errno.EFAULT
  }
]

const files = { "/text": "just text\n", "/loop": "#!/loop\n", "/script": "#!/prog\n" }

describe.each(engines)("on the $name", ({ engine }) => {
  it.live.each(cases)("$what", ({ program, status }) =>
    Effect.gen(function* () {
      const { exit, warnings } = yield* run({ program, engine, files })
      assert.deepStrictEqual(warnings, [])
      assert.strictEqual(Result.getOrThrow(exit).status, status)
    })
  )
})
