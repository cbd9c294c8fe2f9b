/**
 * Bundles the command. `node scripts/bundle.ts` makes the bundle that `bin/emu` runs, in node_modules/.cache/emu;
 * `scripts/build.ts` makes the published one.
 *
 *     launch.cjs        checks the Node version, picks one of the two below, loads it with a cache of compiled code
 *     fast/main.cjs    the command with everything unused left out, in scripts that launch.cjs loads: starts quickly
 *     open/main.js     the same command with core and Effect whole, for command lines that need that (needsWholeEffect)
 *     open/modules/    those modules, and the plugins' kit, under stable names: what plugin files import
 *     emu              the published command: starts launch.cjs with the options that speed Node up
 *     node-options     all such options in a line, for bin/emu, which knows its Node
 *     hello.elf        a guest program for the plugins that `emu plugin new` writes
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { stripVTControlCharacters } from "node:util"
import { rolldown, type CodeSplittingNameFunction, type InputOptions, type OutputOptions, type Plugin } from "rolldown"
import { coldModule } from "../packages/tcg/src/engine/cold/coldModule.ts"
import { codeVersion } from "./codeVersion.ts"
import { nodeOptions, optionsOfAnyNode } from "../packages/cli/src/platform/nodeOptions.ts"

const root = path.resolve(import.meta.dirname, "..")
const cliSources = path.join(root, "packages/cli/src")

/** Modules that most runs need nothing of, of which only functions are used: loaded at the first call. */
const rarelyUsed = new Set(["node:child_process", "node:module", "node:tty"])

/** A module that has what a module of Node exports, each export read only where it is used. */
const builtinSource = (id: string): string => {
  const exported = Object.entries(process.getBuiltinModule(id) ?? {})
  const names = exported.map(([name]) => name).filter((name) => /^[A-Za-z_]\w*$/.test(name) && name !== "default")
  const get = `process.getBuiltinModule(${JSON.stringify(id)})`
  const value = (name: string) => (rarelyUsed.has(id) ? `(...args) => ${get}.${name}(...args)` : `builtin.${name}`)
  return [
    ...(rarelyUsed.has(id) ? [] : [`const builtin = ${get}`, "export default builtin"]),
    ...names.map((name) => `const $${name} = ${value(name)}`),
    `export { ${names.map((name) => `$${name} as ${name}`).join(", ")} }`
  ].join("\n")
}

/**
 * Gets Node's modules by a call instead of an import: an import reads every export once, and with node:fs that loads
 * promises, streams and more (4 ms at start).
 */
const builtins: Plugin = {
  name: "node-builtins",
  resolveId: (id) => (id.startsWith("node:") ? `\0${id}` : undefined),
  load: (id) => (id.startsWith("\0node:") ? builtinSource(id.slice(1)) : undefined)
}

const coldModulePath = path.join(root, "packages/tcg/src/engine/cold/coldModule.ts")

/** A module that has the interpreter in WebAssembly ready: to write it takes 5 ms. Whether memory is shared makes a difference of one byte. */
const coldModuleSource = (): string => {
  const [unshared, shared] = [coldModule(false), coldModule(true)]
  const at = unshared.findIndex((byte, i) => byte !== shared[i])
  return [
    `const text = ${JSON.stringify(Buffer.from(unshared).toString("base64"))}`,
    "export const coldModule = (shared) => {",
    "  const bytes = Uint8Array.fromBase64(text)",
    `  if (shared) bytes[${at}] = ${shared[at]}`,
    "  return bytes",
    "}"
  ].join("\n")
}

const coldInterpreter: Plugin = {
  name: "cold-interpreter",
  load: (id) => (id === coldModulePath ? coldModuleSource() : undefined)
}

const codeVersionPath = path.join(root, "packages/tcg/src/engine/cache/codeVersion.ts")

/** A module that tells the code of these sources apart. */
const codeVersionPlugin: Plugin = {
  name: "code-version",
  load: (id) => (id === codeVersionPath ? `export const codeVersion = ${JSON.stringify(codeVersion())}` : undefined)
}

const common: InputOptions = {
  platform: "node",
  cwd: root,
  logLevel: "warn",
  treeshake: { propertyReadSideEffects: false },
  checks: { pluginTimings: false },
  // It would put the shared modules of `open` into one of its entries, in a circle with rolldown's runtime that fails when it is loaded.
  experimental: { chunkOptimization: false }
}
const output: OutputOptions = {
  format: "esm",
  minify: true,
  entryFileNames: "[name].js",
  chunkFileNames: "[name].js",
  comments: { legal: false, annotation: false, jsdoc: false }
}

const write = async (
  input: Record<string, string>,
  dir: string,
  options: OutputOptions & Pick<InputOptions, "external"> = {}
) => {
  const { external, ...outputOptions } = options
  // The launcher runs on any Node, so it keeps its imports.
  const plugins = "launch" in input ? [] : [builtins, coldInterpreter, codeVersionPlugin]
  await using build = await rolldown({ ...common, input, plugins, ...(external !== undefined && { external }) })
  await build.write({ ...output, ...outputOptions, dir })
}

