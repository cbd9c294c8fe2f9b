/** The files of a translation cache. */
import type { CacheKey, TranslationCacheShape } from "@emu/tcg/TranslationCache"
import * as fs from "node:fs"
import * as path from "node:path"
import * as CacheFile from "./CacheFile.ts"

/** Bytes that a cache may have unless its user says otherwise. */
export const defaultCapacity = 512 * 1024 * 1024

/** A file's time is that of its last use; it is set anew only when it is older than this, in milliseconds. */
const useInterval = 60_000
/** What a run that was killed has left, in milliseconds. */
const staleAfter = 600_000

const suffix = ".code"
const temporaryName = /^[\w.+-]+\.code\.\d+\.part$/
const entryName = /^[\w.+-]+\.code$/

/** A file of the cache. */
export interface CacheEntry {
  readonly file: string
  /** Path of the program in the guest; undefined where the file is damaged, or something else. */
  readonly program: string | undefined
  readonly bytes: number
  readonly lastUse: Date
}

export class CacheDirectory implements TranslationCacheShape {
  readonly #directory: string
  readonly #capacity: number
  readonly #warn: (line: string) => void
  #hasWarned = false

  constructor(directory: string, capacity: number, warn: (line: string) => void) {
    this.#directory = directory
    this.#capacity = capacity
    this.#warn = warn
  }

  /** What is kept under a key; see `TranslationCacheShape`. */
  readonly read = (key: CacheKey): Uint8Array<ArrayBuffer> | undefined => {
    const file = this.#fileOf(key)
    const read = CacheFile.read(file, key)
    if (read === undefined) return undefined
    if ("wrong" in read) {
      this.#complain(file, read.wrong)
      return undefined
    }
    if (Date.now() - read.lastUse > useInterval) attempt(() => fs.utimesSync(file, new Date(), new Date()))
    return read.bytes
  }

  readonly write = (key: CacheKey, bytes: Uint8Array<ArrayBuffer>): void => {
    const file = this.#fileOf(key)
    const temporary = `${file}.${process.pid}.part`
    const isDone = attempt(() => {
      makeDirectory(this.#directory)
      CacheFile.write(temporary, key, bytes)
      // Others see the old file or the new one, whole.
      fs.renameSync(temporary, file)
      this.#makeRoom(file)
    })
    if (!isDone) attempt(() => fs.rmSync(temporary, { force: true }))
  }

  readonly reject = (key: CacheKey): void => this.#complain(this.#fileOf(key), "its contents are not what they should be")

  entries(): ReadonlyArray<CacheEntry> {
    return this.#names(entryName)
      .flatMap((name) => {
        const file = path.join(this.#directory, name)
        const stat = fs.statSync(file, { throwIfNoEntry: false })
        if (stat?.isFile() !== true) return []
        return [{ file, program: CacheFile.programOf(file), bytes: stat.size, lastUse: stat.mtime }]
      })
      .sort((a, b) => b.lastUse.getTime() - a.lastUse.getTime())
  }

  clear(): number {
    for (const name of this.#names(temporaryName)) fs.rmSync(path.join(this.#directory, name), { force: true })
    const names = this.#names(entryName)
    for (const name of names) fs.rmSync(path.join(this.#directory, name), { force: true })
    return names.length
  }

  #fileOf(key: CacheKey): string {
    const name = path
      .basename(key.program)
      .replace(/[^\w.+-]/g, "_")
      .slice(0, 60)
    return path.join(this.#directory, `${name}-${CacheFile.hashOf(key)}${suffix}`)
  }

  #names(pattern: RegExp): ReadonlyArray<string> {
    let names: ReadonlyArray<string> = []
    attempt(() => {
      names = fs.readdirSync(this.#directory).filter((name) => pattern.test(name))
    })
    return names
  }

  /** Removes what was not used for longest where there is too much, but not the file that was just written. */
  #makeRoom(written: string): void {
    for (const name of this.#names(temporaryName)) {
      const file = path.join(this.#directory, name)
      const begun = fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs
      if (begun !== undefined && Date.now() - begun > staleAfter) fs.rmSync(file, { force: true })
    }
    let left = this.#capacity
    const files = this.#names(entryName).flatMap((name) => {
      const file = path.join(this.#directory, name)
      const stat = fs.statSync(file, { throwIfNoEntry: false })
      return stat === undefined ? [] : [{ file, size: stat.size, lastUse: file === written ? Infinity : stat.mtimeMs }]
    })
    for (const { file, size } of files.sort((a, b) => b.lastUse - a.lastUse)) {
      left -= size
      if (left < 0 && file !== written) fs.rmSync(file, { force: true })
    }
  }

  #complain(file: string, wrong: string): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    this.#warn(`the translation cache is ignored for one program: ${file}: ${wrong}; emu cache clear empties it`)
  }
}

/** Makes a directory and those above it. Node's own way to do that does not come back where /proc is above it (Node 26.10). */
const makeDirectory = (directory: string): void => {
  try {
    fs.mkdirSync(directory, 0o700)
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined
    if (code === "EEXIST") return
    if (code !== "ENOENT" || path.dirname(directory) === directory) throw error
    makeDirectory(path.dirname(directory))
    fs.mkdirSync(directory, 0o700)
  }
}

/** Does what may fail; gives whether it did not. Where nothing can be written, this run has done its work all the same. */
const attempt = (action: () => void): boolean => {
  try {
    action()
    return true
  } catch {
    return false
  }
}
