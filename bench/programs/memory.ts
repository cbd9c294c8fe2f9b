/** Resident memory of a process at the moment when it has done what it has to do. */
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import { type Tools, underEmu, underQemu } from "./ways.ts"

/**
 * Runs a command that prints a line when it is ready and ends when its stdin does.
 *
 * @returns its largest resident set until then, in MB (10^6 bytes)
 */
const residentMemory = async (
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

/** Resident memory, in MB. */
export interface Memory {
  readonly qemu: number
  readonly emu: number
  /** Of a Node that does nothing. */
  readonly node: number
}

/** The memory of python3 when it has started, and of Node. Both print a line then, and wait. */
export const measureMemory = async (tools: Tools, env: Readonly<Record<string, string>>): Promise<Memory> => {
  const python = ["usr/bin/python3", "-c", "import sys; print(1, flush=True); sys.stdin.read()"] as const
  return {
    qemu: await residentMemory(underQemu(tools)([...python], 0), env),
    emu: await residentMemory(underEmu(tools)([...python], 0), env),
    node: await residentMemory([process.execPath, "-e", "console.log(1); process.stdin.resume()"], env)
  }
}
