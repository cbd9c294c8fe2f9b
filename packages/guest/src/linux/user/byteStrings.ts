/**
 * Byte strings: one character (0 to 255) per byte. Names and paths in Linux are bytes, and text decoding would lose those that
 * aren't UTF-8.
 */

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** The byte string of text, encoded as UTF-8. */
export const fromText = (text: string): string => {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 127) return fromBytes(encoder.encode(text))
  }
  return text
}

/** The text of a byte string, for messages: bytes that aren't UTF-8 become U+FFFD. */
export const toText = (path: string): string => decoder.decode(toBytes(path))

/** The byte string of bytes. */
export const fromBytes = (bytes: Uint8Array): string => {
  let path = ""
  for (let i = 0; i < bytes.length; i++) path += String.fromCharCode(bytes[i]!)
  return path
}

/** The bytes of a byte string. */
export const toBytes = (path: string): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(path.length)
  for (let i = 0; i < path.length; i++) bytes[i] = path.charCodeAt(i)
  return bytes
}
