/** The arithmetic and the tables of `pnpm bench`; nothing here depends on time. */
import { assert, describe, it } from "@effect/vitest"
import { figureTable } from "../support/figures.ts"
import { floatingPoint, instrumented, kernels } from "../kernels/kernels.ts"
import { timesInTurn, WrongRun, type Command } from "../support/processes.ts"
import { compare, geometricMean, median } from "../support/statistics.ts"
import { renderTable } from "../support/table.ts"

describe("statistics", () => {
  it("median is the middle value by size, or between the two in the middle", () => {
    assert.strictEqual(median([10, 9, 100]), 10)
    assert.strictEqual(median([4, 1, 3, 200]), 3.5)
    assert.strictEqual(median([7]), 7)
    assert.isNaN(median([]))
  })

  it("median leaves the times in their order", () => {
    const times = [3, 1, 2]
    median(times)
    assert.deepStrictEqual(times, [3, 1, 2])
  })

  it("geometric mean multiplies, and mirrors inverses", () => {
    assert.closeTo(geometricMean([2, 8]), 4, 1e-12)
    assert.closeTo(geometricMean([0.5, 0.25, 8]), 1, 1e-12)
    const ratios = [0.3, 0.9, 1.4, 2.2]
    assert.closeTo(geometricMean(ratios) * geometricMean(ratios.map((ratio) => 1 / ratio)), 1, 1e-12)
    assert.isNaN(geometricMean([]))
  })

  it("a comparison is of medians, its range of pairs", () => {
    assert.deepStrictEqual(compare([10, 40, 20], [40, 20, 20]), { time: 20, base: 20, ratio: 1, range: [0.25, 2] })
  })
})

describe("tables", () => {
  const table = {
    head: ["kernel", "ms"],
    rows: [
      ["a", "1.50"],
      ["quicksort", "1000"]
    ]
  }

  it("for a terminal", () => {
    assert.strictEqual(renderTable(table, false), "kernel       ms\na          1.50\nquicksort  1000\n")
  })

  it("in Markdown", () => {
    assert.strictEqual(
      renderTable(table, true),
      "| kernel    |   ms |\n| --------- | ---: |\n| a         | 1.50 |\n| quicksort | 1000 |\n"
    )
  })

  it("tell which goal a figure reached", () => {
    const figure = { name: "time", must: 1.1, aim: 0.8 }
    const reached = [0.8, 0.81, 1.1, 1.11].map((value) => figureTable([[figure, value]]).rows[0])
    assert.deepStrictEqual(reached, [
      ["time", "<= 1.1", "<= 0.8", "0.80", "aim"],
      ["time", "<= 1.1", "<= 0.8", "0.81", "must"],
      ["time", "<= 1.1", "<= 0.8", "1.10", "must"],
      ["time", "<= 1.1", "<= 0.8", "1.11", "missed"]
    ])
  })
})

describe("kernels", () => {
  it("the groups name kernels that exist", () => {
    const names = new Set(kernels.map(({ name }) => name))
    assert.deepStrictEqual(
      [...floatingPoint, ...instrumented].filter((name) => !names.has(name)),
      []
    )
  })
})

describe("processes", () => {
  const node = (code: string, stdout: string): Command => ({ argv: [process.execPath, "-e", code], stdout })

  it("run in turn, a time for each round", () => {
    const times = timesInTurn(2, [node("console.log(1)", "1\n"), node("", "")])
    assert.deepStrictEqual(
      times.map((each) => each.length),
      [2, 2]
    )
    assert.isTrue(times.flat().every((time) => time > 0))
  })

  it.each([
    ["another output", node("console.log(2)", "1\n"), /printed "2\\n" instead of "1\\n"/],
    ["a failure", node("console.error('why'); process.exit(3)", ""), /ended with 3: why/],
    ["a missing program", { argv: ["/no/such/program"], stdout: "" } satisfies Command, /ENOENT/]
  ] as const)("%s counts as no measurement", (_, command, message) => {
    assert.throws(() => timesInTurn(1, [command]), WrongRun, message)
  })
})
