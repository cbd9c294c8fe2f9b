/** The ELF files that a process has mapped: its program, dynamic loader, libraries (opened later ones, too), and the vdso. */
import type { ModuleInfo } from "@emu/core/Ports"
import * as Result from "effect/Result"
import { type Elf, SegmentFlag } from "../../elf/Elf.ts"
import { parseElf } from "../../elf/parse.ts"
import { elfBytes } from "../loader/elfBytes.ts"
import { span } from "../loader/mapElf.ts"
import type { AddressSpace } from "../memory/AddressSpace.ts"
import type { MappedFile } from "../memory/MappedFile.ts"
import { Prot } from "../memory/Prot.ts"
import type { Region } from "../memory/Region.ts"
import { biasOf } from "./Symbols.ts"

export class Modules {
  readonly #space: AddressSpace
  /** Read when first asked for; undefined for files that are no ELF files. */
  readonly #files = new Map<string, Elf | undefined>()

  constructor(space: AddressSpace) {
    this.#space = space
  }

  /** The module that an address lies in: undefined outside of ELF files' segments. */
  find(address: number): ModuleInfo | undefined {
    const region = this.#space.regions.at(address)
    return region === undefined ? undefined : this.#of(region)
  }

  /** All that are mapped with code, by address. */
  list(): ReadonlyArray<ModuleInfo> {
    const modules = new Map<string, ModuleInfo>()
    for (const region of this.#space.regions.all) {
      if ((region.prot & Prot.exec) === 0) continue
      const module = this.#of(region)
      if (module !== undefined) modules.set(`${module.base} ${module.path}`, module)
    }
    return [...modules.values()]
  }

  #of(region: Region): ModuleInfo | undefined {
    if (region.file === undefined) return region.name === "[vdso]" ? vdso(region) : undefined
    const elf = this.#elf(region.file)
    const bias = elf === undefined ? undefined : biasOf(elf.loads, region)
    if (elf === undefined || bias === undefined) return undefined
    const base = span(elf).start + bias
    const code = elf.loads.findLast((load) => (load.flags & SegmentFlag.exec) !== 0)
    return {
      path: region.file.path,
      base: BigInt(base),
      end: BigInt(code === undefined ? base : code.address + code.fileSize + bias),
      entry: BigInt(elf.entry === 0 ? base : elf.entry + bias)
    }
  }

  #elf(file: MappedFile): Elf | undefined {
    if (this.#files.has(file.identity)) return this.#files.get(file.identity)
    const bytes = elfBytes(file.size(), file.read)
    const elf = typeof bytes === "number" ? undefined : Result.getOrUndefined(parseElf(bytes, file.path))
    this.#files.set(file.identity, elf)
    return elf
  }
}

const vdso = ({ end, name, start }: Region): ModuleInfo => ({
  path: name,
  base: BigInt(start),
  end: BigInt(end),
  entry: BigInt(start)
})
