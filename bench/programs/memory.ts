/** Resident memory of a process at the moment when it has done what it has to do. */
import { spawn } from "node:child_process"
import * as fs from "node:fs"

/**
 * Runs a command that prints a line when it is ready and ends when its stdin does.
 *
 * @returns its largest resident set until then, in MB (10^6 bytes)
 */
export const residentMemory = async (
  [program, ...args]: readonly [string, ...Array<string>],
  env: Readonly<Record<string, string>>
): Promise<number> => {
  const child = spawn(program, args, { env, stdio: ["pipe", "pipe", "inherit"] })
  try {
    await new Promise((resolve, reject) => {
      child.stdout.once("data", resolve)
      child.once("error", reject)
      child.once("exit", (status) => reject(new Error(`${program} ended with ${status}`)))
    })
    const status = fs.readFileSync(`/proc/${child.pid}/status`, "utf8")
    return (Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)![1]) * 1024) / 1e6
  } finally {
    child.kill("SIGKILL")
  }
}

/** Programs that print a line and wait. */
export const waiting = {
  python: ["-c", "import sys; print(1, flush=True); sys.stdin.read()"],
  node: ["-e", "console.log(1); process.stdin.resume()"]
} as const
