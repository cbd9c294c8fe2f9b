/** Every golden program as a whole process, plain and under each plugin: stdout, exit status and the plugin's text. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { emu, type Finished, run, temporaryDirectory } from "../support/cli.ts"
import { withoutClaims } from "./claims.ts"
import { difference } from "./compare.ts"
import { elfOf, programs, type Recording, recordingsOf } from "./corpus.ts"
import { exclusionOf } from "./exclusions.ts"

const engines = ["interpreter", "cold", "jit"]

/** Says whether two clocks show the same second: not where the machine was busy for longer between the calls. */
const asksForTime = "syscalls"

/** The recorded runs had no environment, no input, and /mnt as directory: the stack's contents depend on that name. */
const runRecording = async (
  engine: string,
  { args, isFile, plugin, program }: Recording
): Promise<Finished & { readonly output: Buffer }> => {
  using directory = temporaryDirectory()
  fs.copyFileSync(elfOf(program), path.join(directory.path, `${program}.elf`))
  const options = ["--quiet", "--engine", engine, "--execfn", `/mnt/${program}.elf`]
  if (plugin !== undefined) options.push("--plugin", plugin.replace("%o", "plugin.out"))
  const result = await run(emu, ["run", ...options, "--", `${program}.elf`, ...args], { cwd: directory.path })
  if (!isFile) return { ...result, output: plugin === undefined ? result.stdout : result.stderr }
  assert.strictEqual(result.stderr.toString(), "")
  const file = fs.readdirSync(directory.path).find((name) => name.startsWith("plugin.out"))
  return { ...result, output: fs.readFileSync(path.join(directory.path, file!)) }
}

for (const engine of engines) {
  for (const program of programs) {
    describe.concurrent(`${engine}: ${program}`, () => {
      for (const recording of recordingsOf(program)) {
        const reason = exclusionOf(recording)
        it.skipIf(reason !== undefined)(
          reason === undefined ? recording.name : `${recording.name} (${reason})`,
          { retry: program === asksForTime ? 2 : 0 },
          async () => {
            const result = await runRecording(engine, recording)
            const isStdout = recording.plugin === undefined
            const wanted = isStdout ? { ...recording, text: withoutClaims(program, recording.text) } : recording
            assert.isUndefined(difference(wanted, isStdout ? withoutClaims(program, result.output) : result.output))
            assert.strictEqual(result.status, recording.status, `status; stderr: ${result.stderr.toString().slice(0, 500)}`)
            if (isStdout) assert.strictEqual(result.stderr.toString(), "")
            else {
              const [got, recorded] = [result.stdout, recording.stdout].map((text) => withoutClaims(program, text))
              assert.strictEqual(got!.toString("latin1"), recorded!.toString("latin1"))
            }
          }
        )
      }
    })
  }
}
