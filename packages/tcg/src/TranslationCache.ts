/** Where translated code is kept from one run to the next: the host's part of the translation cache. */
import * as Context from "effect/Context"

/** What kept code belongs to: it is good for nothing else. */
export interface CacheKey {
  /** The program's path, as the guest knows it. */
  readonly program: string
  /** Everything else that the code depends on: version, architecture, options of the engine. */
  readonly variant: string
}

/** The kept code of programs, as bytes that only an engine reads. Neither function throws: a cache that fails is no cache. */
export interface TranslationCacheShape {
  /** What is kept under a key, at the end of a buffer and from a multiple of eight bytes on; undefined where that is nothing, or is damaged. */
  readonly read: (key: CacheKey) => Uint8Array<ArrayBuffer> | undefined
  /** Keeps bytes, all of their buffer, under a key instead of what was there. */
  readonly write: (key: CacheKey, bytes: Uint8Array<ArrayBuffer>) => void
  /** What an engine says of bytes that `read` gave: they are not what it wrote. */
  readonly reject: (key: CacheKey) => void
}

/** By default there is none. `@emu/node/NodeTranslationCache` has one in a directory. */
export const TranslationCache = Context.Reference<TranslationCacheShape | undefined>("@emu/tcg/TranslationCache", {
  defaultValue: () => undefined
})
