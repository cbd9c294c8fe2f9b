/** /proc/PID/mem: the memory of a process as a file, by address. */
import type { HostStat } from "../../../../HostFs.ts"
import { Errno } from "../../../kernel/errno.ts"
import type { Kernel } from "../../../kernel/Kernel.ts"
import { S } from "../../constants.ts"
import { OpenFile, syntheticStat } from "../../open/OpenFile.ts"
import { inodeOf } from "../nodeStatus.ts"
import type { OpenRequest } from "../VirtualNode.ts"

const pageSize = 4096

export class MemoryAccess extends OpenFile {
  readonly #path: string
  readonly #kernel: Kernel
  /** The memory that the process had when it was opened: another program's is not reached. */
  readonly #memory: Kernel["memory"]
  #position = 0

  constructor(kernel: Kernel, { flags, path }: OpenRequest) {
    super(flags)
    this.#path = path
    this.#kernel = kernel
    this.#memory = kernel.memory
  }

  override name(): string {
    return this.#path
  }

  override stat(): HostStat {
    return syntheticStat(S.IFREG | 0o600, inodeOf(this.#path))
  }

  override read(into: Uint8Array): number {
    return this.#moved(this.pread(into, this.#position))
  }

  override write(from: Uint8Array): number {
    return this.#moved(this.pwrite(from, this.#position))
  }

  override pread(into: Uint8Array, offset: number): number {
    return this.#eachPage(into, offset, (address, part) => {
      const bytes = this.#memory.peek(address, part.length)
      if (bytes !== undefined) part.set(bytes)
      return bytes !== undefined
    })
  }

  override pwrite(from: Uint8Array, offset: number): number {
    // the bytes may lie in the very memory that is written to
    const bytes = from.slice()
    return this.#eachPage(bytes, offset, (address, part) => this.#memory.poke(address, part))
  }

  override seek(offset: number, whence: number): number {
    const target = whence === 0 ? offset : whence === 1 ? this.#position + offset : -1
    if (target < 0) return -Errno.EINVAL
    this.#position = target
    return target
  }

  #moved(count: number): number {
    if (count > 0) this.#position += count
    return count
  }

  /** Runs `move` page by page: bytes moved before one that is not mapped, EIO if that is the first. */
  #eachPage(bytes: Uint8Array, offset: number, move: (address: number, part: Uint8Array) => boolean): number {
    if (this.#kernel.node.end !== undefined || this.#kernel.memory !== this.#memory) return 0
    let done = 0
    while (done < bytes.length) {
      const address = offset + done
      const part = bytes.subarray(done, done + pageSize - (address % pageSize))
      if (!move(address, part)) return done > 0 ? done : -Errno.EIO
      done += part.length
    }
    return done
  }
}
