/** A reader of drcov files, written from DynamoRIO's description of the format: what tools that show coverage rely on. */

export interface DrcovModule {
  readonly id: number
  readonly base: number
  readonly end: number
  readonly entry: number
  readonly path: string
}

/** A block that ran: `start` is an offset in its module. */
export interface DrcovBlock {
  readonly start: number
  readonly size: number
  readonly module: number
}

export interface Drcov {
  readonly flavor: string
  readonly modules: ReadonlyArray<DrcovModule>
  readonly blocks: ReadonlyArray<DrcovBlock>
}

const recordSize = 8

/** Reads a file of version 2. Throws what is wrong with it. */
export const parseDrcov = (bytes: Buffer): Drcov => {
  let at = 0
  const line = (pattern: RegExp): RegExpExecArray => {
    const end = bytes.indexOf(0x0a, at)
    if (end < 0) throw new Error(`the header ends early, before ${pattern}`)
    const text = bytes.toString("utf8", at, end)
    const match = pattern.exec(text)
    if (match === null) throw new Error(`${JSON.stringify(text)} is not ${pattern}`)
    at = end + 1
    return match
  }
  line(/^DRCOV VERSION: 2$/)
  const flavor = line(/^DRCOV FLAVOR: (.+)$/)[1]!
  const count = Number(line(/^Module Table: version 2, count (\d+)$/)[1])
  line(/^Columns: id, base, end, entry, path$/)
  const modules = Array.from({ length: count }, (_, number): DrcovModule => {
    const [, id, base, end, entry, path] = line(/^ *(\d+), (0x[0-9a-f]+), (0x[0-9a-f]+), (0x[0-9a-f]+), (.+)$/)
    if (Number(id) !== number) throw new Error(`module ${id} is at the place of module ${number}`)
    return { id: number, base: Number(base), end: Number(end), entry: Number(entry), path: path! }
  })
  const blockCount = Number(line(/^BB Table: (\d+) bbs$/)[1])
  const data = bytes.subarray(at)
  if (data.length !== blockCount * recordSize) {
    throw new Error(`${blockCount} blocks are announced, and ${data.length / recordSize} are there`)
  }
  const blocks = Array.from({ length: blockCount }, (_, i) => ({
    start: data.readUInt32LE(i * recordSize),
    size: data.readUInt16LE(i * recordSize + 4),
    module: data.readUInt16LE(i * recordSize + 6)
  }))
  return { flavor, modules, blocks }
}
