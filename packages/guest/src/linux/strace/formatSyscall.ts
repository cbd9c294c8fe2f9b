/** System calls as text, for `--strace`. */
import { errnoName } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { Sig } from "../signals/constants.ts"
import type { ArgKind, Syscall } from "../kernel/Syscall.ts"
import { readable, readStringBytes } from "../user/UserMemory.ts"
import { addressResults, spellings } from "./calls.ts"
import { errorText } from "./errorText.ts"

/** Longest part of a string or of data that is shown, in bytes. */
const shown = 32

/**
 * A call, in the style of QEMU's -strace: `PID name(arg,arg)`.
 *
 * @param args decoded by the row's kinds
 */
export const formatCall = (kernel: Kernel, row: Syscall<Kernel>, args: ReadonlyArray<number | bigint>): string => {
  const own = spellings[row.name] ?? []
  const spelled = args.map((value, i) => {
    const spelling = own[i]
    if (spelling === "data") return data(kernel, Number(value), Number(args[i + 1] ?? 0))
    return spelling === undefined ? byKind(kernel, row.args[i]!, value) : spelling(Number(value))
  })
  return `${kernel.process.pid} ${row.name}(${spelled.join(",")})`
}

/** What a call of a name has given; a negative errno is spelled out. */
export const formatResult = (name: string, result: number | bigint): string => {
  const value = Number(BigInt.asIntN(64, BigInt(result)))
  if (value < 0 && value >= -4095) {
    const error = errnoName(-value)
    return `-1 errno=${-value}${error === undefined ? "" : ` ${error}`} (${errorText(-value)})`
  }
  return addressResults.has(name) ? address(value) : `${result}`
}

const byKind = (kernel: Kernel, kind: ArgKind, value: number | bigint): string => {
  switch (kind) {
    case "pointer":
      return address(Number(value))
    case "path":
      return path(kernel, Number(value))
    case "signal":
      return signals.get(Number(value)) ?? `${value}`
    case "flags":
      return value === 0 ? "0" : `0x${value.toString(16)}`
    case "mode":
      return value === 0 ? "0" : `0${value.toString(8)}`
    case "int":
    case "fd":
    case "uint":
    case "size":
    case "offset":
    case "long":
      return `${value}`
  }
}

const address = (value: number): string => (value === 0 ? "NULL" : `0x${value.toString(16).padStart(16, "0")}`)

const path = (kernel: Kernel, at: number): string => {
  const bytes = at === 0 ? undefined : readStringBytes(kernel.state, at)
  return bytes === undefined ? address(at) : quoted(bytes)
}

const data = (kernel: Kernel, at: number, length: number): string => {
  const bytes = readable(kernel.state, at, Math.min(length, shown + 1))
  return bytes === undefined ? address(at) : quoted(bytes, length > shown)
}

const escapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\" }

/** Bytes between quotes, cut, with what isn't printable ASCII escaped. */
const quoted = (bytes: Uint8Array, isCut = bytes.length > shown): string => {
  let text = ""
  for (const byte of bytes.subarray(0, shown)) {
    const character = String.fromCharCode(byte)
    text += escapes[character] ?? (byte >= 32 && byte < 127 ? character : `\\${byte.toString(8).padStart(3, "0")}`)
  }
  return `"${text}"${isCut ? "..." : ""}`
}

const signals: ReadonlyMap<number, string> = new Map(Object.entries(Sig).map(([name, number]) => [number, `SIG${name}`]))
