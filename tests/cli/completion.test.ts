/** `emu completion`: the scripts are read by the shells that they are for, and bash's completes. */
import { spawnSync } from "node:child_process"
import { assert, describe, it } from "@effect/vitest"
import { assertOneLine } from "../faults/oneLine.ts"
import { emu, run } from "../support/cli.ts"

const script = async (shell: string) => (await run(emu, ["completion", shell])).stdout.toString()

describe("emu completion", () => {
  it.each(["bash", "zsh", "fish"])("%s can read its script", async (shell) => {
    const text = await script(shell)
    assert.include(text, "one-insn-per-tb")
    assert.include(text, "hotblocks")
    const { error, status, stderr } = spawnSync(shell, ["-n"], { input: text, encoding: "utf8" })
    if (error !== undefined) console.log(`skipped: ${shell} is not installed`)
    else assert.strictEqual(status, 0, stderr)
  })

  it.each([
    [["emu", "ru"], "run"],
    [["emu", "run", "--one-insn"], "--one-insn-per-tb"],
    [["emu", "run", "--plugin", "hotb"], "hotblocks"],
    [["emu", "run", "--engine", "lock"], "lockstep"],
    [["emu", "run", "-d", "op_"], "op_opt"],
    [["emu", "plugins", "drc"], "drcov"],
    [["emu", "completion", "fi"], "fish"]
  ])("completes %s to %s in bash", async (words, completed) => {
    const array = words.map((word) => `'${word}'`).join(" ")
    const ask = `${await script("bash")}\nCOMP_WORDS=(${array}) COMP_CWORD=${words.length - 1}; _emu; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout } = await run("bash", ["-c", ask], { env: { PATH: process.env["PATH"] ?? "" } })
    assert.strictEqual(stdout.toString(), `${completed}\n`)
  })

  it("says in a line what shells there are", async () => {
    assertOneLine(await run(emu, ["completion"]), /needs a shell: emu completion bash\|zsh\|fish/)
    assertOneLine(await run(emu, ["completion", "bsh"]), /none for bsh, did you mean .*bash/)
  })
})
