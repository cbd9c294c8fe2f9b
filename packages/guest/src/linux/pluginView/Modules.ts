/** The ELF files that a process has mapped: its program, dynamic loader, libraries (opened later ones, too), and the vdso. */
import type { ModuleInfo } from "@emu/core/Ports"
import { SegmentFlag } from "../../elf/Elf.ts"
import { span } from "../loader/mapElf.ts"
import type { AddressSpace } from "../memory/AddressSpace.ts"
import { Prot } from "../memory/Prot.ts"
import type { Region } from "../memory/Region.ts"
import { type ElfFiles, vdsoName } from "./ElfFiles.ts"

export class Modules {
  readonly #space: AddressSpace
  readonly #files: ElfFiles

  constructor(space: AddressSpace, files: ElfFiles) {
    this.#space = space
    this.#files = files
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
    if (region.file === undefined) return region.name === vdsoName ? vdso(region) : undefined
    const mapped = this.#files.in(region)
    if (mapped === undefined) return undefined
    const { bias, file } = mapped
    const { entry, loads } = file.elf
    const base = span(file.elf).start + bias
    const code = loads.findLast((load) => (load.flags & SegmentFlag.exec) !== 0)
    return {
      path: region.file.path,
      base: BigInt(base),
      end: BigInt(code === undefined ? base : code.address + code.fileSize + bias),
      entry: BigInt(entry === 0 ? base : entry + bias)
    }
  }
}

const vdso = ({ end, name, start }: Region): ModuleInfo => ({
  path: name,
  base: BigInt(start),
  end: BigInt(end),
  entry: BigInt(start)
})
