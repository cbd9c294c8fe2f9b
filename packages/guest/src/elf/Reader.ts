/** Little-endian reads from bytes of unknown quality: what is out of bounds reads as zero. */

export class Reader {
  readonly bytes: Uint8Array<ArrayBufferLike>
  readonly #view: DataView

  constructor(bytes: Uint8Array<ArrayBufferLike>) {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get size(): number {
    return this.bytes.length
  }

  /** Whether `length` bytes at `offset` are there. */
  has(offset: number, length: number): boolean {
    return offset >= 0 && length >= 0 && offset + length <= this.size
  }

  u8(offset: number): number {
    return this.has(offset, 1) ? this.#view.getUint8(offset) : 0
  }

  u16(offset: number): number {
    return this.has(offset, 2) ? this.#view.getUint16(offset, true) : 0
  }

  u32(offset: number): number {
    return this.has(offset, 4) ? this.#view.getUint32(offset, true) : 0
  }

  /** As a number: values from 2^53 on lose precision, and every check refuses them anyhow. */
  u64(offset: number): number {
    return this.u32(offset + 4) * 2 ** 32 + this.u32(offset)
  }
}
