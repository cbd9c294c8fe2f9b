/** Runs a guest program as a whole process, with its output in files, and busy loops beside it. */
import { spawn, spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"

/** What to run, and where. */
export interface Run {
  readonly argv: readonly [string, ...Array<string>]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** A file that becomes stdin; nothing to read where it is undefined. */
  readonly stdin?: string | undefined
  /** Milliseconds after which it is ended. */
  readonly limit: number
}

/** How it went. */
export interface Outcome {
  /** From start to end; Infinity where that is more than the limit. */
  readonly milliseconds: number
  /** Exit status, or the signal's name. */
  readonly status: number | string
  /** SHA-256. */
  readonly stdout: string
  /** The beginning of it. */
  readonly stderr: string
}

/**
 * Runs a process to its end.
 *
 * @param scratch a directory for its output
 */
export const runOnce = ({ argv: [program, ...args], cwd, env, limit, stdin }: Run, scratch: string): Outcome => {
  const files = [path.join(scratch, "stdout"), path.join(scratch, "stderr")] as const
  const input = stdin === undefined ? "ignore" : fs.openSync(stdin, "r")
  const outputs = files.map((file) => fs.openSync(file, "w"))
  const start = process.hrtime.bigint()
  const child = spawnSync(program, args, { cwd, env, stdio: [input, ...outputs], timeout: limit, killSignal: "SIGKILL" })
  const milliseconds = Number(process.hrtime.bigint() - start) / 1e6
  for (const descriptor of [input, ...outputs]) if (typeof descriptor === "number") fs.closeSync(descriptor)
  const isLate = child.error !== undefined && "code" in child.error && child.error.code === "ETIMEDOUT"
  if (child.error !== undefined && !isLate) throw child.error
  return {
    milliseconds: isLate ? Infinity : milliseconds,
    status: child.signal ?? child.status ?? "unknown",
    stdout: createHash("sha256").update(fs.readFileSync(files[0])).digest("hex"),
    stderr: fs.readFileSync(files[1], "utf8").slice(0, 4000)
  }
}

/** Shell loops end by themselves when this process is gone. */
const busyLoop = "while kill -0 $PPID 2>/dev/null; do i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done; done"

/** Keeps processors busy while something runs. */
export const withLoad = <A>(loops: number, run: () => A): A => {
  const children = Array.from({ length: loops }, () => spawn("/bin/sh", ["-c", busyLoop], { stdio: "ignore" }))
  try {
    return run()
  } finally {
    for (const child of children) child.kill("SIGKILL")
  }
}
