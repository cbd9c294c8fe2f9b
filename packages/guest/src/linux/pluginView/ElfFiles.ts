/** The ELF files that processes of a run have mapped, each read once: what plugins and debuggers ask of them. */
import { CallFrames } from "../../elf/callFrames.ts"
import { type Elf, type Segment, SegmentFlag } from "../../elf/Elf.ts"
import { parseElf } from "../../elf/parse.ts"
import { isStripped, readSymbols, type SymbolTable } from "../../elf/symbols.ts"
import * as Result from "effect/Result"
import { elfBytes } from "../loader/elfBytes.ts"
import { pageDown } from "../memory/AddressSpace.ts"
import type { MappedFile } from "../memory/MappedFile.ts"
import { Prot } from "../memory/Prot.ts"
import type { Region } from "../memory/Region.ts"
import type { SymbolFiles } from "./SymbolFiles.ts"

/** A file; its tables are made when they are first asked for. */
export class ElfFile {
  readonly path: string
  readonly elf: Elf
  readonly #symbolFiles: SymbolFiles | undefined
  #symbols: SymbolTable | undefined
  #frames: CallFrames | undefined

  constructor(path: string, elf: Elf, symbolFiles: SymbolFiles | undefined) {
    this.path = path
    this.elf = elf
    this.#symbolFiles = symbolFiles
  }

  get symbols(): SymbolTable {
    return (this.#symbols ??= this.#readSymbols())
  }

  get frames(): CallFrames {
    return (this.#frames ??= new CallFrames(this.elf))
  }

  #readSymbols(): SymbolTable {
    const { bytes } = this.elf
    const apart = isStripped(bytes) ? this.#symbolFiles?.find(this.path, bytes) : undefined
    const table = apart && readSymbols(apart)
    return table === undefined || table.size === 0 ? readSymbols(bytes) : table
  }
}

/** A file as it is mapped: an address in the file plus `bias` is one in memory. */
export interface MappedElf {
  readonly file: ElfFile
  readonly bias: number
}

export class ElfFiles {
  readonly #vdso: ElfFile | undefined
  readonly #symbolFiles: SymbolFiles | undefined
  /** By identity; undefined for files that are no ELF files. */
  readonly #files = new Map<string, ElfFile | undefined>()

  /** @param vdso the image of the vdso */
  constructor(vdso: Uint8Array, symbolFiles?: SymbolFiles) {
    const elf = Result.getOrUndefined(parseElf(vdso, vdsoName))
    this.#vdso = elf && new ElfFile(vdsoName, elf, undefined)
    this.#symbolFiles = symbolFiles
  }

  /** The file that a region maps part of; undefined for memory without, and for files that are no ELF files. */
  in(region: Region): MappedElf | undefined {
    if (region.file === undefined) {
      if (region.name !== vdsoName || this.#vdso === undefined) return undefined
      return { file: this.#vdso, bias: region.start - pageDown(this.#vdso.elf.loads[0]!.address) }
    }
    const file = this.#of(region.file)
    const bias = file && biasOf(file.elf.loads, region)
    return file === undefined || bias === undefined ? undefined : { file, bias }
  }

  #of(mapped: MappedFile): ElfFile | undefined {
    const { identity, path } = mapped
    if (this.#files.has(identity)) return this.#files.get(identity)
    const bytes = elfBytes(mapped.size(), mapped.read)
    const elf = typeof bytes === "number" ? undefined : Result.getOrUndefined(parseElf(bytes, path))
    const file = elf && new ElfFile(path, elf, this.#symbolFiles)
    this.#files.set(identity, file)
    return file
  }
}

/** The name of the region that has the vdso. */
export const vdsoName = "[vdso]"

/** How far a file's addresses are off in a region that maps part of it; undefined if no segment is there. */
const biasOf = (loads: ReadonlyArray<Segment>, region: Region): number | undefined => {
  const holders = loads.filter(
    (load) => pageDown(load.offset) <= region.offset && region.offset < load.offset + load.fileSize
  )
  // two segments may share a page of the file: the protection tells which one this is
  const isCode = (region.prot & Prot.exec) !== 0
  const load = holders.find((holder) => ((holder.flags & SegmentFlag.exec) !== 0) === isCode) ?? holders[0]
  return load === undefined ? undefined : region.start - (pageDown(load.address) + region.offset - pageDown(load.offset))
}
