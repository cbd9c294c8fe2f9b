/** What kept code depends on of emu itself: a hash of the sources that make it (packages/tcg/src/engine/cache). */
import * as crypto from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"

const packages = path.resolve(import.meta.dirname, "../packages")

/** Hexadecimal digits that change with any source of the translator, the engines and the guests. */
export const codeVersion = (): string => {
  const hash = crypto.createHash("sha256")
  for (const name of ["core", "tcg", "guest"]) {
    const sources = path.join(packages, name, "src")
    for (const file of fs.readdirSync(sources, { encoding: "utf8", recursive: true }).sort()) {
      if (file.endsWith(".ts"))
        hash
          .update(file)
          .update("\0")
          .update(fs.readFileSync(path.join(sources, file)))
    }
  }
  return hash.digest("hex").slice(0, 32)
}
