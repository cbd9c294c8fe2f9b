/**
 * A file of a translation cache: a header of eight words (a magic number in two, the version of this format, the length of the key, that of the
 * contents in two, their checksum, and a word of zeros), the key as UTF-8 and zeros up to a multiple of eight bytes, the contents.
 */
import type { CacheKey } from "@emu/tcg/TranslationCache"
import * as fs from "node:fs"
import { checksum, nameHash } from "./checksum.ts"

const magic = [0x2d756d65, 0x65646f63]
const format = 1
const headerBytes = 32
/** Longer keys are not of this program's making. */
const maxKey = 65536
const maxContents = 2 ** 31

const encoder = new TextEncoder()

const textOf = ({ program, variant }: CacheKey): string => `${program}\n${variant}`

/** Tells keys apart, in names of files. */
export const hashOf = (key: CacheKey): string => nameHash(textOf(key))

const padded = (length: number): number => (length + 7) & ~7

/** A whole file, with its time. */
const readAll = (file: string): { readonly buffer: ArrayBuffer; readonly lastUse: number } | undefined => {
  let descriptor: number
  try {
    descriptor = fs.openSync(file, "r")
  } catch {
    return undefined
  }
  try {
    const { mtimeMs, size } = fs.fstatSync(descriptor)
    if (size > maxContents) return undefined
    const buffer = new ArrayBuffer(size)
    const bytes = new Uint8Array(buffer)
    for (let at = 0; at < size;) {
      const count = fs.readSync(descriptor, bytes, at, size - at, at)
      if (count <= 0) break
      at += count
    }
    return { buffer, lastUse: mtimeMs }
  } catch {
    return undefined
  } finally {
    fs.closeSync(descriptor)
  }
}

/** What a file holds: contents, or what is wrong with it. */
export type Read = { readonly bytes: Uint8Array<ArrayBuffer>; readonly lastUse: number } | { readonly wrong: string }

/** Reads what was kept under a key; undefined where there is no file that can be read. */
export const read = (file: string, key: CacheKey): Read | undefined => {
  const whole = readAll(file)
  if (whole === undefined) return undefined
  const head = headOf(new Uint8Array(whole.buffer))
  if ("wrong" in head) return head
  if (head.key !== textOf(key)) return { wrong: "it belongs to another program" }
  const contents = new Uint8Array(whole.buffer, head.contentsAt)
  if (contents.length !== head.length) return { wrong: "it is cut off" }
  if (checksum(whole.buffer, head.contentsAt) !== head.checksum) return { wrong: "its checksum is wrong" }
  return { bytes: contents, lastUse: whole.lastUse }
}

interface Head {
  readonly key: string
  readonly contentsAt: number
  readonly length: number
  readonly checksum: number
}

const headOf = (bytes: Uint8Array<ArrayBuffer>): Head | { readonly wrong: string } => {
  if (bytes.length < headerBytes) return { wrong: "it is cut off" }
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, headerBytes / 4)
  if (words[0] !== magic[0] || words[1] !== magic[1]) return { wrong: "it is no file of the cache" }
  if (words[2] !== format) return { wrong: "another version of emu has written it" }
  const keyLength = words[3]!
  if (keyLength > maxKey || headerBytes + padded(keyLength) > bytes.length) return { wrong: "it is cut off" }
  return {
    key: new TextDecoder().decode(bytes.subarray(headerBytes, headerBytes + keyLength)),
    contentsAt: headerBytes + padded(keyLength),
    length: words[4]! + words[5]! * 2 ** 32,
    checksum: words[6]!
  }
}

/** Path of the program that a file belongs to; undefined where it is no file of the cache. */
export const programOf = (file: string): string | undefined => {
  let descriptor: number
  try {
    descriptor = fs.openSync(file, "r")
  } catch {
    return undefined
  }
  try {
    const bytes = new Uint8Array(headerBytes + maxKey)
    const head = headOf(bytes.subarray(0, fs.readSync(descriptor, bytes)))
    return "wrong" in head ? undefined : head.key.slice(0, head.key.lastIndexOf("\n"))
  } catch {
    return undefined
  } finally {
    fs.closeSync(descriptor)
  }
}

/** Writes a file. Throws what node:fs throws. */
export const write = (file: string, key: CacheKey, contents: Uint8Array<ArrayBuffer>): void => {
  const text = encoder.encode(textOf(key))
  const head = new Uint8Array(headerBytes + padded(text.length))
  const words = new Uint32Array(head.buffer, 0, headerBytes / 4)
  words.set([...magic, format, text.length, contents.length, 0, checksum(contents.buffer, contents.byteOffset)])
  head.set(text, headerBytes)
  const descriptor = fs.openSync(file, "wx", 0o600)
  try {
    for (const part of [head, contents]) {
      for (let at = 0; at < part.length;) at += fs.writeSync(descriptor, part, at, part.length - at)
    }
  } finally {
    fs.closeSync(descriptor)
  }
}
