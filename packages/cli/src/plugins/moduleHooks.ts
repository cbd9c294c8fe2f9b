/**
 * What plugin files of the user import: `@emu/core/...` and `effect/...` are the very modules that emu itself runs on, wherever
 * the file lies and whatever is installed around it. A second copy would have other classes and services.
 */
import * as fs from "node:fs"
import * as module from "node:module"

const isOwn = (specifier: string): boolean => /^(@emu\/core|effect)(\/|$)/.test(specifier)

/** The bundled module (see scripts/bundle.ts), or undefined where there is none. */
const bundled = (specifier: string): string | undefined => {
  const name = specifier === "effect" || specifier === "@emu/core" ? `${specifier}/index` : specifier
  const url = new URL(`./modules/${name}.js`, import.meta.url)
  return fs.existsSync(url) ? url.href : undefined
}

/** In a checkout that runs its sources, own modules are found from here; in a bundle, they are files beside it. */
const runsSources = import.meta.url.endsWith(".ts")

/**
 * Makes this process resolve imports of a plugin file so. Plugins are ES modules whatever the package.json around them says
 * (npm writes one that says otherwise): the file itself, and every TypeScript file that it imports.
 *
 * @param plugin the file's URL
 */
export const installModuleHooks = (plugin: string): void => {
  module.registerHooks({
    resolve: (specifier, context, next) => {
      if (isOwn(specifier)) {
        if (runsSources) return next(specifier, { ...context, parentURL: import.meta.url })
        const url = bundled(specifier)
        if (url === undefined) throw new Error(`emu has no module ${specifier} for plugins`)
        return { url, format: "module", shortCircuit: true }
      }
      const found = next(specifier, context)
      const file = found.url.replace(/\?.*$/, "")
      if (file.endsWith(".ts")) return { ...found, format: "module-typescript" }
      return found.url === plugin && file.endsWith(".js") ? { ...found, format: "module" } : found
    }
  })
}
