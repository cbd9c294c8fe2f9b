/** The comparison itself: it must accept what the modes allow, and nothing else. */
import { assert, describe, it } from "@effect/vitest"
import { type Mode } from "./canonical.ts"
import { difference } from "./compare.ts"
import { programs, type Recording, recordingsOf, sha256 } from "./corpus.ts"

const recording = (mode: Mode, name: string, text: string, more: Partial<Recording> = {}): Recording => ({
  program: "test",
  name,
  plugin: name,
  args: [],
  mode,
  status: 0,
  text: Buffer.from(text),
  lines: text.split("\n").length - 1,
  sha256: undefined,
  isFile: false,
  stdout: Buffer.alloc(0),
  ...more
})
const assertAccepts = (r: Recording, got: string) => assert.isUndefined(difference(r, Buffer.from(got)))
const assertRefuses = (r: Recording, got: string) => assert.isString(difference(r, Buffer.from(got)))

describe("comparison modes", () => {
  it("exact", () => {
    const r = recording("exact", "insn", "a\nb\n")
    assertAccepts(r, "a\nb\n")
    for (const other of ["a\n", "a\nb\nc\n", "b\na\n", ""]) assertRefuses(r, other)
  })

  it("head counts and sums the whole", () => {
    const whole = "1\n2\n3\n"
    const r = recording("head", "execlog", "1\n2\n", { lines: 3, sha256: sha256(Buffer.from(whole)) })
    assertAccepts(r, whole)
    for (const other of ["1\n2\n", "1\n2\n4\n", "1\n3\n3\n", "1\n2\n3\n3\n"]) assertRefuses(r, other)
  })

  it("ties allow any order among equal keys only", () => {
    const r = recording("ties", "syscall", "syscall no.  calls  errors\n64   5   0\n29   1   1\n94   1   0\n")
    assertAccepts(r, "syscall no.  calls  errors\n64   5   0\n94   1   0\n29   1   1\n")
    assertRefuses(r, "syscall no.  calls  errors\n29   1   1\n64   5   0\n94   1   0\n")
    assertRefuses(r, "syscall no.  calls  errors\n64   5   0\n29   1   0\n94   1   1\n")
  })

  it("ties at the end of a table that was cut off compare by number", () => {
    const rows = (last: ReadonlyArray<string>) =>
      [...Array.from({ length: 18 }, (_, i) => `0x${i.toString(16)}, 1, 4, ${100 - i}`), ...last].join("\n") + "\n"
    const r = recording("ties", "hotblocks", rows(["0xa0, 1, 4, 2", "0xa1, 1, 4, 2"]))
    assertAccepts(r, rows(["0xb0, 1, 4, 2", "0xa1, 1, 4, 2"]))
    assertRefuses(r, rows(["0xb0, 1, 4, 2", "0xa1, 1, 4, 1"]))
  })

  it("ties at the ends of several tables compare by number, each", () => {
    const rows = (name: string) => Array.from({ length: 32 }, (_, i) => `0x${i} (${name}), ${40 - Math.min(i, 30)}, nop`)
    const text = (...tables: ReadonlyArray<ReadonlyArray<string>>) =>
      tables.map((table) => `\naddress, misses, instruction\n${table.join("\n")}\n`).join("")
    const other = (name: string) => rows(name).with(30, `0x77 (${name}), 10, ret`)
    const r = recording("ties", "cache", text(rows("main"), rows("f")))
    assertAccepts(r, text(other("main"), rows("f")))
    assertAccepts(r, text(rows("main"), other("f")))
    assertRefuses(r, text(rows("main").with(29, "0x77 (main), 11, ret"), rows("f")))
    assertRefuses(r, text(rows("main").slice(1), rows("f")))
  })

  it("ties of cflow move with their targets", () => {
    const node = (at: string, count: number) =>
      `  addr: 0x${at} f: ret (branch)\n    branches ${count}\n      to 0x10 (${count})\n`
    const r = recording("ties", "cflow", `collected\n${node("1", 5)}${node("2", 3)}${node("3", 3)}`)
    assertAccepts(r, `collected\n${node("1", 5)}${node("3", 3)}${node("2", 3)}`)
    assertRefuses(r, `collected\n${node("2", 3)}${node("1", 5)}${node("3", 3)}`)
    assertRefuses(r, `collected\n${node("1", 5)}${node("2", 3)}${node("3", 3).replace("0x10", "0x12")}`)
  })

  it("bbv allows any order within a line", () => {
    const r = recording("bbv", "bbv", "T:1:5 :4:40 \nT:4:7 \n")
    assertAccepts(r, "T:4:40 :1:5 \nT:4:7 \n")
    for (const other of ["T:1:5 :4:40 \n", "T:1:5 :4:41 \nT:4:7 \n", "T:4:7 \nT:1:5 :4:40 \n"]) assertRefuses(r, other)
  })

  it("drcov compares addresses, each once", () => {
    const file = (
      modules: ReadonlyArray<string>,
      blocks: ReadonlyArray<{ readonly start: number; readonly module: number }>
    ) => {
      const head = `DRCOV VERSION: 2\nDRCOV FLAVOR: drcov-64\nModule Table: version 2, count ${modules.length}\n`
      const table = `Columns: id, base, end, entry, path\n${modules.join("\n")}\nBB Table: ${blocks.length} bbs\n`
      const data = blocks.flatMap(({ module, start }) => [start & 0xff, start >> 8, 0, 0, 6, 0, module, 0])
      return Buffer.concat([Buffer.from(head + table), Buffer.from(data)])
    }
    const program = "0, 0x1000, 0x2000, 0x1010, /mnt/p.elf"
    const text = file(
      [program],
      [0x1010, 0x3004, 0x1010].map((start) => ({ start, module: 0 }))
    )
    const r = recording("drcov", "drcov", "", { text })
    const ours = (start: number) =>
      file(
        [program, "1, 0x3000, 0x4000, 0x3000, [vdso]"],
        [
          { start, module: 0 },
          { start: 4, module: 1 }
        ]
      )
    assert.isUndefined(difference(r, ours(0x10)))
    assert.isString(difference(r, ours(0x12)))
  })

  it("drops futex where threads decide how often it is called", () => {
    assertAccepts(recording("ties-drop98", "syscall", "98   3   0\n64   2   0\n"), "64   2   0\n98   1   0\n")
  })

  it("match sums the records of an instruction", () => {
    const r = recording("match", "insn-match-ld", "  100: ld a0,0(a0) (hits 7)\n")
    assertAccepts(r, "  100: ld a0,0(a0) (hits 3)\n  100: ld a0,0(a0) (hits 4)\n")
    assertRefuses(r, "  100: ld a0,0(a0) (hits 6)\n")
  })

  it("a star stands for the rest of its line", () => {
    const r = recording("star", "syscall-print", "getpid: *\nwrite: 1\n")
    assertAccepts(r, "getpid: 17\nwrite: 1\n")
    assertRefuses(r, "getpid: 17\nwrite: 2\n")
    assertRefuses(r, "getppid: 17\nwrite: 1\n")
  })

  it("no-counters leaves out what counts time", () => {
    const r = recording("no-counters", "execlog-regs", "0, x, a0 -> 0x1, cycle -> 0x5\n")
    assertAccepts(r, "0, x, a0 -> 0x1, cycle -> 0x77\n")
    assertRefuses(r, "0, x, a0 -> 0x2, cycle -> 0x5\n")
  })
})

describe("corpus", () => {
  it("is complete and agrees with itself", () => {
    assert.isAtLeast(programs.length, 18)
    for (const program of programs) {
      const recordings = recordingsOf(program)
      assert.include(
        recordings.map((r) => r.name),
        "stdout"
      )
      // Of some only the first lines are here; drcov files of emu and of QEMU are not read alike.
      for (const r of recordings.filter(({ mode }) => mode !== "head" && mode !== "drcov")) {
        assert.isUndefined(difference(r, r.text), `${program} ${r.name}`)
      }
    }
  })
})
