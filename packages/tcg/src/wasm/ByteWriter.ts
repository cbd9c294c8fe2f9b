const encoder = new TextEncoder()

/** Whether each character is one byte of UTF-8: as nearly all names are. */
const isAscii = (text: string): boolean => {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}

/** A growable byte buffer with WebAssembly's integer encodings (LEB128, spec chapter 5.2.2). */
export class ByteWriter {
  private bytes: Uint8Array<ArrayBuffer>
  length = 0

  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity)
  }

  /** Bytes that can be written before the buffer must grow. */
  get room(): number {
    return this.bytes.length - this.length
  }

  private reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }

  u8(value: number): void {
    this.reserve(1)
    this.bytes[this.length++] = value
  }

  /** Unsigned LEB128 of a number below 2^53. */
  u32(value: number): void {
    if (value < 128) return this.u8(value)
    this.reserve(8)
    let rest = value
    while (rest >= 128) {
      this.bytes[this.length++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    this.bytes[this.length++] = rest
  }

  /** Signed LEB128 of a 32-bit number. */
  s32(value: number): void {
    this.reserve(5)
    let rest = value | 0
    for (;;) {
      const byte = rest & 127
      rest >>= 7
      if ((rest === 0 && (byte & 64) === 0) || (rest === -1 && (byte & 64) !== 0)) {
        this.bytes[this.length++] = byte
        return
      }
      this.bytes[this.length++] = byte | 128
    }
  }

  /** Signed LEB128 of a 64-bit integer. */
  s64(value: bigint): void {
    const number = Number(value)
    if (number === (number | 0)) return this.s32(number)
    this.reserve(10)
    let rest = BigInt.asIntN(64, value)
    for (;;) {
      const byte = Number(rest & 127n)
      rest >>= 7n
      if ((rest === 0n && (byte & 64) === 0) || (rest === -1n && (byte & 64) !== 0)) {
        this.bytes[this.length++] = byte
        return
      }
      this.bytes[this.length++] = byte | 128
    }
  }

  /** An IEEE 754 double, little-endian. */
  f64(value: number): void {
    this.reserve(8)
    new DataView(this.bytes.buffer).setFloat64(this.length, value, true)
    this.length += 8
  }

  /** An IEEE 754 single, little-endian. */
  f32(value: number): void {
    this.reserve(4)
    new DataView(this.bytes.buffer).setFloat32(this.length, value, true)
    this.length += 4
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  /** A vector of bytes: length, then content. */
  vector(bytes: Uint8Array): void {
    this.u32(bytes.length)
    this.raw(bytes)
  }

  /** A name: a vector of UTF-8 bytes. */
  name(text: string): void {
    if (!isAscii(text)) return this.vector(encoder.encode(text))
    this.u32(text.length)
    this.reserve(text.length)
    for (let i = 0; i < text.length; i++) this.bytes[this.length++] = text.charCodeAt(i)
  }

  /** What was written so far, from an offset on; a view. */
  view(from = 0): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(from, this.length)
  }
}
