/** What becomes of plugins' text and results: text, tables for people, or JSON for programs. */
import type { PluginOutput, PluginReport, PluginSource } from "@emu/core/Ports"
import { PluginOutput as Output } from "@emu/core/Ports"
import { formatTable, type Paint } from "./formatTable.ts"

/** Values of `--plugin-format`. */
export const pluginFormats = ["text", "table", "json"] as const

export type PluginFormat = (typeof pluginFormats)[number]

/** What the JSON document says of the run itself. */
export interface RunFacts {
  readonly program: string
  readonly args: ReadonlyArray<string>
  /** Exit status; undefined where the run failed otherwise. */
  readonly status: number | undefined
}

/** The plugins' output of one run. */
export interface RunOutput {
  readonly output: PluginOutput["Service"]
  /** Writes what belongs at the end. `plugins` are those still loaded, with a result or not. */
  readonly end: (facts: RunFacts, plugins: ReadonlyArray<PluginSource>) => void
}

/** Version of the JSON document; it changes when programs that read it have to. */
export const documentVersion = 1

/** Tables: text of plugins as it is, and a table for each result. */
const tables = (write: (text: string) => void, paint: Paint): RunOutput => ({
  output: { write, report: ({ json, source }) => write(formatTable(source.name, json(), paint)) },
  end: () => {}
})

/** Collects results, and makes the document of them. */
const makeDocument = () => {
  const results = new Map<bigint, readonly [PluginSource, unknown]>()
  const entry = ({ args, id, name }: PluginSource) => ({
    name,
    id: Number(id),
    args: args.map(([key, value]) => `${key}=${value}`)
  })
  return {
    add: ({ json, source }: PluginReport): void => void results.set(source.id, [source, json()]),
    finish: ({ args, program, status }: RunFacts, loaded: ReadonlyArray<PluginSource>): string => {
      const silent = loaded.filter(({ id }) => !results.has(id)).map((source) => [source, undefined] as const)
      const plugins = [...results.values(), ...silent].sort(([a], [b]) => Number(a.id - b.id))
      const document = {
        version: documentVersion,
        program,
        args,
        status: status ?? null,
        plugins: plugins.map(([source, result]) => ({ ...entry(source), result }))
      }
      return `${JSON.stringify(document)}\n`
    }
  }
}

/** A line of JSON for each piece of text that a plugin writes, and at the end a line with the document. */
const jsonLines = (write: (text: string) => void): RunOutput => {
  const document = makeDocument()
  return {
    output: {
      write: (text, { id, name }) => write(`${JSON.stringify({ plugin: name, id: Number(id), text })}\n`),
      report: document.add
    },
    end: (facts, loaded) => write(document.finish(facts, loaded))
  }
}

/** The same output, and the document of all results elsewhere, too. */
export const withDocument = ({ end, output }: RunOutput, write: (text: string) => void): RunOutput => {
  const document = makeDocument()
  return {
    output: {
      write: output.write,
      report: (report) => {
        document.add(report)
        output.report(report)
      }
    },
    end: (facts, loaded) => {
      end(facts, loaded)
      write(document.finish(facts, loaded))
    }
  }
}

/**
 * Makes the output of plugins.
 *
 * @param write writes text to where plugins' text goes
 * @param paint colours of tables
 */
export const makeRunOutput = (format: PluginFormat, write: (text: string) => void, paint: Paint): RunOutput => {
  switch (format) {
    case "text":
      return { output: Output.text(write), end: () => {} }
    case "table":
      return tables(write, paint)
    case "json":
      return jsonLines(write)
  }
}
