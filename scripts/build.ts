/**
 * Builds the publishable packages: the libraries as JavaScript with declarations (`tsc -b`), and the command as a bundle that
 * depends on nothing, in packages/cli/dist, with JSON Schema of plugins' results beside it.
 *
 *     node scripts/build.ts            build
 *     node scripts/build.ts --pack DIR build, check and put the packages' tarballs in DIR
 */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { bundle } from "./bundle.ts"
import { codeVersion } from "./codeVersion.ts"

const root = path.resolve(import.meta.dirname, "..")
const packages = ["core", "tcg", "guest", "plugins", "emulator", "node", "cli"].map((name) =>
  path.join(root, "packages", name)
)

/** Runs a command; where it fails, it has said why, and the build ends. */
const run = (command: string, args: ReadonlyArray<string>, cwd = root) => {
  const { status } = spawnSync(command, args, { cwd, stdio: "inherit" })
  if (status !== 0) process.exit(status ?? 1)
}

const tool = (name: string) => path.join(root, "node_modules/.bin", name)

// What a package no longer has must not be published.
for (const folder of packages) fs.rmSync(path.join(folder, "dist"), { recursive: true, force: true })
run(tool("tsc"), ["-b", "--force", ...packages])

// As in the bundle: code that another version has kept is not this one's.
const versionFile = path.join(root, "packages/tcg/dist/engine/cache/codeVersion.js")
fs.writeFileSync(versionFile, `export const codeVersion = ${JSON.stringify(codeVersion())}\n`)

const dist = path.join(root, "packages/cli/dist")
await bundle(dist)

// The schema of what `--plugin-format json` writes, for programs that read it.
const schema = spawnSync(process.execPath, [path.join(dist, "launch.cjs"), "plugins", "--schema"], { encoding: "utf8" })
if (schema.status !== 0) {
  console.error(schema.stderr)
  process.exit(1)
}
fs.writeFileSync(path.join(dist, "plugin-results.schema.json"), schema.stdout)

const packTo = process.argv[2] === "--pack" ? process.argv[3] : undefined
if (packTo !== undefined) {
  const directory = path.resolve(packTo)
  fs.mkdirSync(directory, { recursive: true })
  for (const folder of packages) {
    run("npx", ["--prefer-offline", "-y", "pnpm@12", "pack", "--pack-destination", directory], folder)
  }
  const tarballs = fs.readdirSync(directory).filter((name) => name.endsWith(".tgz"))
  for (const tarball of tarballs) run(tool("publint"), [path.join(directory, tarball), "--strict"])
  for (const tarball of tarballs) {
    const kilobytes = Math.ceil(fs.statSync(path.join(directory, tarball)).size / 1024)
    console.log(`${tarball.padEnd(24)} ${kilobytes.toString().padStart(6)} KiB`)
  }
}
