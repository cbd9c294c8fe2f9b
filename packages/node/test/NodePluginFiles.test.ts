/** The files of plugins: whole under their names, or not at all. */
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { PluginFileError } from "@emu/core/PluginError"
import { PluginFiles } from "@emu/core/PluginFiles"
import { nodePluginFiles } from "../src/NodePluginFiles.ts"

/** Runs a test with the service in a fresh directory; what is there when the run is over. */
const inDirectory = (use: (files: PluginFiles["Service"], directory: string) => void) =>
  Effect.gen(function* () {
    const directory = Fs.mkdtempSync(Path.join(Os.tmpdir(), "emu-files-"))
    yield* Effect.addFinalizer(() => Effect.sync(() => Fs.rmSync(directory, { recursive: true })))
    yield* Effect.map(PluginFiles, (files) => use(files, directory)).pipe(Effect.provide(nodePluginFiles))
    return Object.fromEntries(
      Fs.readdirSync(directory, { withFileTypes: true }).map((entry) => [
        entry.name,
        entry.isFile() ? Fs.readFileSync(Path.join(directory, entry.name), "utf8") : entry.isDirectory() ? "/" : "other"
      ])
    )
  }).pipe(Effect.scoped)

describe("files of plugins", () => {
  it.effect("appear whole when they are closed", () =>
    Effect.gen(function* () {
      const left = yield* inDirectory((files, directory) => {
        Fs.writeFileSync(`${directory}/old`, "before")
        const file = files.open(`${directory}/old`, 1n)
        const chunk = Uint8Array.of(98)
        file.write("a")
        file.write(chunk)
        chunk[0] = 0
        file.write("ü".repeat(100_000))
        assert.strictEqual(Fs.readFileSync(`${directory}/old`, "utf8"), "before")
        file.close()
        file.close()
        assert.strictEqual(file.path, Fs.realpathSync(`${directory}/old`))
        assert.throws(() => file.write("c"), PluginFileError, "closed already")
      })
      assert.deepStrictEqual(left, { old: `ab${"ü".repeat(100_000)}` })
    })
  )

  it.effect("leave nothing where nobody closes them", () =>
    Effect.gen(function* () {
      const left = yield* inDirectory((files, directory) => {
        Fs.writeFileSync(`${directory}/kept`, "before")
        files.open(`${directory}/kept`, 1n).write("after")
        files.open(`${directory}/new`, 1n).write("after")
      })
      assert.deepStrictEqual(left, { kept: "before" })
    })
  )

  it.effect("leave nothing of a plugin that is taken out", () =>
    Effect.gen(function* () {
      const left = yield* inDirectory((files, directory) => {
        const other = files.open(`${directory}/other`, 2n)
        files.open(`${directory}/file`, 1n).write("gone")
        files.discard(1n)
        files.open(`${directory}/file`, 3n).close()
        other.close()
      })
      assert.deepStrictEqual(left, { file: "", other: "" })
    })
  )

  it.effect("keep a link, and write where it leads", () =>
    Effect.gen(function* () {
      const left = yield* inDirectory((files, directory) => {
        Fs.mkdirSync(`${directory}/far`)
        Fs.writeFileSync(`${directory}/far/file`, "before")
        Fs.symlinkSync("far/file", `${directory}/link`)
        const file = files.open(`${directory}/link`, 1n)
        file.write("after")
        file.close()
        assert.isTrue(Fs.lstatSync(`${directory}/link`).isSymbolicLink())
        assert.strictEqual(Fs.readFileSync(`${directory}/far/file`, "utf8"), "after")
      })
      assert.deepStrictEqual(left, { far: "/", link: "other" })
    })
  )

  it.effect("are refused by name", () =>
    inDirectory((files, directory) => {
      const first = files.open(`${directory}/file`, 1n)
      assert.throws(() => files.open(`${directory}/./file`, 1n), PluginFileError, "another plugin is writing it")
      first.close()
      files.open(`${directory}/file`, 1n).close()
      assert.throws(
        () => files.open(`${directory}/no/file`, 1n),
        PluginFileError,
        /^cannot write .*\/no\/file: ENOENT[^,]*$/
      )
      assert.throws(() => files.open(directory, 1n), PluginFileError, "EISDIR")
      files.makeDirectory(`${directory}/made`)
      files.makeDirectory(`${directory}/made`)
      assert.throws(() => files.makeDirectory(`${directory}/file`), PluginFileError, "EEXIST")
    })
  )

  it.effect("may be no regular files", () =>
    inDirectory((files) => {
      const file = files.open("/dev/null", 1n)
      file.write("gone")
      file.close()
      assert.isTrue(Fs.statSync("/dev/null").isCharacterDevice())
    })
  )
})
