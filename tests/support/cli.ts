/** Runs commands as whole processes: the project's own `bin/emu`, and others to compare with. */
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"

export const root = path.resolve(import.meta.dirname, "../..")
/** The command of this checkout. */
export const emu = path.join(root, "bin/emu")

/** What a finished process left. */
export interface Finished {
  /** Exit status; 128 + n where a signal ended it, as shells say it. */
  readonly status: number
  readonly stdout: Buffer
  readonly stderr: Buffer
}

export interface RunOptions {
  readonly cwd?: string
  /** What the process reads; nothing where it is left out. */
  readonly stdin?: string | Buffer
  /** The whole environment; empty where it is left out. */
  readonly env?: Record<string, string>
  /** Seconds until the process is killed, which counts as an error; 120 where it is left out. */
  readonly timeout?: number
}

/** Runs a command to its end. Rejects where it cannot be started or does not end in time. */
export const run = (command: string, args: ReadonlyArray<string>, options: RunOptions = {}): Promise<Finished> =>
  new Promise((resolve, reject) => {
    const seconds = options.timeout ?? 120
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? {},
      stdio: [options.stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"]
    })
    const stdout: Array<Buffer> = []
    const stderr: Array<Buffer> = []
    let late = false
    const timer = setTimeout(() => {
      late = true
      child.kill("SIGKILL")
    }, seconds * 1000)
    child.stdout!.on("data", (chunk: Buffer) => stdout.push(chunk))
    child.stderr!.on("data", (chunk: Buffer) => stderr.push(chunk))
    // A program that ends without reading its input closes the pipe; that is its good right.
    child.stdin?.on("error", () => {})
    child.stdin?.end(options.stdin)
    child.on("error", reject)
    child.on("close", (code, signal) => {
      clearTimeout(timer)
      if (late) reject(new Error(`${command} ${args.join(" ")}: still running after ${seconds} seconds`))
      else {
        const status = code ?? 128 + os.constants.signals[signal!]
        resolve({ status, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) })
      }
    })
  })

/** A fresh directory that is removed when the `using` block ends. */
export const temporaryDirectory = (): Disposable & { readonly path: string } => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "emu-test-"))
  return { path: directory, [Symbol.dispose]: () => fs.rmSync(directory, { recursive: true, force: true }) }
}
