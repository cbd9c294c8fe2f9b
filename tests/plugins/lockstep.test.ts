/** Two emus in lockstep, one on each engine, and a plugin that resets and uninstalls itself. */
import * as fs from "node:fs"
import * as net from "node:net"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { emu, root, run, temporaryDirectory } from "../support/cli.ts"
import { assertOneLine } from "../faults/oneLine.ts"

const engines = ["interpreter", "jit"]
const tiny = path.join(root, "tests/golden/programs/tiny.elf")
const primes = path.join(root, "examples/primes.elf")
const hello = path.join(root, "examples/hello.elf")

/** Runs two programs side by side; what each plugin printed, the one that waited first. */
const inLockstep = async (programs: ReadonlyArray<ReadonlyArray<string>>, options = ""): Promise<ReadonlyArray<string>> => {
  using directory = temporaryDirectory()
  const plugin = `lockstep,sockpath=s${options}`
  const runs = programs.map((program, i) =>
    run(emu, ["run", "--seed", "1", "--engine", engines[i]!, "--plugin", plugin, ...program], { cwd: directory.path })
  )
  const texts = (await Promise.all(runs)).map(({ stderr }) => stderr.toString())
  assert.isFalse(fs.existsSync(path.join(directory.path, "s")))
  return texts.sort((a) => (a.startsWith("setup") ? -1 : 1))
}

describe("lockstep", () => {
  it("finds no divergence between the engines, in a short run as QEMU's sample shows it", async () => {
    const rest = "No divergence :-)\nExecuted 306/306 blocks\nExecuted ~2457 instructions\n"
    assert.deepStrictEqual(await inLockstep([[tiny], [tiny]]), [
      `setup_socket::ready\n${rest}`,
      `connect_socket::ready\n${rest}`
    ])
  })

  it("finds none in a run of many batches", async () => {
    const texts = await inLockstep(
      [
        [primes, "100000"],
        [primes, "100000"]
      ],
      ",verbose=on"
    )
    for (const text of texts) {
      assert.match(text, /\nNo divergence :-\)\n/)
      const [, compared, blocks] = /\nExecuted (\d+)\/(\d+) blocks\n/.exec(text)!
      assert.strictEqual(compared, blocks)
      assert.isAbove(Number(blocks), 100_000)
      assert.match(text, /\n@ the end vs (the end|0x[0-9a-f]{16}) \(\d+\/\d+\)\n/)
    }
  })

  it("names the first blocks that differ, with those before, on both sides", async () => {
    const texts = await inLockstep([
      [primes, "3000"],
      [primes, "3001"]
    ])
    const found = texts.map((text) =>
      /^Δ insn_count @ (0x[0-9a-f]{16}) \((\d+)\) vs (0x[0-9a-f]{16}) \((\d+)\)$/m.exec(text)!
    )
    const [first, second] = found
    assert.strictEqual(first![1], second![3])
    assert.strictEqual(first![3], second![1])
    assert.notStrictEqual(first![1], first![3])
    for (const text of texts) {
      assert.notInclude(text, "No divergence")
      assert.strictEqual(text.match(/^  previously @ 0x[0-9a-f]{16}\/\d+ \(\d+ insns\)$/gm)?.length, 10)
    }
  })

  it("tells a run that ends before the other", async () => {
    const texts = await inLockstep([[hello], [tiny]])
    for (const text of texts) assert.match(text, /^Δ insn_count @ /m)
  })

  it("takes the place of a socket that a killed run has left, and refuses what is none", async () => {
    using directory = temporaryDirectory()
    const file = path.join(directory.path, "file")
    fs.writeFileSync(file, "")
    const attempt = (sockpath: string) => run(emu, ["run", "--plugin", `lockstep,sockpath=${sockpath}`, hello])
    assertOneLine(await attempt(file), /cannot connect at .*file/)
    assertOneLine(await attempt(path.join(directory.path, "none/s")), /cannot connect at .*none\/s/)
    assertOneLine(await attempt("x".repeat(200)), /too long/)
    const stale = path.join(directory.path, "s")
    const kill = `require("net").createServer().listen(${JSON.stringify(stale)}, () => process.kill(process.pid, 9))`
    await run(process.execPath, ["-e", kill])
    const waiting = attempt(stale)
    // the other side: somebody who hangs up at once
    for (let i = 0; i < 200; i++) {
      const met = await new Promise<boolean>((resolve) => {
        const socket = net.connect(stale, () => {
          socket.destroy()
          resolve(true)
        })
        socket.on("error", () => resolve(false))
      })
      if (met) break
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const { status, stderr } = await waiting
    assert.strictEqual(status, 0)
    assert.match(stderr.toString(), /^setup_socket::ready\nΔ insn_count @ 0x[0-9a-f]{16} \(0\) vs the end \(0\)\n/)
  })
})

describe("reset", () => {
  it.each(engines)("is reset, uninstalled, and gone (%s)", async (engine) => {
    const { status, stderr, stdout } = await run(emu, ["run", "--engine", engine, "--plugin", "reset", primes, "100"])
    assert.strictEqual(stderr.toString(), "reset done\nuninstall done\nplugin exit\n")
    assert.strictEqual(stdout.toString(), "25 primes below 100, the last is 97\n")
    assert.strictEqual(status, 0)
  })
})
