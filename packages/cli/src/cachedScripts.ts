/**
 * Loads the bundle's scripts with V8's code cache. Node has such a cache, too (`module.enableCompileCache`), but saves scripts before they
 * run: without most functions, which are then compiled in each run again (a quarter of the time of a short one). This one is made at the
 * end of a run, of all that ran.
 */
import type { Script } from "node:vm"

/**
 * How often a cache is made anew because a long run came to functions that it lacks. A limit, as finding out whether it lacks some takes
 * as long as making it (15 ms).
 */
const revisions = 3

/** What counts as a long run, in milliseconds. */
const longRun = 1000

/** A script that was loaded, and the cache that it came with. */
interface Loaded {
  readonly script: Script
  /** Its cache is this with the revision behind it. */
  readonly cacheFile: string
  /** -1 without a cache. */
  readonly revision: number
  /** Bytes of the cache. */
  readonly size: number
}

/** The first line of a CommonJS module. */
const head = "(function (exports, require, __filename, __dirname) {"

/**
 * @param directory where the scripts are: CommonJS modules that require each other by `./name.cjs`
 * @param cache directory for caches; it need not exist, nor be writable
 * @returns loads a module by its file's name and gives its exports
 */
export const cachedScripts = (directory: string, cache: string): ((name: string) => unknown) => {
  // From Node 22 on; importing them would read each of their exports, which takes milliseconds.
  const fs = process.getBuiltinModule("node:fs")
  const path = process.getBuiltinModule("node:path")
  const vm = process.getBuiltinModule("node:vm")
  const modules = new Map<string, object>()
  const loaded: Array<Loaded> = []

  /** V8 refuses the cache of another version, or of one that was started with other options. */
  const cacheDirectory = path.join(
    cache,
    [process.version, process.arch, ...process.execArgv].join("").replace(/\W/g, "").slice(0, 250)
  )

  const compile = (filename: string, source: string, cacheFile: string): Loaded => {
    for (let revision = revisions; revision >= 0; revision--) {
      const cacheName = `${cacheFile}.${revision}`
      if (!fs.existsSync(cacheName)) continue
      const cachedData = fs.readFileSync(cacheName)
      const script = new vm.Script(source, { filename, cachedData })
      if (script.cachedDataRejected !== true) return { script, cacheFile, revision, size: cachedData.length }
      fs.rmSync(cacheName, { force: true })
    }
    return { script: new vm.Script(source, { filename }), cacheFile, revision: -1, size: 0 }
  }

  const load = (name: string): object => {
    const known = modules.get(name)
    if (known !== undefined) return known
    const filename = path.join(directory, name)
    const source = `${head}${fs.readFileSync(filename, "utf8")}\n})`
    const unit = compile(filename, source, path.join(cacheDirectory, name))
    loaded.push(unit)
    const exports = {}
    modules.set(name, exports)
    const require = (id: string): unknown => (id.startsWith("./") ? load(id.slice(2)) : process.getBuiltinModule(id))
    unit.script.runInThisContext()(exports, require, filename, directory)
    return exports
  }

  /** Makes the cache of a script, or a better one, where that is due. */
  const save = ({ cacheFile, revision, script, size }: Loaded): void => {
    if (revision >= 0 && (revision === revisions || performance.now() < longRun)) return
    const data = script.createCachedData()
    const next = `${cacheFile}.${revision + 1}`
    if (data.length > size) {
      fs.mkdirSync(cacheDirectory, { recursive: true })
      // Other runs must not see half of it.
      const whole = `${next}-${process.pid}`
      fs.writeFileSync(whole, data)
      fs.renameSync(whole, next)
      fs.rmSync(`${cacheFile}.${revision}`, { force: true })
    } else {
      fs.renameSync(`${cacheFile}.${revision}`, next)
    }
  }

  process.on("exit", () => {
    try {
      loaded.forEach(save)
    } catch {
      // Where nothing can be written, or another run was faster, this run has done its work all the same.
    }
  })
  return load
}
