/** Small ELF files for tests: one executable segment, optional data segment, optional symbols. */

export interface ElfParts {
  readonly code: Uint8Array
  readonly address?: number
  readonly entry?: number
  /** Bytes of zeroed, writable memory behind the code's pages. */
  readonly bss?: number
  /** ET_DYN instead of ET_EXEC. */
  readonly relocatable?: boolean
  readonly interpreter?: string
  readonly symbols?: ReadonlyArray<{
    readonly name: string
    readonly address: number
    readonly size: number
    readonly info?: number
  }>
}

const headerSize = 64
const segmentSize = 56
const pageSize = 4096

/** The file's bytes: headers in the first page, code from offset 4096 on. */
export const buildElf = (parts: ElfParts): Uint8Array => {
  const address = parts.address ?? 0x10000
  const codeEnd = pageSize + parts.code.length
  const interpreter = parts.interpreter === undefined ? undefined : new TextEncoder().encode(`${parts.interpreter}\0`)
  const segments: Array<ReadonlyArray<number>> = []
  if (interpreter !== undefined) segments.push([3, 4, 1024, 0, interpreter.length, interpreter.length, 1])
  segments.push([1, 5, pageSize, address, parts.code.length, parts.code.length, pageSize])
  if (parts.bss !== undefined) {
    segments.push([1, 6, 0, Math.ceil((address + parts.code.length) / pageSize) * pageSize, 0, parts.bss, pageSize])
  }
  const names = ["\0", ...(parts.symbols ?? []).map((symbol) => `${symbol.name}\0`)]
  const strings = new TextEncoder().encode(names.join(""))
  const symbolsAt = Math.ceil(codeEnd / 8) * 8
  const symbolBytes = 24 * (parts.symbols?.length ?? 0)
  const stringsAt = symbolsAt + symbolBytes
  const sectionsAt = Math.ceil((stringsAt + strings.length) / 8) * 8
  const bytes = new Uint8Array(sectionsAt + 3 * 64)
  const view = new DataView(bytes.buffer)
  const u64 = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true)

  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  view.setUint16(16, parts.relocatable === true ? 3 : 2, true)
  view.setUint16(18, 243, true)
  view.setUint32(20, 1, true)
  u64(24, parts.entry ?? address)
  u64(32, headerSize)
  u64(40, sectionsAt)
  view.setUint16(52, headerSize, true)
  view.setUint16(54, segmentSize, true)
  view.setUint16(56, segments.length, true)
  view.setUint16(58, 64, true)
  view.setUint16(60, 3, true)
  segments.forEach(([type, flags, offset, place, fileSize, memorySize, align], i) => {
    const at = headerSize + i * segmentSize
    view.setUint32(at, type!, true)
    view.setUint32(at + 4, flags!, true)
    for (const [field, value] of [offset, place, place, fileSize, memorySize, align].entries())
      u64(at + 8 + 8 * field, value!)
  })
  if (interpreter !== undefined) bytes.set(interpreter, 1024)
  bytes.set(parts.code, pageSize)
  bytes.set(strings, stringsAt)
  let name = 1
  parts.symbols?.forEach((symbol, i) => {
    const at = symbolsAt + 24 * i
    view.setUint32(at, name, true)
    view.setUint8(at + 4, symbol.info ?? 0x12)
    view.setUint16(at + 6, 1, true)
    u64(at + 8, symbol.address)
    u64(at + 16, symbol.size)
    name += symbol.name.length + 1
  })
  const section = (index: number, type: number, offset: number, size: number, link: number) => {
    const at = sectionsAt + 64 * index
    view.setUint32(at + 4, type, true)
    u64(at + 24, offset)
    u64(at + 32, size)
    view.setUint32(at + 40, link, true)
  }
  section(1, 2, symbolsAt, symbolBytes, 2)
  section(2, 3, stringsAt, strings.length, 0)
  return bytes
}
