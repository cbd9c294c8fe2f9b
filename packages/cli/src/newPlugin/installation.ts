/** Where this emu lies, and how to call it from elsewhere. */
import * as fs from "node:fs"
import * as path from "node:path"

/** What a folder outside has to know. */
export interface Installation {
  /** The checkout that this emu runs from; undefined for a published one. */
  readonly checkout: string | undefined
  /** Words that call emu. */
  readonly emu: readonly [string, ...Array<string>]
  /** A Node that runs TypeScript. */
  readonly node: string
  /** A guest program to try plugins with. */
  readonly program: string
}

const parents = (directory: string): ReadonlyArray<string> => {
  const parent = path.dirname(directory)
  return parent === directory ? [directory] : [directory, ...parents(parent)]
}

const isCheckout = (directory: string): boolean =>
  ["bin/emu", "packages/core/src/Plugin.ts"].every((file) => fs.existsSync(path.join(directory, file)))

/** The name under which the checkout has this Node, which is shorter than where that link leads. */
const nodeOf = (checkout: string): string => {
  const modules = path.join(checkout, "node_modules")
  const names = fs.readdirSync(modules).filter((name) => name.startsWith("node-"))
  const nodes = names.map((name) => path.join(modules, name, "bin/node"))
  return nodes.find((node) => fs.existsSync(node) && fs.realpathSync(node) === process.execPath) ?? process.execPath
}

/** This emu's installation. */
export const findInstallation = (): Installation => {
  const here = import.meta.dirname
  const checkout = parents(here).find(isCheckout)
  if (checkout === undefined) {
    // The bundle: this is in a folder beside launch.cjs.
    const bundle = path.dirname(here)
    const emu = [process.execPath, path.join(bundle, "launch.cjs")] as const
    return { checkout, emu, node: process.execPath, program: path.join(bundle, "hello.elf") }
  }
  return {
    checkout,
    emu: [path.join(checkout, "bin/emu")],
    node: nodeOf(checkout),
    program: path.join(checkout, "examples/hello.elf")
  }
}
