/**
 * What plugin files of the user import: `@emu/core/...`, `@emu/plugins/kit/...` and `effect/...` are the very modules that emu
 * itself runs on, wherever the file lies and whatever is installed around it. A second copy would have other classes and services.
 */
import * as fs from "node:fs"
import * as module from "node:module"
import * as path from "node:path"
import * as url from "node:url"
import { importedLocation, isPluginModule } from "./moduleGraph.ts"

const isOwn = (specifier: string): boolean => /^(@emu\/core|effect)(\/|$)|^@emu\/plugins\/kit\//.test(specifier)

/** The bundled module (see scripts/bundle.ts), or undefined where there is none. */
const bundled = (specifier: string): string | undefined => {
  const name = specifier === "effect" || specifier === "@emu/core" ? `${specifier}/index` : specifier
  const location = new URL(`./modules/${name}.js`, import.meta.url)
  return fs.existsSync(location) ? location.href : undefined
}

/** In a checkout that runs its sources, own modules are found from here; in a bundle, they are files beside it. */
const runsSources = import.meta.url.endsWith(".ts")

const packageScheme = "emu-package:"

/**
 * The URL of an npm package's module, as a file in the current directory would import it. The hooks must be installed. Throws
 * Node's error where there is none.
 */
export const packageLocation = (name: string): string => import.meta.resolve(`${packageScheme}${name}`)

/**
 * A plugin of npm in TypeScript, as JavaScript. Node itself refuses TypeScript below node_modules: packages there are published
 * compiled, as a rule, but one file to be copied need not be.
 */
const withoutTypes = (file: string): string => {
  const emitWarning = process.emitWarning.bind(process)
  // says that the function may change, which is nothing to tell the user
  process.emitWarning = () => {}
  try {
    return module.stripTypeScriptTypes(fs.readFileSync(file, "utf8"), { sourceUrl: url.pathToFileURL(file).href })
  } finally {
    process.emitWarning = emitWarning
  }
}

const isTypeScript = (file: string): boolean => /\.m?ts$/.test(file)

let areInstalled = false

/**
 * Makes this process resolve imports of plugins so. Plugins are ES modules whatever the package.json around them says (npm
 * writes one that says otherwise): the file itself, and every TypeScript file that it imports.
 */
export const installModuleHooks = (): void => {
  if (areInstalled) return
  areInstalled = true
  module.registerHooks({
    resolve: (specifier, context, next) => {
      if (isOwn(specifier)) {
        if (runsSources) return next(specifier, { ...context, parentURL: import.meta.url })
        const location = bundled(specifier)
        if (location === undefined) throw new Error(`emu has no module ${specifier} for plugins`)
        return { url: location, format: "module", shortCircuit: true }
      }
      if (specifier.startsWith(packageScheme)) {
        const parentURL = url.pathToFileURL(`${process.cwd()}${path.sep}`).href
        return next(specifier.slice(packageScheme.length), { ...context, parentURL })
      }
      const found = next(specifier, context)
      const file = found.url.replace(/\?.*$/, "")
      const location = { ...found, url: importedLocation(context.parentURL, found.url) }
      if (isTypeScript(file)) return { ...location, format: "module-typescript" }
      return isPluginModule(file) && file.endsWith(".js") ? { ...location, format: "module" } : location
    },
    load: (location, context, next) => {
      const file = location.replace(/\?.*$/, "")
      if (!file.startsWith("file:") || !isTypeScript(file) || !/[\\/]node_modules[\\/]/.test(file))
        return next(location, context)
      return { format: "module", source: withoutTypes(url.fileURLToPath(file)), shortCircuit: true }
    }
  })
}
