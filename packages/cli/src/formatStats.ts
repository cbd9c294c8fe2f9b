/** The text of `--stats`. */
import type { CompiledStats, EngineStats } from "@emu/tcg/Engine"

/** A name, a number as it is to be printed, and what stands behind it. */
type Row = readonly [name: string, value: string, unit: string]

interface Section {
  readonly title: string
  readonly rows: ReadonlyArray<Row>
}

const count = (name: string, value: number, unit = ""): Row => [name, value.toFixed(0), unit]

const time = (name: string, milliseconds: number): Row => [name, milliseconds.toFixed(1), "ms"]

const tier = (name: string, insns: number, all: number): Row =>
  count(name, insns, `(${((100 * insns) / Math.max(all, 1)).toFixed(1)} %)`)

const execution = ({ compiled, insns }: EngineStats, milliseconds: number): Section => {
  const inCompiled = compiled?.insns ?? 0
  return {
    title: "execution",
    rows: [
      count("instructions", insns),
      tier("interpreted", insns - inCompiled, insns),
      tier("compiled", inCompiled, insns),
      time("elapsed time", milliseconds),
      ["speed", (insns / 1000 / milliseconds).toFixed(1), "MIPS"]
    ]
  }
}

const compilation = (stats: CompiledStats): Section => ({
  title: "compilation to WebAssembly",
  rows: [
    count("regions", stats.regions),
    count("size", stats.bytes, "bytes"),
    time("time, main thread", stats.milliseconds),
    time("time, background", stats.backgroundMilliseconds)
  ]
})

const codeCache = ({ codeWords, codeWordsUsed, compiled, flushes }: EngineStats): Section => ({
  title: "code cache, most at one time",
  rows: [
    count("interpreter's code", codeWordsUsed, `of ${codeWords} words`),
    count("flushes", flushes),
    ...(compiled === undefined
      ? []
      : [
          count("function table", compiled.slotsUsed, `of ${compiled.slots} slots`),
          count("flushes of regions", compiled.flushes)
        ])
  ]
})

/**
 * Formats what an engine did as an aligned table.
 *
 * @param milliseconds how long the guest ran
 */
export const formatStats = (stats: EngineStats, milliseconds: number): string => {
  const sections: ReadonlyArray<Section> = [
    execution(stats, milliseconds),
    {
      title: "translation",
      rows: [
        count("blocks", stats.translatedBlocks),
        count("instructions", stats.translatedInsns),
        ...(stats.keptBlocks > 0 ? [count("blocks from the cache", stats.keptBlocks)] : []),
        time("time", stats.translationMilliseconds)
      ]
    },
    ...(stats.compiled === undefined ? [] : [compilation(stats.compiled)]),
    codeCache(stats),
    {
      title: "exits to the driver",
      rows: Object.entries(stats.exits)
        .filter(([, times]) => times > 0)
        .map(([reason, times]) => count(reason, times))
    }
  ]
  const width = Math.max(...sections.flatMap(({ rows }) => rows.map(([, value]) => value.length)))
  const line = ([name, value, unit]: Row) => `  ${name.padEnd(20)}${value.padStart(width)} ${unit}`.trimEnd()
  return sections.map(({ rows, title }) => `${[title, ...rows.map(line)].join("\n")}\n`).join("")
}
