/**
 * Which files plugins were made of, and which of them have changed since. Node imports each URL once, so a file that has changed
 * gets another one, `?changed=N`, when it is imported again, and so does every file that imports it.
 */
import * as fs from "node:fs"
import * as url from "node:url"

/** A file that has been imported. */
interface Imported {
  /** When it had been changed, in milliseconds; 0 where it is gone. */
  changed: number
  /** Counts its URLs; 0 is the one without query. */
  generation: number
  /** The files that it imports, each with the generation that it has got. */
  readonly imports: Map<string, number>
}

/** By URL without query. */
const files = new Map<string, Imported>()
const plugins = new Set<string>()

const withoutQuery = (location: string): string => location.replace(/\?.*$/, "")

const changedAt = (file: string): number => fs.statSync(url.fileURLToPath(file), { throwIfNoEntry: false })?.mtimeMs ?? 0

/** Finds a file, of a new generation where it, or something that it imports, has changed. */
const refresh = (file: string, visited = new Set<string>()): Imported => {
  const known = files.get(file)
  if (known === undefined) {
    const made = { changed: changedAt(file), generation: 0, imports: new Map<string, number>() }
    files.set(file, made)
    return made
  }
  // files may import each other
  if (visited.has(file)) return known
  visited.add(file)
  const changed = changedAt(file)
  let isOutdated = changed !== known.changed
  for (const [imported, generation] of known.imports) {
    if (refresh(imported, visited).generation !== generation) isOutdated = true
  }
  if (isOutdated) {
    known.generation++
    known.changed = changed
    known.imports.clear()
  }
  return known
}

const locationOf = (file: string, { generation }: Imported): string =>
  generation === 0 ? file : `${file}?changed=${generation}`

/** Whether this is the file of a plugin, rather than one that it imports. */
export const isPluginModule = (file: string): boolean => plugins.has(file)

/**
 * The URL to import a plugin from.
 *
 * @param file the URL of its file
 */
export const pluginLocation = (file: string): string => {
  plugins.add(file)
  return locationOf(file, refresh(file))
}

/**
 * The URL of what a file imports.
 *
 * @param parent the importing module's URL
 * @param found what the import leads to
 */
export const importedLocation = (parent: string | undefined, found: string): string => {
  const importer = parent === undefined ? undefined : files.get(withoutQuery(parent))
  if (importer === undefined || !found.startsWith("file:") || found.includes("?")) return found
  const imported = refresh(found)
  importer.imports.set(found, imported.generation)
  return locationOf(found, imported)
}
