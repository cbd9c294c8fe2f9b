/** The functions that a trace has met, by address, with names and modules as they were then: libraries may be unmapped later. */
import type { PluginApi } from "@emu/core/PluginApi"
import type { ModuleInfo } from "@emu/core/Ports"
import { hex } from "../text/format.ts"
import { symbolFile } from "../formats/uftrace.ts"

interface Known {
  readonly address: bigint
  readonly name: string | undefined
  readonly module: ModuleInfo | undefined
}

export class FunctionTable {
  readonly #api: Pick<PluginApi, "symbol" | "moduleAt">
  readonly #functions = new Map<bigint, Known>()

  constructor(api: Pick<PluginApi, "symbol" | "moduleAt">) {
    this.#api = api
  }

  get count(): number {
    return this.#functions.size
  }

  /** Looks a function up, the first time. */
  add(address: bigint): void {
    if (this.#functions.has(address)) return
    const known = { address, name: this.#api.symbol(address), module: this.#api.moduleAt(address) }
    this.#functions.set(address, known)
  }

  /** The modules that they are in. */
  modules(): ReadonlyArray<ModuleInfo> {
    return [...this.#byModule().keys()]
  }

  /** A `.sym` file's name and content for each module. Of two modules with the same file name the first one counts. */
  symbolFiles(): Readonly<Record<string, string>> {
    const files: Record<string, string> = {}
    for (const [{ base, path }, functions] of this.#byModule()) {
      // uftrace takes a function without a name for part of the one before it: so each has one.
      const rows = functions.map(({ address, name }) => ({ offset: address - base, name: name ?? `0x${hex(address)}` }))
      files[`${path.replace(/.*\//, "")}.sym`] ??= symbolFile(path, rows)
    }
    return files
  }

  #byModule(): ReadonlyMap<ModuleInfo, ReadonlyArray<Known>> {
    const byPlace = new Map<string, readonly [ModuleInfo, Array<Known>]>()
    for (const known of this.#functions.values()) {
      const { module } = known
      if (module === undefined) continue
      const key = `${module.base} ${module.path}`
      const entry = byPlace.get(key)
      if (entry === undefined) byPlace.set(key, [module, [known]])
      else entry[1].push(known)
    }
    return new Map(byPlace.values())
  }
}
