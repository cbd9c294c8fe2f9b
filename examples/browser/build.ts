/**
 * Bundles the page with the programs that it runs:
 *
 *     node examples/browser/build.ts DIR
 *
 * Any web server can serve DIR. Fails where something imports a module of Node.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { rolldown } from "rolldown"

const here = import.meta.dirname

/**
 * Writes the page.
 *
 * @param dir directory to write to; created where it is missing
 */
export const buildPage = async (dir: string): Promise<void> => {
  await using build = await rolldown({
    input: { page: path.join(here, "page.ts") },
    platform: "browser",
    logLevel: "warn",
    plugins: [
      {
        name: "no-node",
        resolveId: (id, importer) => {
          if (id.startsWith("node:")) throw new Error(`${importer} imports ${id}, which no browser has`)
          return undefined
        }
      }
    ]
  })
  await build.write({ dir, format: "esm", minify: true })
  fs.copyFileSync(path.join(here, "index.html"), path.join(dir, "index.html"))
  for (const name of ["hello.elf", "primes.elf"]) fs.copyFileSync(path.join(here, "..", name), path.join(dir, name))
}

if (import.meta.main) {
  const [dir] = process.argv.slice(2)
  if (dir === undefined) {
    console.error("usage: node examples/browser/build.ts DIR")
    process.exit(2)
  }
  await buildPage(dir)
}
