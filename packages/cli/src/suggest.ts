/** "Did you mean": the nearest name to one that is not known. */

/** Edits (insert, delete, replace, swap of neighbours) that turn one text into the other. */
export const editDistance = (from: string, to: string): number => {
  let older: Array<number> = []
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1]
      let best = Math.min(previous[column]! + 1, current[column - 1]! + 1, previous[column - 1]! + (same ? 0 : 1))
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        best = Math.min(best, older[column - 2]! + 1)
      }
      current.push(best)
    }
    older = previous
    previous = current
  }
  return previous[to.length]!
}

/**
 * Names that the user may have meant, nearest first.
 *
 * @param name what was given
 * @param known what there is
 * @returns known names at most a third of their letters (but at least one) away, or that begin with `name`
 */
export const suggest = (name: string, known: Iterable<string>): Array<string> => {
  const candidates: Array<{ name: string; distance: number }> = []
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    const limit = Math.max(1, Math.floor(Math.max(name.length, candidate.length) / 3))
    const begins = name.length > 1 && candidate.startsWith(name)
    if (distance <= limit || begins) candidates.push({ name: candidate, distance })
  }
  return candidates.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1)).map((candidate) => candidate.name)
}

/** ", did you mean a or b?", or nothing where nothing is near. */
export const didYouMean = (
  name: string,
  known: Iterable<string>,
  show: (name: string) => string = (text) => text
): string => {
  const near = suggest(name, known).slice(0, 3)
  return near.length === 0 ? "" : `, did you mean ${near.map(show).join(" or ")}?`
}
