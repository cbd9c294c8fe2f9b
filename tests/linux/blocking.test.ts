/** Hosts that take their time: nothing that a guest waits for may keep its other threads, or signals, waiting. */
import { spawn, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { emu } from "../support/cli.ts"

const compiler = "riscv64-linux-gnu-gcc"
const missing = ["mkfifo", compiler].find((command) => spawnSync(command, ["--version"]).status !== 0)
const directory = fs.mkdtempSync(path.join(os.tmpdir(), "emu-blocking-"))
afterAll(() => fs.rmSync(directory, { recursive: true, force: true }))

const build = (name: string): string => {
  const program = path.join(directory, name)
  const source = path.join(import.meta.dirname, "blocking", `${name}.c`)
  const built = spawnSync(compiler, ["-w", "-O1", "-static", "-pthread", "-o", program, source], { encoding: "utf8" })
  assert.strictEqual(built.status, 0, built.stderr)
  return program
}

const fifo = (name: string): string => {
  const at = path.join(directory, name)
  assert.strictEqual(spawnSync("mkfifo", [at]).status, 0)
  return at
}

/** Starts a shell's command line. */
const start = (line: string, args: ReadonlyArray<string>) => {
  const child = spawn("sh", ["-c", line, "sh", ...args], { stdio: ["ignore", "pipe", "pipe"] })
  const text = { out: "", err: "" }
  child.stdout.on("data", (chunk: Buffer) => (text.out += chunk.toString()))
  child.stderr.on("data", (chunk: Buffer) => (text.err += chunk.toString()))
  const status = new Promise<number | null>((resolve) => child.on("close", resolve))
  const says = async (holds: () => boolean): Promise<void> => {
    const end = Date.now() + 60_000
    while (!holds()) {
      assert.isBelow(Date.now(), end, `still waiting; it has said ${JSON.stringify(text)}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  return { text, status, says }
}

describe("a host that takes its time", () => {
  it("a reader of stdout that does not read yet keeps no other thread waiting", async ({ skip }) => {
    if (missing !== undefined) return skip(`${missing} is not installed`)
    const pipe = fifo("out")
    const guest = start('"$1" run "$2" >"$3"', [emu, build("slow-reader"), pipe])
    const reader = await fs.promises.open(pipe)
    await guest.says(() => guest.text.err === "alive\n")
    const bytes = await reader.readFile()
    await reader.close()
    assert.strictEqual(await guest.status, 0)
    assert.strictEqual(bytes.length, 2 ** 20 + 4)
    assert.strictEqual(bytes.subarray(2 ** 20).toString(), "end\n")
  })

  it("a named pipe is read and written together with programs of the host", async ({ skip }) => {
    if (missing !== undefined) return skip(`${missing} is not installed`)
    const [there, back] = [fifo("there"), fifo("back")]
    const guest = start('"$1" run "$2" "$3" "$4"', [emu, build("host-fifo"), there, back])
    await guest.says(() => guest.text.out.startsWith("begun\n") && guest.text.err === "alive\n")
    await fs.promises.writeFile(there, "question\n")
    assert.strictEqual(await fs.promises.readFile(back, "utf8"), "answer\n")
    assert.strictEqual(await guest.status, 0)
    assert.strictEqual(guest.text.out, "begun\npoll 1, read 9: question\nend 0\n")
  })
})
