/** Functions and objects of a process: its program's and those of every library that it has mapped. */
import type { SymbolInfo } from "@emu/core/Ports"
import type { Segment } from "../../elf/Elf.ts"
import type { FileSymbol } from "../../elf/symbols.ts"
import type { AddressSpace } from "../memory/AddressSpace.ts"
import type { ElfFiles, MappedElf } from "./ElfFiles.ts"

export class Symbols {
  readonly #space: AddressSpace
  readonly #files: ElfFiles

  constructor(space: AddressSpace, files: ElfFiles) {
    this.#space = space
    this.#files = files
  }

  /** The name of the symbol that covers an address. */
  find(address: number): string | undefined {
    const mapped = this.#at(address)
    return mapped?.file.symbols.find(address - mapped.bias)
  }

  /** The symbol that covers an address. */
  cover(address: number): SymbolInfo | undefined {
    const mapped = this.#at(address)
    const symbol = mapped?.file.symbols.cover(address - mapped.bias)
    return mapped && symbol && shown(symbol, mapped)
  }

  /** All names of what begins at an address. */
  namesAt(address: number): ReadonlyArray<string> {
    const mapped = this.#at(address)
    return mapped?.file.symbols.namesAt(address - mapped.bias) ?? []
  }

  /** The symbols of a name, in all files that are mapped now, by address. */
  named(name: string): ReadonlyArray<SymbolInfo> {
    const found = new Map<number, SymbolInfo>()
    for (const region of this.#space.regions.all) {
      const mapped = this.#files.in(region)
      for (const symbol of mapped?.file.symbols.named(name) ?? []) {
        // a file has several regions, and zeroed data that no region maps from it
        found.set(symbol.address + mapped!.bias, shown(symbol, mapped!))
      }
    }
    return [...found.values()].sort((a, b) => (a.start < b.start ? -1 : 1))
  }

  #at(address: number): MappedElf | undefined {
    const region = this.#space.regions.at(address)
    const mapped = region && this.#files.in(region)
    if (mapped !== undefined || region === undefined || region.file !== undefined) return mapped
    // zeroed data lies behind the last region of its file
    const before = this.#space.regions.at(region.start - 1)
    const file = before && this.#files.in(before)
    return file?.file.elf.loads.some((load) => isIn(address - file.bias, load)) === true ? file : undefined
  }
}

const isIn = (address: number, load: Segment): boolean => address >= load.address && address < load.address + load.memorySize

const shown = ({ address, name, size }: FileSymbol, { bias, file }: MappedElf): SymbolInfo => ({
  name,
  start: BigInt(address + bias),
  size,
  module: file.path
})
