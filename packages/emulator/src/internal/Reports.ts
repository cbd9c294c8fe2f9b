/** What the plugins of a run say: text, and results by the names that the run gave them. */
import type { Plugin } from "@emu/core/Plugin"
import { PluginOutput, type PluginReport } from "@emu/core/Ports"
import * as Schema from "effect/Schema"

export class Reports {
  readonly #plugins = new Map<bigint, { readonly name: string; readonly plugin: Plugin }>()
  readonly #reports = new Map<bigint, PluginReport>()
  readonly #texts: Array<string> = []
  readonly output: PluginOutput["Service"]

  /** @param output takes what plugins say, too, instead of the text that is kept here */
  constructor(output: PluginOutput["Service"] | undefined) {
    const { report, write } = output ?? PluginOutput.text((text) => this.#texts.push(text))
    this.output = {
      write,
      report: (one) => {
        this.#reports.set(one.source.id, one)
        report(one)
      }
    }
  }

  /** A plugin was installed under a name. */
  name(name: string, id: bigint, plugin: Plugin): void {
    this.#plugins.set(id, { name, plugin })
  }

  get text(): string {
    return this.#texts.join("")
  }

  /** The last result of each plugin that has a name, as its Schema describes it. */
  results(): Readonly<Record<string, unknown>> {
    const results: Record<string, unknown> = {}
    for (const [id, { name, plugin }] of this.#plugins) {
      const report = this.#reports.get(id)
      const schema = plugin.result
      results[name] = report && schema && Schema.decodeUnknownSync(schema)(report.json())
    }
    return results
  }
}
