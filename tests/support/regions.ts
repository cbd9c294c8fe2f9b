/** What `-d jit` says of the regions of a run. */

/**
 * How often each region was compiled for an entry that no earlier one of its root had: the most of all roots.
 *
 * @param log the lines of `-d jit`
 */
export const mostGrowth = (log: string): { readonly regions: number; readonly growth: number } => {
  const entries = new Map<string, Set<string>>()
  const growth = new Map<string, number>()
  let regions = 0
  for (const [, root, list] of log.matchAll(/^region (0x[0-9a-f]+): entries ([^,]*),/gm)) {
    regions++
    const own = list!.split(" ")
    const known = entries.get(root!)
    if (known === undefined) entries.set(root!, new Set(own))
    else {
      if (own.some((pc) => !known.has(pc))) growth.set(root!, (growth.get(root!) ?? 0) + 1)
      for (const pc of own) known.add(pc)
    }
  }
  return { regions, growth: Math.max(0, ...growth.values()) }
}
