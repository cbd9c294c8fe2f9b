/** Messages of netlink: `struct nlmsghdr`, then a structure of the type's own, then attributes (`struct rtattr`); netlink(7), rtnetlink(7). */

export const headerSize = 16

/** Types of message. */
export const NLMSG = { ERROR: 2, DONE: 3 } as const

/** Flags of messages. */
export const NLM_F = { REQUEST: 1, MULTI: 2, ACK: 4, DUMP: 0x300 } as const

/** The header of a request. */
export interface Request {
  readonly type: number
  readonly flags: number
  readonly sequence: number
  /** The whole message, its header included. */
  readonly bytes: Uint8Array
}

/** The requests in what was sent; what is cut off is left out. */
export const readRequests = (bytes: Uint8Array): ReadonlyArray<Request> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const requests: Array<Request> = []
  for (let at = 0; at + headerSize <= bytes.length;) {
    const length = view.getUint32(at, true)
    if (length < headerSize || at + length > bytes.length) break
    requests.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      bytes: bytes.subarray(at, at + length)
    })
    at += padded(length)
  }
  return requests
}

const padded = (length: number): number => (length + 3) & ~3

/** An attribute. */
export type Attribute = readonly [type: number, value: Uint8Array]

/** The value of an attribute of a request, behind a structure of `skip` bytes; undefined where it has none of that type. */
export const attributeOf = ({ bytes }: Request, skip: number, type: number): Uint8Array | undefined => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = headerSize + padded(skip); at + 4 <= bytes.length;) {
    const length = view.getUint16(at, true)
    if (length < 4 || at + length > bytes.length) return undefined
    if ((view.getUint16(at + 2, true) & 0x3fff) === type) return bytes.subarray(at + 4, at + length)
    at += padded(length)
  }
  return undefined
}

export const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value >>> 0).buffer)
export const zeroTerminated = (text: string): Uint8Array => new TextEncoder().encode(`${text}\0`)

/** Makes a message. */
export const message = (
  type: number,
  flags: number,
  { port, sequence }: { readonly sequence: number; readonly port: number },
  body: Uint8Array,
  attributes: ReadonlyArray<Attribute> = []
): Uint8Array => {
  const start = headerSize + padded(body.length)
  const length = attributes.reduce((sum, [, value]) => padded(sum) + 4 + value.length, start)
  const bytes = new Uint8Array(padded(length))
  const view = new DataView(bytes.buffer)
  view.setUint32(0, bytes.length, true)
  view.setUint16(4, type, true)
  view.setUint16(6, flags, true)
  view.setUint32(8, sequence, true)
  view.setUint32(12, port, true)
  bytes.set(body, headerSize)
  let at = start
  for (const [kind, value] of attributes) {
    view.setUint16(at, 4 + value.length, true)
    view.setUint16(at + 2, kind, true)
    bytes.set(value, at + 4)
    at += padded(4 + value.length)
  }
  return bytes
}
