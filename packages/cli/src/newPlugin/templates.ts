/** The files of a new plugin. */
import * as path from "node:path"
import type { Installation } from "./installation.ts"

const pluginSource = (name: string): string => `/** Counts the instructions that each function of the guest executed. */
import * as Effect from "effect/Effect"
import * as Plugin from "@emu/core/Plugin"
import * as PluginOptions from "@emu/core/PluginOptions"
import * as PluginResult from "@emu/core/PluginResult"

export default Plugin.make({
  name: "${name}",
  help: "count the instructions that each function executed",
  options: PluginOptions.struct({
    limit: PluginOptions.integer({ default: 10, description: "how many functions to show" })
  }),
  result: PluginResult.struct({
    functions: PluginResult.rows(
      { name: PluginResult.text("the function's name"), insns: PluginResult.count("instructions executed") },
      "functions, those with the most instructions first"
    )
  }),
  render: ({ functions }) => functions.map(({ insns, name }) => \`\${name}: \${insns}\\n\`).join(""),
  install: Effect.fnUntraced(function* (api, { limit }) {
    const counts = new Map<string, number>()

    // Called for each block of guest code, once: look at it here, and say what is to happen each time it is executed.
    yield* api.onTbTrans((tb) => {
      const name = tb.insns[0]?.symbol() ?? "(no symbol)"
      const size = tb.insns.length
      tb.onExec(() => counts.set(name, (counts.get(name) ?? 0) + size))
    })

    yield* api.onAtExit(() => {
      const functions = Array.from(counts, ([name, insns]) => ({ name, insns }))
      functions.sort((a, b) => b.insns - a.insns || (a.name < b.name ? -1 : 1))
      api.report({ functions: functions.slice(0, limit) })
    })
  })
})
`

const testSource = (name: string, { emu }: Installation): string => `import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import * as path from "node:path"
import { test } from "node:test"

/** The emu command. The environment variable EMU takes another one. */
const [command = "emu", ...words] = process.env["EMU"]?.split(" ") ?? ${JSON.stringify(emu)}

/** Runs a guest program under the plugin. */
const run = (options: string, program: string) => {
  const plugin = path.join(import.meta.dirname, "${name}.ts")
  const args = ["run", "--quiet", "--plugin-format", "json", "--plugin", plugin + options, program]
  const { status, stderr, stdout } = spawnSync(command, [...words, ...args], { cwd: import.meta.dirname, encoding: "utf8" })
  assert.equal(status, 0, stderr)
  // The last line is a JSON document with the results of all plugins.
  const document = JSON.parse(stderr.trimEnd().split("\\n").at(-1) ?? "")
  return { stdout, functions: document.plugins[0].result.functions as Array<{ name: string; insns: number }> }
}

test("counts instructions by function", () => {
  const { functions, stdout } = run("", "hello.elf")
  assert.equal(stdout, "Hello from RISC-V!\\n")
  assert.ok(functions.some(({ insns, name }) => name === "start" && insns > 0))
})

test("shows as many functions as it is told to, the busiest first", () => {
  const all = run("", "hello.elf").functions
  assert.deepEqual(run(",limit=1", "hello.elf").functions, all.slice(0, 1))
})
`

/** A path to be written into a file of the folder: relative where both are in the checkout, so that it can be committed there. */
const pathFrom = (folder: string, checkout: string, target: string): string =>
  path.relative(checkout, folder).startsWith("..") ? target : path.relative(folder, target)

/** Where types are looked up: the checkout's own files. A published emu has none, and package.json asks for them. */
const typePaths = (folder: string, checkout: string) => {
  const at = (target: string) => pathFrom(folder, checkout, path.join(checkout, target))
  return {
    paths: {
      "@emu/core": [at("packages/core/src/index.ts")],
      "@emu/core/*": [at("packages/core/src/*.ts")],
      "@emu/plugins/*": [at("packages/plugins/src/*.ts")],
      effect: [at("node_modules/effect/dist/index.d.ts")],
      "effect/*": [at("node_modules/effect/dist/*.d.ts")]
    },
    typeRoots: [at("node_modules/@types")]
  }
}

const compilerOptions = {
  target: "es2024",
  lib: ["es2024", "esnext.iterator", "esnext.collection"],
  module: "nodenext",
  types: ["node"],
  noEmit: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  erasableSyntaxOnly: true,
  verbatimModuleSyntax: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  // Effect's diagnostics: an Effect that nothing runs, such as a forgotten yield*, is an error
  plugins: [{ name: "@effect/language-service" }]
}

/**
 * A command that checks types, and how Effects are used. The checker looks for TypeScript where it is
 * called: in the checkout, or in the folder itself.
 */
const checkCommand = (folder: string, checkout: string | undefined): string => {
  const diagnose = "effect-tsgo diagnostics --strict --project"
  if (checkout === undefined) return `${diagnose} tsconfig.json`
  const project = path.join(folder, "tsconfig.json")
  return `cd ${JSON.stringify(checkout)} && node_modules/.bin/${diagnose} ${JSON.stringify(project)}`
}

/**
 * A command that runs the test. It names the file, and in a checkout the Node, since an older one finds no TypeScript, runs
 * nothing, and is content.
 */
const testCommand = (name: string, folder: string, { checkout, node }: Installation): string => {
  const program = checkout === undefined ? "node" : JSON.stringify(pathFrom(folder, checkout, node))
  return `${program} --test ${name}.test.ts`
}

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`

/**
 * Text of each file.
 *
 * @param name the plugin's name
 * @param folder absolute path of the folder that the files are for
 * @returns texts by file name
 */
export const pluginFiles = (name: string, folder: string, installation: Installation): Readonly<Record<string, string>> => {
  const { checkout } = installation
  const types = checkout === undefined ? {} : typePaths(folder, checkout)
  const devDependencies =
    checkout === undefined
      ? {
          devDependencies: {
            "@effect/tsgo": "*",
            "@emu/core": "*",
            "@emu/plugins": "*",
            "@types/node": "^26",
            typescript: "*"
          }
        }
      : {}
  return {
    [`${name}.ts`]: pluginSource(name),
    [`${name}.test.ts`]: testSource(name, installation),
    "package.json": json({
      private: true,
      type: "module",
      scripts: { test: testCommand(name, folder, installation), check: checkCommand(folder, checkout) },
      ...devDependencies
    }),
    "tsconfig.json": json({ compilerOptions: { ...compilerOptions, ...types }, include: ["*.ts"] })
  }
}
