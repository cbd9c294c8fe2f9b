/** `pnpm bench programs`: what it compares, what counts as a failure, and its arithmetic. */
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { afterEach, assert, beforeEach, describe, it } from "@effect/vitest"
import { writeInputs } from "../programs/inputs.ts"
import { Difference, measureProgram, type Setting, type Way } from "../programs/measure.ts"
import { type Program, programs } from "../programs/programs.ts"
import { meanOf, programTable, ratioOf, renderJson, type Row } from "../programs/report.ts"

let directory: string
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), "emu-bench-test-"))
})
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }))

const program: Program = { name: "one", kind: "work", argv: ["ignored"] }

describe("inputs", () => {
  it("exist for every program, and are the same each time", () => {
    const names = programs.flatMap(({ inputs = [], prepare = [], stdin }) => [
      ...inputs,
      ...[{ stdin }, ...prepare].flatMap((each) => each.stdin ?? [])
    ])
    // The largest says nothing that the others don't, and takes longest.
    const small = [...new Set(names)].filter((name) => name !== "noise.bin")
    const digests = [0, 1].map((turn) => {
      const to = path.join(directory, String(turn))
      fs.mkdirSync(to)
      writeInputs(to, small)
      return small.map((name) => [
        name,
        createHash("sha256")
          .update(fs.readFileSync(path.join(to, name)))
          .digest("hex")
      ])
    })
    assert.deepStrictEqual(digests[0], digests[1])
    assert.throws(() => writeInputs(directory, ["no-such-input"]), /no-such-input/)
  })
})

describe("measurements", () => {
  const way = (name: string, code: string, more: Partial<Way> = {}): Way => ({
    name,
    argv: () => [process.execPath, "-e", code],
    isLoaded: false,
    hasOwnStderr: true,
    ...more
  })
  const measure = (ways: ReadonlyArray<Way>, more: Partial<Setting> = {}) =>
    measureProgram(program, ways, {
      pairs: 2,
      loops: 0,
      limit: 60_000,
      cwd: directory,
      env: {},
      scratch: directory,
      file: (input) => path.join(directory, input),
      ...more
    })

  it("have a time for each way and round", () => {
    const times = measure([way("QEMU", "console.log(1)"), way("emu", "console.log(1)")])
    assert.deepStrictEqual(
      Array.from(times, ([name, own]) => [name, own.length]),
      [
        ["QEMU", 2],
        ["emu", 2]
      ]
    )
    assert.isTrue([...times.values()].flat().every((time) => time > 0))
  })

  it.each([
    ["stdout", "console.log(2)", /prints something else/],
    ["stderr", "console.log(1); console.error('oh')", /stderr "oh" instead of ""/],
    ["a status", "console.log(1); process.exit(3)", /ends with 3 instead of 0/]
  ])("fail where %s differs", (_, code, message) => {
    assert.throws(() => measure([way("QEMU", "console.log(1)"), way("emu", code)]), Difference, message)
  })

  it("let plugins write to stderr", () => {
    const times = measure([way("QEMU", ""), way("insn", "console.error(1)", { hasOwnStderr: false })], { pairs: 1 })
    assert.strictEqual(times.get("insn")!.length, 1)
  })

  it("end what takes too long, once", () => {
    const forever = way("emu", "setInterval(() => {}, 1000)")
    const times = measure([way("QEMU", ""), forever], { limit: 2000 })
    assert.deepStrictEqual(times.get("emu"), [Infinity, Infinity])
  })
})

describe("report", () => {
  const row = (name: string, kind: Program["kind"], qemu: ReadonlyArray<number>, emu: ReadonlyArray<number>): Row => ({
    program: { name, kind, argv: ["ignored"] },
    times: new Map([
      ["QEMU", qemu],
      ["emu", emu]
    ])
  })

  it("a ratio is the median over pairs, not that of medians", () => {
    const { times } = row("a", "work", [1000, 2000, 4000], [4000, 2000, 1000])
    assert.deepStrictEqual(ratioOf(times, "emu", "QEMU", 10_000), { value: 1, range: [0.25, 4], isLowerBound: false })
    assert.isUndefined(ratioOf(times, "emu, second run", "QEMU", 10_000))
  })

  it("what was ended counts with the limit, as a lower bound", () => {
    const rows = [row("a", "work", [1000], [Infinity]), row("b", "work", [1000], [2500])]
    assert.deepStrictEqual(ratioOf(rows[0]!.times, "emu", "QEMU", 10_000), {
      value: 10,
      range: [10, 10],
      isLowerBound: true
    })
    const mean = meanOf(rows, "emu", "QEMU", 10_000)!
    assert.closeTo(mean.value, 5, 1e-9)
    assert.isTrue(mean.isLowerBound)
  })

  it("sums up work and starts apart", () => {
    const rows = [row("a", "work", [1000], [2000]), row("b", "start", [10], [80]), row("c", "start", [10], [20])]
    const { rows: lines } = programTable(rows, [], 10_000)
    assert.deepStrictEqual(
      lines.map((line) => [line[0], line[3]]),
      [
        ["a", "2.00"],
        ["b", "8.00"],
        ["c", "2.00"],
        ["work, geometric mean of 1", "2.00"],
        ["start, geometric mean of 2", "4.00"]
      ]
    )
  })

  it("JSON has all times, and null for a run that was ended", () => {
    const document = JSON.parse(
      renderJson({
        machine: "m",
        options: ["--engine", "jit"],
        pairs: 1,
        limit: 10_000,
        loops: 0,
        rows: [row("a", "work", [1000], [Infinity])],
        memory: { qemu: 40, emu: 140, node: 50 }
      })
    )
    assert.deepStrictEqual(document.programs[0].milliseconds, { QEMU: [1000], emu: [null] })
    assert.deepStrictEqual(
      document.figures.map(({ value }: { value: number }) => value),
      [10, 10, 90]
    )
  })
})
