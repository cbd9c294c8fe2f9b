/** The arithmetic and the table of `pnpm bench plugins`; nothing here depends on time. */
import { assert, describe, it } from "@effect/vitest"
import { pluginFigures } from "../plugins/pluginFigures.ts"
import { type KernelTimes, measurePlugin, pluginTable } from "../plugins/slowdowns.ts"

const figureOf = (name: string) => pluginFigures.find((figure) => figure.name === name)!

/** Two kernels: QEMU takes 100 and 400 ms, emu half of that. */
const times = (name: string, first: ReadonlyArray<number>, second?: ReadonlyArray<number>): ReadonlyArray<KernelTimes> => [
  { kernel: "a", qemu: [100, 90, 110], emu: [50, 60, 40], plugins: new Map([[name, first]]) },
  { kernel: "b", qemu: [400], emu: [200], plugins: new Map(second === undefined ? [] : [[name, second]]) }
]

const rowOf = (name: string, all: ReadonlyArray<KernelTimes>) => {
  const measure = measurePlugin(figureOf(name), all, 1000)
  return measure === undefined ? undefined : pluginTable([measure]).rows[0]
}

describe("bench plugins", () => {
  it("has the geometric mean over kernels, against QEMU without plugins and against emu", () => {
    assert.deepStrictEqual(rowOf("hotpages", times("hotpages", [200, 1, 300], [400])), [
      "hotpages",
      "<= 6",
      "<= 3",
      "1.41",
      "aim",
      "2.83",
      "13.5",
      "2"
    ])
  })

  it("leaves kernels out on which a plugin did not work, and plugins that worked on none", () => {
    assert.deepStrictEqual(rowOf("bbv", times("bbv", [105]))?.slice(3), ["1.05", "must", "2.10", "1.48", "1"])
    assert.isUndefined(rowOf("cflow", times("bbv", [105])))
  })

  it("has lower bounds where runs were ended, and says only what they show", () => {
    assert.deepStrictEqual(rowOf("cflow", times("cflow", [Infinity], [400]))?.slice(3, 6), [">= 3.16", "unknown", ">= 6.32"])
    assert.deepStrictEqual(rowOf("cflow", times("cflow", [Infinity]))?.slice(3, 6), [">= 10.00", "missed", ">= 20.00"])
  })

  it("has no verdict where there is no goal", () => {
    assert.deepStrictEqual(rowOf("none", times("none", [50], [200])), ["none", "-", "-", "0.50", "-", "1.00", "-", "2"])
  })

  it("has the rows of the plugins with a goal", () => {
    const names = pluginFigures.flatMap(({ overQemu, plugin }) =>
      overQemu === undefined ? [] : [plugin!("").split(",")[0]]
    )
    assert.deepStrictEqual(names, ["drcov", "hotblocks", "howvec", "bbv", "cache", "hotpages", "cflow", "insn", "mem"])
  })
})
