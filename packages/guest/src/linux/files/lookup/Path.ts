/**
 * Paths as byte strings: one character (0 to 255) per byte. Linux names are bytes, and text decoding would lose those that
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

/** `path` seen from a directory. Dot-dots stay: what they mean depends on symbolic links. */
export const join = (directory: string, path: string): string =>
  path.startsWith("/") ? path : directory.endsWith("/") ? directory + path : `${directory}/${path}`

/** Removes empty and `.` components and a trailing slash of an absolute path, so that it can be compared with names. */
export const tidy = (path: string): string => {
  if (!path.includes("//") && !path.includes("/.") && (path === "/" || !path.endsWith("/"))) return path
  const parts = path.split("/").filter((part) => part !== "" && part !== ".")
  return `/${parts.join("/")}`
}

/** The last component. */
export const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

/** All before the last component; `/` at the top. */
export const dirName = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf("/")))
