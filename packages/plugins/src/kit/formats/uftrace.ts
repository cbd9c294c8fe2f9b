/** The files of a uftrace data directory (its doc/uftrace-data-format, file version 4), as far as a trace of functions needs them. */
import type { OutputFile } from "@emu/core/PluginFiles"
import type { ModuleInfo } from "@emu/core/Ports"
import { hex } from "../text/format.ts"
import { ascending } from "../text/order.ts"

const recordTypes = { entry: 0, exit: 1 } as const

/** Depths that a record has room for. */
const maxDepth = 1024

/** Every record has this in it, to be recognised. */
const magic = 5n

const recordSize = 16
const recordsAtOnce = 4096

/**
 * Writes a thread's records, of 16 bytes each: the time in nanoseconds, then from the lowest bit on type (2 bits), a bit for arguments,
 * magic (3), depth (10) and the function's address (48).
 */
export class RecordWriter {
  readonly #file: OutputFile
  readonly #bytes = new Uint8Array(recordSize * recordsAtOnce)
  readonly #view = new DataView(this.#bytes.buffer)
  #length = 0

  constructor(file: OutputFile) {
    this.#file = file
  }

  /** Depths from `maxDepth` on are left out: they have no place in a record. */
  write(type: "entry" | "exit", time: bigint, depth: number, address: bigint): void {
    if (depth >= maxDepth) return
    this.#view.setBigUint64(this.#length, time, true)
    const bits = BigInt(recordTypes[type]) | (magic << 3n) | (BigInt(depth) << 6n) | (address << 16n)
    this.#view.setBigUint64(this.#length + 8, bits, true)
    this.#length += recordSize
    if (this.#length === this.#bytes.length) this.#flush()
  }

  close(): void {
    this.#flush()
    this.#file.close()
  }

  #flush(): void {
    this.#file.write(this.#bytes.subarray(0, this.#length))
    this.#length = 0
  }
}

/** Feature bits: `task.txt` lists sessions; `.sym` files have addresses relative to their module. */
const features = (1n << 1n) | (1n << 5n)

/** The texts of `info`, in this order, and the bits of its header that say that they are there. */
const infoTexts = { exename: 1n << 0n, cmdline: 1n << 3n, taskinfo: 1n << 7n } as const

/**
 * The file `info`: a header of 40 bytes, then texts about what was run.
 *
 * @param tids the threads, each with a file
 */
export const infoFile = (path: string, command: string, tids: ReadonlyArray<number>): Uint8Array => {
  const threads = `taskinfo:lines=2\ntaskinfo:nr_tid=${tids.length}\ntaskinfo:tids=${tids.join(",")}\n`
  const tail = new TextEncoder().encode(`exename:${path}\ncmdline:${command}\n${threads}`)
  const bytes = new Uint8Array(40 + tail.length)
  const view = new DataView(bytes.buffer)
  bytes.set(new TextEncoder().encode("Ftrace!\0"))
  view.setUint32(8, 4, true) // version
  view.setUint16(12, 40, true) // length of the header
  view.setUint8(14, 1) // little-endian
  view.setUint8(15, 2) // 64 bits
  view.setBigUint64(16, features, true)
  view.setBigUint64(24, infoTexts.exename | infoTexts.cmdline | infoTexts.taskinfo, true)
  view.setUint16(32, maxDepth, true)
  bytes.set(tail, 40)
  return bytes
}

/** The file `task.txt`: the session, and the threads in it. */
export const taskFile = (path: string, tids: ReadonlyArray<number>): string => {
  const [pid] = tids
  const tasks = tids.map((tid) => `TASK timestamp=0.000000000 tid=${tid} pid=${pid}\n`)
  return `SESS timestamp=0.000000000 pid=${pid} sid=0 exename="${path}"\n${tasks.join("")}`
}

/**
 * The stack's line of `sid-0.map`. uftrace guesses from it where the kernel begins, and takes everything above for kernel code. A
 * guest's stack is low, below its position-independent program; this is where processes of 64 bits have theirs.
 */
const stackLine = "7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0 [stack]\n"

/** The file `sid-0.map`: where modules are, in the form of /proc/PID/maps. */
export const mapFile = (modules: ReadonlyArray<ModuleInfo>): string =>
  modules.map(({ base, end, path }) => `${hex(base, 8)}-${hex(end, 8)} r-xp 00000000 00:00 0 ${path}\n`).join("") + stackLine

/** A module's `.sym` file: names of functions by their offset in it, so that no ELF file is needed to read the trace. */
export const symbolFile = (
  path: string,
  functions: ReadonlyArray<{ readonly offset: bigint; readonly name: string }>
): string => {
  const rows = [...functions].sort((a, b) => ascending(a.offset, b.offset))
  const last = rows.at(-1)?.offset ?? 0n
  const lines = rows.map(({ name, offset }) => `${hex(offset, 16)} T ${name}\n`).join("")
  return `# symbols: ${rows.length}\n# path name: ${path}\n${lines}${hex(last + 2n, 16)} ? __sym_end\n`
}
