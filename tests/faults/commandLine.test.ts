/** Mistakes on the command line, and hosts that do not cooperate. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { emu, root, run, temporaryDirectory } from "../support/cli.ts"
import { assertOneLine } from "./oneLine.ts"

const hello = path.join(root, "examples/hello.elf")
const mandelbrot = path.join(root, "examples/mandelbrot.elf")
const shell = (script: string) => run("bash", ["-c", script], { env: { PATH: process.env["PATH"] ?? "" } })

describe("mistakes", () => {
  const mistakes: ReadonlyArray<readonly [string, ReadonlyArray<string>, RegExp]> = [
    ["no program", ["run"], /PROGRAM|program/],
    ["an unknown command", ["rnu", hello], /rnu/],
    ["an unknown option", ["run", "--qiet", hello], /--qiet/],
    ["an option without its value", ["run", "--plugin"], /--plugin/],
    ["a program that is missing", ["run", "/no/such/program"], /\/no\/such\/program/],
    ["a directory as program", ["run", root], /not a regular file|directory/],
    ["a file that is no ELF file", ["run", path.join(root, "package.json")], /package\.json.*not an ELF file/],
    ["a script", ["run", emu], /script/],
    ["a program for another machine", ["run", process.execPath], /machine/],
    ["an unknown plugin", ["run", "--plugin", "isnn", hello], /isnn.*\binsn\b/],
    ["an unknown argument of a plugin", ["run", "--plugin", "insn,inlin=on", hello], /inlin.*\binline\b/],
    ["a bad value for a plugin", ["run", "--plugin", "insn,inline=maybe", hello], /maybe/],
    ["a bad number for a plugin", ["run", "--plugin", "hotblocks,limit=many", hello], /many/],
    ["a plugin file that is missing", ["run", "--plugin", "./no-such-plugin.ts", hello], /no-such-plugin\.ts/],
    ["an unknown log item", ["run", "-d", "everything", hello], /everything/],
    ["an unknown engine", ["run", "--engine", "steam", hello], /steam/],
    ["a bad stack size", ["run", "-s", "huge", hello], /huge/],
    ["a bad seed", ["run", "--seed", "x", hello], /seed/],
    ["a variable without a value", ["run", "-E", "NAME", hello], /NAME/],
    [
      "a log file that cannot be written",
      ["run", "-d", "plugin", "-D", "/no/such/directory/log", hello],
      /\/no\/such\/directory\/log/
    ]
  ]
  it.each(mistakes)("%s", async (_, args, culprit) => {
    const result = await run(emu, args)
    assertOneLine(result, culprit)
    assert.strictEqual(result.stdout.toString(), "")
  })

  it("a program that may not be read", async ({ skip }) => {
    if (process.getuid?.() === 0) skip("root may read everything")
    using directory = temporaryDirectory()
    const file = path.join(directory.path, "secret.elf")
    fs.copyFileSync(hello, file)
    fs.chmodSync(file, 0)
    assertOneLine(await run(emu, ["run", file]), /secret\.elf.*permission/i)
  })
})

describe("closed and full outputs", () => {
  it("stdout closed by its reader ends the guest with SIGPIPE", async () => {
    const { stderr, stdout } = await shell(
      `'${emu}' run --quiet '${mandelbrot}' 300 | head -n 1 > /dev/null; echo \${PIPESTATUS[0]}`
    )
    assert.strictEqual(stdout.toString(), "141\n")
    assert.strictEqual(stderr.toString(), "")
  })

  it("text of a plugin whose reader is gone is dropped", async () => {
    const script = `'${emu}' run --plugin execlog '${hello}' 2>&1 >/dev/null | head -n 1; echo "status \${PIPESTATUS[0]}"`
    const { stderr, stdout } = await shell(script)
    assert.match(stdout.toString(), /^0, 0x[^\n]*\nstatus (0|141)\n$/)
    assert.strictEqual(stderr.toString(), "")
  })

  it("emu's own lists into a closed pipe", async () => {
    const { stderr } = await shell(`'${emu}' plugins | head -n 0; '${emu}' run --help | head -n 1 > /dev/null`)
    assert.strictEqual(stderr.toString(), "")
  })

  it.skipIf(!fs.existsSync("/dev/full"))("a full disk is the guest's to deal with", async () => {
    const { stderr, stdout } = await shell(`'${emu}' run '${hello}' > /dev/full; echo $?`)
    assert.strictEqual(stdout.toString(), "0\n")
    assert.strictEqual(stderr.toString(), "")
  })

  it.skipIf(!fs.existsSync("/dev/full"))("a full disk under the log is reported in one line", async () => {
    const { status, stderr, stdout } = await run(emu, ["run", "--plugin", "insn", "-D", "/dev/full", hello])
    assert.strictEqual(stdout.toString(), "Hello from RISC-V!\n")
    assert.match(stderr.toString(), /^emu: [^\n]*\/dev\/full: [^\n]+\n$/)
    // what was asked for is not all there; another status of the guest's would pass through
    assert.strictEqual(status, 1)
  })

  it("a closed stdin reads as its end or an error, not as a crash of emu", async () => {
    const { stderr, stdout } = await shell(`'${emu}' run '${root}/examples/wc.elf' <&-; echo $?`)
    assert.match(stdout.toString(), /^0 0 0\n[01]\n$/)
    assert.strictEqual(stderr.toString(), "")
  })
})
