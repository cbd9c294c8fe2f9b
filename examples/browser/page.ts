/** A page that runs guest programs under a plugin: bundled by build.ts, tested in tests/browser. */
import { Emulator } from "@emu/emulator/Emulator"
import * as Effect from "effect/Effect"

/** What a run gave, as text and plain numbers. */
export interface PageRun {
  readonly status: number
  readonly stdout: string
  /** Executed instructions, as the engine counts them and as the plugin does. */
  readonly insns: number
  readonly counted: string
  /** Functions of WebAssembly that hot code was compiled to. */
  readonly regions: number
}

/**
 * Runs a program to its end, on files in memory.
 *
 * @param url where its file is
 */
export const runProgram = async (url: string): Promise<PageRun> => {
  const program = new Uint8Array(await (await fetch(url)).arrayBuffer())
  const run = Effect.flatMap(Emulator, (emulator) =>
    emulator.run("/bin/program", { plugins: { insns: { plugin: "insn", options: { inline: true } } } })
  )
  const host = Emulator.memory({ files: { "/bin/program": program } })
  const { pluginText, stats, status, stdout } = await Effect.runPromise(Effect.provide(run, host))
  return {
    status,
    stdout: stdout.text,
    insns: stats.insns,
    counted: pluginText,
    regions: stats.compiled?.regions ?? 0
  }
}

const show = async (): Promise<void> => {
  const results: Record<string, PageRun> = {}
  for (const name of ["hello", "primes"]) results[name] = await runProgram(`${name}.elf`)
  document.body.textContent = JSON.stringify(results)
}

show().catch((error: unknown) => {
  document.body.textContent = `failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
})
