/** The translation cache on disk: a directory with a file for each program and kind of engine. */
import { TranslationCache, type TranslationCacheShape } from "@emu/tcg/TranslationCache"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type CacheEntry, CacheDirectory, defaultCapacity } from "./internal/CacheDirectory.ts"

export type { CacheEntry } from "./internal/CacheDirectory.ts"

/** Where the cache is, and how it is kept. */
export interface TranslationCacheOptions {
  /** It is made where it is missing; where it cannot be written, nothing is kept. */
  readonly directory: string
  /** Bytes that the directory may have; what was not used for longest goes. 512 MiB by default. */
  readonly capacity?: number
  /** Gets a line about what was wrong in the cache: once, whatever else is. */
  readonly warn?: (line: string) => void
}

/** The cache. Its files may be used by any number of processes at the same time. */
export const layer = (options: TranslationCacheOptions): Layer.Layer<never> =>
  Layer.sync(TranslationCache)(() => makeTranslationCache(options))

/** The cache as an object. */
export const makeTranslationCache = ({
  capacity = defaultCapacity,
  directory,
  warn = () => {}
}: TranslationCacheOptions): TranslationCacheShape => new CacheDirectory(directory, capacity, warn)

/** What is in a cache, the last used first. None where there is no such directory. */
export const entries = (directory: string): Effect.Effect<ReadonlyArray<CacheEntry>> =>
  Effect.sync(() => new CacheDirectory(directory, defaultCapacity, () => {}).entries())

/** Removes everything that is in a cache, and nothing else. Gives the number of its entries. */
export const clear = (directory: string): Effect.Effect<number> =>
  Effect.sync(() => new CacheDirectory(directory, defaultCapacity, () => {}).clear())

/**
 * Where the cache of a user is: `emu` in the directory that the XDG Base Directory Specification names.
 *
 * @returns undefined where the environment has neither `XDG_CACHE_HOME` nor `HOME`
 */
export const userCacheDirectory = (environment: Readonly<Record<string, string | undefined>>): string | undefined => {
  const { HOME: home, XDG_CACHE_HOME: caches } = environment
  // The specification: a relative path is invalid, and to be ignored.
  if (caches?.startsWith("/") === true) return `${caches}/emu`
  return home?.startsWith("/") === true ? `${home}/.cache/emu` : undefined
}
