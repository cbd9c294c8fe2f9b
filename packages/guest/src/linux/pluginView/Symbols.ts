/** Names of the functions of a process: its program's and those of every library that it has mapped. */
import { parseElf } from "../../elf/parse.ts"
import { type Segment, SegmentFlag } from "../../elf/Elf.ts"
import { readSymbols, type SymbolTable } from "../../elf/symbols.ts"
import * as Result from "effect/Result"
import { elfBytes } from "../loader/elfBytes.ts"
import { type AddressSpace, pageDown } from "../memory/AddressSpace.ts"
import type { MappedFile } from "../memory/MappedFile.ts"
import { Prot } from "../memory/Prot.ts"
import type { Region } from "../memory/Region.ts"

interface FileSymbols {
  readonly loads: ReadonlyArray<Segment>
  readonly table: SymbolTable
}

export class Symbols {
  readonly #space: AddressSpace
  readonly #vdsoBase: () => number
  readonly #vdso: Uint8Array
  /** Read when first asked for; undefined for files that are no ELF files. */
  readonly #files = new Map<string, FileSymbols | undefined>()
  #vdsoTable: SymbolTable | undefined

  /** @param vdso the image, mapped at `vdsoBase` */
  constructor(space: AddressSpace, vdso: Uint8Array, vdsoBase: () => number) {
    this.#space = space
    this.#vdso = vdso
    this.#vdsoBase = vdsoBase
  }

  /** The symbol that covers an address. */
  find(address: number): string | undefined {
    const region = this.#space.regions.at(address)
    if (region === undefined) return undefined
    if (region.file === undefined) {
      return region.name === "[vdso]" ? this.#ofVdso().find(address - this.#vdsoBase()) : undefined
    }
    const symbols = this.#ofFile(region.file)
    const bias = symbols === undefined ? undefined : biasOf(symbols.loads, region)
    return bias === undefined ? undefined : symbols?.table.find(address - bias)
  }

  #ofVdso(): SymbolTable {
    return (this.#vdsoTable ??= readSymbols(this.#vdso))
  }

  #ofFile(file: MappedFile): FileSymbols | undefined {
    if (this.#files.has(file.identity)) return this.#files.get(file.identity)
    const bytes = elfBytes(file.size(), file.read)
    const elf = typeof bytes === "number" ? undefined : Result.getOrUndefined(parseElf(bytes, file.path))
    const symbols = elf === undefined ? undefined : { loads: elf.loads, table: readSymbols(elf.bytes) }
    this.#files.set(file.identity, symbols)
    return symbols
  }
}

/** How far a file's addresses are off in a region that maps part of it; undefined if no segment is there. */
export const biasOf = (loads: ReadonlyArray<Segment>, region: Region): number | undefined => {
  const holders = loads.filter(
    (load) => pageDown(load.offset) <= region.offset && region.offset < load.offset + load.fileSize
  )
  // two segments may share a page of the file: the protection tells which one this is
  const isCode = (region.prot & Prot.exec) !== 0
  const load = holders.find((holder) => ((holder.flags & SegmentFlag.exec) !== 0) === isCode) ?? holders[0]
  return load === undefined ? undefined : region.start - (pageDown(load.address) + region.offset - pageDown(load.offset))
}
