/**
 * Shared file mappings. The memory is not the host's page cache, so what the guest stores reaches the file when something
 * could notice: at msync, munmap, exit, and before the process reads the file by other means. A copy of what the file
 * held tells which pages changed.
 */
import * as Layout from "@emu/tcg/Layout"
import type { MappedFile } from "./MappedFile.ts"
import type { Pages } from "./Pages.ts"
import type { Region } from "./Region.ts"
import type { RegionList } from "./RegionList.ts"

export class SharedFiles {
  readonly #regions: RegionList
  readonly #pages: Pages
  /** Contents of each mapped page as the file had them, by file and page index in it. */
  readonly #known = new Map<MappedFile, Map<number, Uint8Array>>()

  constructor(regions: RegionList, pages: Pages) {
    this.#regions = regions
    this.#pages = pages
  }

  /** A shared mapping of a file was made, with the file's contents. */
  added(region: Region): void {
    if (!region.file!.writable) return
    const known = this.#known.get(region.file!) ?? new Map<number, Uint8Array>()
    this.#known.set(region.file!, known)
    this.#forEachPage(region, (page, bytes) => known.set(page, bytes.slice()))
  }

  /** The last mapping of a file is gone. */
  removed(file: MappedFile): void {
    this.#known.delete(file)
  }

  /** Writes changed pages in start..end to their files. */
  flush(start: number, end: number): void {
    if (this.#known.size === 0) return
    for (const region of this.#regions.within(start, end)) {
      const known = this.#knownOf(region)
      if (known === undefined) continue
      this.#forEachPage(region, (page, bytes) => {
        const old = known.get(page)
        if (old !== undefined && equal(old, bytes)) return
        const length = Math.min(bytes.length, region.file!.size() - page * Layout.pageSize)
        if (length > 0) region.file!.write(page * Layout.pageSize, bytes.subarray(0, length))
        known.set(page, bytes.slice())
      })
    }
  }

  /** Reads a file's pages again into its shared mappings, which are given. */
  refresh(identity: string): Array<Region> {
    const regions = this.#regions.all.filter((region) => region.shared && region.file?.identity === identity)
    for (const region of regions) {
      const known = this.#knownOf(region)
      this.#forEachPage(region, (page, bytes) => {
        region.file!.read(page * Layout.pageSize, bytes)
        known?.set(page, bytes.slice())
      })
    }
    return regions
  }

  #knownOf(region: Region): Map<number, Uint8Array> | undefined {
    return region.shared && region.file !== undefined ? this.#known.get(region.file) : undefined
  }

  /** Visits the pages of a region that the file reaches into. */
  #forEachPage(region: Region, visit: (pageOfFile: number, bytes: Uint8Array<ArrayBufferLike>) => void): void {
    const size = region.file!.size()
    for (let at = region.start, offset = region.offset; at < region.end && offset < size;) {
      visit(offset / Layout.pageSize, this.#pages.bytesToFill(at, Layout.pageSize))
      at += Layout.pageSize
      offset += Layout.pageSize
    }
  }
}

const equal = (a: Uint8Array, b: Uint8Array): boolean => {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
