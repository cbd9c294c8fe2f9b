/**
 * Where the bundled command begins. It must parse and run on any Node, to say which one is needed; and it must be quick,
 * so it imports nothing of Effect, and becomes a CommonJS module: Node takes 12 ms to get ready for the first ES module.
 */
import { cachedScripts } from "./cachedScripts.ts"
import { setWasmFlags } from "@emu/node/wasmFlags"
import { needsWholeEffect } from "./options/needsWholeEffect.ts"

const needed = 26
const major = Number(process.versions.node.split(".", 1)[0])

if (major < needed) {
  console.error(
    `emu: needs Node ${needed} or newer, but this is Node ${process.versions.node}: install a newer Node and run emu with it`
  )
  process.exitCode = 1
} else start()

function start(): void {
  const caches = `${import.meta.dirname}/cache`
  // V8 refuses caches that were made under other flags, so they are set before anything is loaded.
  setWasmFlags()
  // Both variants are the same program; see scripts/bundle.ts.
  if (needsWholeEffect(process.argv.slice(2))) {
    process.getBuiltinModule("node:module").enableCompileCache(caches)
    void import(process.getBuiltinModule("node:url").pathToFileURL(`${import.meta.dirname}/open/main.js`).href)
  } else {
    cachedScripts(`${import.meta.dirname}/fast`, caches)("main.cjs")
  }
}
