/** Files of /proc and /sys: texts that are made when they are read. */
import type { HostStat } from "../../../HostFs.ts"
import { Errno } from "../../kernel/errno.ts"
import { openOnly, S } from "../constants.ts"
import { fromText, toBytes } from "../../user/byteStrings.ts"
import { OpenFile, syntheticStat } from "../open/OpenFile.ts"
import { inodeOf, mayOpen } from "./nodeStatus.ts"
import type { OpenRequest, VirtualNode } from "./VirtualNode.ts"

/** What a text consists of. */
export interface Text {
  /** Called by each read from the start. */
  readonly read: () => Uint8Array | string
  /** Takes what is written: 0 or a negative errno. Without it the file cannot be opened for writing. */
  readonly write?: (bytes: Uint8Array) => number
  /** Permission bits; readable by all, and writable by the owner where it can be written, by default. */
  readonly mode?: number
}

class TextFile extends OpenFile {
  readonly #path: string
  readonly #mode: number
  readonly #text: Text
  #bytes: Uint8Array | undefined
  #position = 0

  constructor({ flags, path }: OpenRequest, mode: number, text: Text) {
    super(flags)
    this.#path = path
    this.#mode = mode
    this.#text = text
  }

  override name(): string {
    return this.#path
  }

  /** Of size 0, as on Linux: how much there is shows when it is read. */
  override stat(): HostStat {
    return syntheticStat(S.IFREG | this.#mode, inodeOf(this.#path))
  }

  override reopen(flags: number): OpenFile | number {
    return openText({ path: this.#path, flags: flags & ~openOnly }, this.#mode, this.#text)
  }

  override read(into: Uint8Array): number {
    const count = this.pread(into, this.#position)
    if (count > 0) this.#position += count
    return count
  }

  override pread(into: Uint8Array, offset: number): number {
    if (offset === 0 || this.#bytes === undefined) {
      const made = this.#text.read()
      this.#bytes = typeof made === "string" ? toBytes(fromText(made)) : made
    }
    const part = this.#bytes.subarray(offset, offset + into.length)
    into.set(part)
    return part.length
  }

  override write(from: Uint8Array): number {
    const error = this.#text.write?.(from.slice()) ?? -Errno.EIO
    return error < 0 ? error : from.length
  }

  override pwrite(from: Uint8Array): number {
    return this.write(from)
  }

  override seek(offset: number, whence: number): number {
    const target = whence === 0 ? offset : whence === 1 ? this.#position + offset : -1
    if (target < 0) return -Errno.EINVAL
    this.#position = target
    return target
  }
}

/** Opens a text as far as its mode allows. */
const openText = (request: OpenRequest, mode: number, text: Text): TextFile | number =>
  mayOpen(mode, request.flags) ? new TextFile(request, mode, text) : -Errno.EACCES

/** A node of a text. */
export const textNode = (text: Text): VirtualNode => {
  const mode = text.mode ?? (text.write === undefined ? 0o444 : 0o644)
  return { kind: "file", mode, open: (request) => openText(request, mode, text) }
}
