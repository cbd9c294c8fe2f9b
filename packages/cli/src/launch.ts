#!/usr/bin/env node
/**
 * Where the bundled command begins. It must parse and run on any Node, to say which one is needed; and it must be quick,
 * so it imports nothing of Effect.
 */
import * as module from "node:module"
import * as path from "node:path"
import { needsWholeEffect } from "./options/needsWholeEffect.ts"

const needed = 26
const major = Number(process.versions.node.split(".", 1)[0])

if (major < needed) {
  console.error(
    `emu: needs Node ${needed} or newer, but this is Node ${process.versions.node}: install a newer Node and run emu with it`
  )
  process.exitCode = 1
} else {
  module.enableCompileCache(path.join(import.meta.dirname, "cache"))
  // Both variants are the same program; see scripts/bundle.ts.
  const variant = needsWholeEffect(process.argv.slice(2)) ? "open" : "fast"
  await import(new URL(`./${variant}/main.js`, import.meta.url).href)
}
