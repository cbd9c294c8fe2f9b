/** `emu plugin new`: a folder with a plugin, its test, and what an editor needs to check them. */
import * as fs from "node:fs"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import { findInstallation } from "../newPlugin/installation.ts"
import { pluginFiles } from "../newPlugin/templates.ts"
import { UsageError } from "../UsageError.ts"

const refuse = (message: string): UsageError => new UsageError(`emu plugin new: ${message}`)

/** Text as a shell takes it for one word. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)

/** A path as a user would type it here. */
const typed = (target: string): string => {
  const relative = path.relative(process.cwd(), target)
  return relative.startsWith("..") || relative === "" ? target : relative
}

const commandLine = (words: ReadonlyArray<string>): string => words.map((word) => quoted(word)).join(" ")

/**
 * Writes a new plugin.
 *
 * @param operands the name, or a path that ends in it: a folder that is made, and does not exist yet
 * @returns what to tell the user. Fails with UsageError where there is no good name, or the folder cannot be written
 */
export const newPlugin = (operands: ReadonlyArray<string>): Effect.Effect<string, UsageError> =>
  Effect.suspend(() => {
    const [target, ...more] = operands
    if (target === undefined || target === "" || more.length > 0)
      return Effect.fail(refuse("give one name: emu plugin new NAME"))
    const folder = path.resolve(target)
    const name = path.basename(folder)
    if (!/^[a-z][a-z0-9-]*$/.test(name)) {
      return Effect.fail(refuse(`${JSON.stringify(name)} is no name for a plugin: use small letters, digits and dashes`))
    }
    if (fs.existsSync(folder)) return Effect.fail(refuse(`${target} exists already: choose another name, or remove it`))
    const installation = findInstallation()
    const files = pluginFiles(name, folder, installation)
    try {
      fs.mkdirSync(folder, { recursive: true })
      for (const [file, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, file), text)
      fs.copyFileSync(installation.program, path.join(folder, "hello.elf"))
    } catch (error) {
      return Effect.fail(refuse(`cannot write ${target}: ${error instanceof Error ? error.message : String(error)}`))
    }
    const inFolder = (file: string) => typed(path.join(folder, file))
    const plugin = inFolder(`${name}.ts`)
    const run = [...installation.emu.map(typed), "run", "--plugin", plugin.includes("/") ? plugin : `./${plugin}`]
    const notes =
      installation.checkout === undefined ? `\nFor types in an editor: npm install, in ${quoted(typed(folder))}\n` : ""
    return Effect.succeed(`${plugin} is a plugin that works; change it to your needs.

Run it:   ${commandLine([...run, inFolder("hello.elf")])}
Test it:  ${commandLine([typed(installation.node), "--test", inFolder(`${name}.test.ts`)])}
${notes}`)
  })
