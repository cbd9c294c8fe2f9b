/**
 * The file format of DynamoRIO's drcov, version 2 (its module table as well): a text header, a table of modules, then eight bytes
 * for each block: offset in its module (32 bits), size in bytes and module (16 bits each), all little-endian.
 */
import type { ModuleInfo } from "@emu/core/Ports"
import { hex } from "../text/format.ts"

/** A block that ran. */
export interface CoveredBlock {
  readonly pc: bigint
  /** Bytes. */
  readonly size: number
  readonly module: ModuleInfo | undefined
}

/** The module number of blocks outside of every module; their offset is the address. */
const noModule = 0xffff

/**
 * Makes the file.
 *
 * @param modules the table, in order
 * @param blocks their modules must be in the table
 */
export const drcovFile = (modules: ReadonlyArray<ModuleInfo>, blocks: ReadonlyArray<CoveredBlock>): Uint8Array => {
  let head = `DRCOV VERSION: 2\nDRCOV FLAVOR: drcov-64\nModule Table: version 2, count ${modules.length}\n`
  head += "Columns: id, base, end, entry, path\n"
  modules.forEach(({ base, end, entry, path }, id) => {
    head += `${id}, 0x${hex(base)}, 0x${hex(end)}, 0x${hex(entry)}, ${path}\n`
  })
  head += `BB Table: ${blocks.length} bbs\n`
  const headBytes = new TextEncoder().encode(head)
  const bytes = new Uint8Array(headBytes.length + 8 * blocks.length)
  bytes.set(headBytes)
  const view = new DataView(bytes.buffer)
  const ids = new Map(modules.map((module, id) => [module, id]))
  let at = headBytes.length
  for (const { module, pc, size } of blocks) {
    view.setUint32(at, Number(BigInt.asUintN(32, module === undefined ? pc : pc - module.base)), true)
    view.setUint16(at + 4, size, true)
    view.setUint16(at + 6, module === undefined ? noModule : ids.get(module)!, true)
    at += 8
  }
  return bytes
}
