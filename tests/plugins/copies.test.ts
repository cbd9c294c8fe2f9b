/** Each plugin is one file, meant to be copied: it works in a folder where there is nothing else, on what emu gives plugins. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { pluginNames } from "@emu/plugins/names"
import { emu, root, run, temporaryDirectory } from "../support/cli.ts"

/** Options of those that need some. */
const options: Readonly<Record<string, string>> = {
  bbv: ",interval=600,outfile=vectors",
  dump: ",at=put",
  ltrace: ",internal=on",
  watch: ",at=output_length",
  patch: ",target=8509,patch=8909",
  stoptrigger: ",icount=1000:7"
}

const program = path.join(root, "examples/primes.elf")

describe("a plugin that was copied", () => {
  it.each(pluginNames.filter((name) => name !== "lockstep"))("%s does what it does at home", async (name) => {
    using home = temporaryDirectory()
    using away = temporaryDirectory()
    fs.copyFileSync(path.join(root, `packages/plugins/src/${name}.ts`), path.join(away.path, "copy.ts"))
    const results = await Promise.all(
      [
        { plugin: name, directory: home.path },
        { plugin: "./copy.ts", directory: away.path }
      ].map(async ({ directory, plugin }) => {
        const words = ["run", "--execfn", "/primes", "--plugin", `${plugin}${options[name] ?? ""}`, program, "100"]
        const { status, stderr, stdout } = await run(emu, words, { cwd: directory })
        return { status, stderr: stderr.toString(), stdout: stdout.toString() }
      })
    )
    assert.deepStrictEqual(results[1], results[0])
    assert.notStrictEqual(results[0]!.stderr + results[0]!.stdout, "")
    for (const file of fs.readdirSync(home.path)) {
      const [there, here] = [away, home].map((folder) => path.join(folder.path, file))
      if (fs.statSync(here!).isFile()) assert.deepStrictEqual(fs.readFileSync(there!), fs.readFileSync(here!), file)
    }
  })

  it("lockstep meets the one that comes with emu", async () => {
    using directory = temporaryDirectory()
    fs.copyFileSync(path.join(root, "packages/plugins/src/lockstep.ts"), path.join(directory.path, "copy.ts"))
    const results = await Promise.all(
      ["lockstep", "./copy.ts"].map((plugin) =>
        run(emu, ["run", "--seed", "1", "--plugin", `${plugin},sockpath=s`, program, "100"], { cwd: directory.path })
      )
    )
    for (const { status, stderr } of results) {
      assert.match(stderr.toString(), /No divergence :-\)/)
      assert.strictEqual(status, 0)
    }
  })
})