/** Puts what is loaded at every start into one file beside the entry: each file costs half a millisecond. */
const oneFileAtStart = (entry: string): OutputOptions => {
  let atStart: Set<string> | undefined
  const name: CodeSplittingNameFunction = (id, context) => {
    if (atStart === undefined) {
      atStart = new Set([entry])
      for (const each of atStart)
        for (const imported of context.getModuleInfo(each)?.importedIds ?? []) atStart.add(imported)
    }
    return id !== entry && atStart.has(id) ? "shared" : null
  }
  return { codeSplitting: { groups: [{ name }] } }
}

/** The modules that plugin files can import, by specifier: the top level of core and of Effect, and the kit of the plugins. */
const pluginModules = (): Record<string, string> => {
  const modules: Record<string, string> = {}
  const add = (prefix: string, directory: string, extension: string, recursive = false) => {
    for (const file of fs.readdirSync(directory, { encoding: "utf8", recursive })) {
      if (!file.endsWith(extension) || file.endsWith(".d.ts")) continue
      const name = file.slice(0, -extension.length)
      modules[`modules/${prefix}/${name}`] = path.join(directory, file)
    }
  }
  add("@emu/core", path.join(root, "packages/core/src"), ".ts")
  add("@emu/plugins/kit", path.join(root, "packages/plugins/src/kit"), ".ts", true)
  add("effect", fs.realpathSync(path.join(root, "node_modules/effect/dist")), ".js")
  return modules
}

/** The published command; npm makes a symbolic link to it. */
const publishedCommand = `#!/bin/sh
self=$0
while [ -L "$self" ]; do
  target=$(readlink "$self")
  case $target in /*) self=$target ;; *) self=\${self%/*}/$target ;; esac
done
exec node ${optionsOfAnyNode.join(" ")} "\${self%/*}/launch.cjs" "$@"
`

/**
 * Writes the whole bundle.
 *
 * @param dir directory to write to; created where it is missing
 */
export const bundle = async (dir: string): Promise<void> => {
  const main = path.join(cliSources, "main.ts")
  // V8 tells scripts apart by their length only: a cache of the bundle that was here must not be taken for one of this.
  fs.rmSync(path.join(dir, "cache"), { recursive: true, force: true })
  await write({ launch: path.join(cliSources, "launch.ts") }, dir, { format: "cjs", entryFileNames: "[name].cjs" })
  // What loads these runs in the other variant; here the first one would bring a third of Effect with it.
  await write({ main }, path.join(dir, "fast"), {
    external: /documentSchema|moduleHooks/,
    format: "cjs",
    entryFileNames: "[name].cjs",
    chunkFileNames: "[name].cjs",
    ...oneFileAtStart(main)
  })
  await write({ main, ...pluginModules() }, path.join(dir, "open"), {
    codeSplitting: { groups: [{ name: "shared", test: (id) => id !== main }] }
  })
  fs.copyFileSync(path.join(root, "examples/hello.elf"), path.join(dir, "hello.elf"))
  fs.writeFileSync(path.join(dir, "package.json"), `{ "type": "module" }\n`)
  fs.writeFileSync(path.join(dir, "emu"), publishedCommand, { mode: 0o755 })
  fs.writeFileSync(path.join(dir, "node-options"), `${nodeOptions.join(" ")}\n`)
}

/**
 * Makes the checkout's bundle: writes a directory of its own, then points `current` to it by a rename, so that runs at the
 * same time each see a whole bundle. Directories that nothing can be using any more are removed.
 */
const bundleCheckout = async (): Promise<void> => {
  const cache = path.join(root, "node_modules/.cache/emu")
  const id = `bundle-${Date.now().toString(36)}-${process.pid}`
  const dir = path.join(cache, id)
  fs.mkdirSync(dir, { recursive: true })
  // Before the sources are read: whatever changes from here on makes the bundle stale.
  fs.writeFileSync(path.join(dir, "stamp"), "")
  try {
    await bundle(dir)
  } catch (error) {
    fs.rmSync(dir, { recursive: true, force: true })
    throw error
  }
  const current = path.join(cache, "current")
  // The age of one that is replaced counts from now on: runs that have just begun still load from it.
  if (fs.existsSync(current)) fs.utimesSync(current, new Date(), new Date())
  fs.symlinkSync(id, `${dir}.link`)
  fs.renameSync(`${dir}.link`, current)
  // Modules are loaded at the start of a run, so long after that nothing needs an old bundle.
  const longAgo = Date.now() - 600_000
  for (const name of fs.readdirSync(cache)) {
    const old = path.join(cache, name)
    // Another run may be doing the same, and have removed it by now.
    const lastUse = fs.statSync(old, { throwIfNoEntry: false })?.mtimeMs
    if (name.startsWith("bundle-") && name !== id && lastUse !== undefined && lastUse < longAgo) {
      fs.rmSync(old, { recursive: true, force: true })
    }
  }
}

if (import.meta.main) {
  try {
    await bundleCheckout()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    console.error(`emu: the sources do not bundle:\n${process.stderr.isTTY ? message : stripVTControlCharacters(message)}`)
    process.exitCode = 1
  }
}
