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
 * Makes this process resolve imports of plugin files so.
 *
 * @returns a function that takes the hooks away again
 */
export const installModuleHooks = (): (() => void) => {
  const hooks = module.registerHooks({
    resolve: (specifier, context, next) => {
      if (isOwn(specifier)) {
        if (runsSources) return next(specifier, { ...context, parentURL: import.meta.url })
        const url = bundled(specifier)
        if (url === undefined) throw new Error(`emu has no module ${specifier} for plugins`)
        return { url, format: "module", shortCircuit: true }
      }
      const found = next(specifier, context)
      // Plugins are modules even where no package.json says so; Node would guess, and warn about it.
      if (found.url.startsWith("file:") && !runsInPackage(found.format)) {
        if (found.url.endsWith(".ts")) return { ...found, format: "module-typescript" }
        if (found.url.endsWith(".js") && context.parentURL === undefined) return { ...found, format: "module" }
      }
      return found
    }
  })
  return () => hooks.deregister()
}

const runsInPackage = (format: string | null | undefined): boolean => format !== undefined && format !== null
