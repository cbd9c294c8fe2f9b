/**
 * Effects of the API that an install has made, and that nothing has run: most likely a `yield*` was
 * forgotten. Such an Effect does nothing, silently, and types allow it.
 */
import * as Effect from "effect/Effect"

/** Functions that give an Effect. */
type Functions = Readonly<Record<string, (...args: ReadonlyArray<never>) => Effect.Effect<unknown, unknown>>>

/** The functions, watched while an install runs. */
export interface Watched<F> {
  readonly functions: F
  /** From now on it is noted what is made. */
  readonly begin: () => void
  /** No more. Gives the names of the functions whose Effects were not run, in the order of the calls. */
  readonly end: () => ReadonlyArray<string>
}

/** Watches functions that give an Effect. */
export const watchEffects = <F extends Functions>(functions: F): Watched<F> => {
  const waiting = new Set<{ readonly name: string }>()
  let isWatching = false
  const watched =
    (name: string, make: Functions[string]) =>
    (...args: ReadonlyArray<never>) => {
      const effect = make(...args)
      if (!isWatching) return effect
      const note = { name }
      waiting.add(note)
      return Effect.suspend(() => {
        waiting.delete(note)
        return effect
      })
    }
  const entries = Object.entries(functions).map(([name, make]) => [name, watched(name, make)] as const)
  return {
    functions: Object.fromEntries(entries) as unknown as F,
    begin: () => {
      waiting.clear()
      isWatching = true
    },
    end: () => {
      isWatching = false
      return Array.from(waiting, ({ name }) => name)
    }
  }
}
