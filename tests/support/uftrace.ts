/** A reader of uftrace data directories, written from the description of the format (uftrace-data.md): functions and when they ran. */
import * as fs from "node:fs"
import * as path from "node:path"

interface UftraceRecord {
  readonly time: number
  readonly type: "entry" | "exit"
  readonly depth: number
  /** The function's name, by the directory's own files. */
  readonly name: string
}

export interface UftraceTask {
  readonly tid: number
  readonly records: ReadonlyArray<UftraceRecord>
}

const fail = (problem: string): never => {
  throw new Error(problem)
}

/** Texts of `info` by name; the bits of the header must say which there are. */
const readInfo = (bytes: Buffer): ReadonlyMap<string, ReadonlyArray<string>> => {
  if (bytes.toString("latin1", 0, 8) !== "Ftrace!\0") fail("info has no magic")
  if (bytes.readUInt32LE(8) !== 4) fail("info is of another version than 4")
  const headerSize = bytes.readUInt16LE(12)
  if (headerSize !== 40 || bytes[14] !== 1 || bytes[15] !== 2) fail("info is not little-endian with 64 bits")
  const texts = new Map<string, Array<string>>()
  for (const line of bytes.toString("utf8", headerSize).trimEnd().split("\n")) {
    const [, name, text] = /^(\w+):(.*)$/.exec(line) ?? fail(`${line}: no text of info`)
    texts.set(name!, [...(texts.get(name!) ?? []), text!])
  }
  const bits = { exename: 0, cmdline: 3, taskinfo: 7 }
  const mask = Object.entries(bits).reduce((sum, [name, bit]) => sum | (texts.has(name) ? 1 << bit : 0), 0)
  if (bytes.readBigUInt64LE(24) !== BigInt(mask)) fail("info's header announces other texts than there are")
  return texts
}

/** Finds names: modules by `sid-0.map`, functions in them by their `.sym` files. */
const makeNames = (directory: string) => {
  const modules = fs
    .readFileSync(path.join(directory, "sid-0.map"), "utf8")
    .split("\n")
    .map((line) => /^([0-9a-f]+)-([0-9a-f]+) r-xp 00000000 00:00 0 +(\/\S+)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, start, end, file]) => ({ start: Number(`0x${start}`), end: Number(`0x${end}`), file: path.basename(file!) }))
  const names = new Map<number, string>()
  const find = (address: number): string => {
    const module = modules.find(({ end, start }) => start <= address && address < end)
    // Code made at run time has no name.
    if (module === undefined) return `0x${address.toString(16)}`
    const symbols = fs.readFileSync(path.join(directory, `${module.file}.sym`), "utf8").split("\n")
    const offset = (address - module.start).toString(16).padStart(16, "0")
    return symbols.find((line) => line.startsWith(`${offset} T `))?.slice(19) ?? fail(`${module.file}.sym has no ${offset}`)
  }
  return (address: number): string => {
    const name = names.get(address) ?? find(address)
    names.set(address, name)
    return name
  }
}

/** Reads a directory. Throws what is wrong with it: calls that are not nested, time that goes back, names that are missing. */
export const parseUftrace = (directory: string): ReadonlyArray<UftraceTask> => {
  const info = readInfo(fs.readFileSync(path.join(directory, "info")))
  const tids =
    /^tids=(.*)$/
      .exec(info.get("taskinfo")?.[2] ?? "")?.[1]
      ?.split(",")
      .map(Number) ?? fail("info names no threads")
  const tasks = fs.readFileSync(path.join(directory, "task.txt"), "utf8")
  for (const tid of tids) if (!tasks.includes(`TASK timestamp=0.000000000 tid=${tid} pid=`)) fail(`task.txt has no ${tid}`)
  const nameOf = makeNames(directory)
  return tids.map((tid) => {
    const bytes = fs.readFileSync(path.join(directory, `${tid}.dat`))
    const open: Array<string> = []
    let before = 0
    const records = Array.from({ length: bytes.length / 16 }, (_, i): UftraceRecord => {
      const time = Number(bytes.readBigUInt64LE(16 * i))
      const bits = bytes.readBigUInt64LE(16 * i + 8)
      if (((bits >> 3n) & 7n) !== 5n) fail(`record ${i} of ${tid} has no magic`)
      const type = (["entry", "exit"] as const)[Number(bits & 3n)] ?? fail(`record ${i} is neither entry nor exit`)
      const depth = Number((bits >> 6n) & 1023n)
      const name = nameOf(Number(bits >> 16n))
      if (time < before) fail(`time goes back in ${tid} at record ${i}`)
      before = time
      if (type === "entry") {
        if (depth !== open.length) fail(`${name} is entered at depth ${depth}, in ${open.length} functions`)
        open.push(name)
      } else if (open.pop() !== name || depth !== open.length) fail(`${name} is left, but was not entered last`)
      return { time, type, depth, name }
    })
    if (open.length > 0) fail(`${open.join(", ")} are never left in ${tid}`)
    return { tid, records }
  })
}
