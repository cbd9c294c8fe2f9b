/** emu run end to end: what passes through to the guest and back, and where emu's own text goes. */
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { emu, root, run, temporaryDirectory } from "../support/cli.ts"

const example = (name: string) => path.join(root, `examples/${name}.elf`)
const layout = path.join(root, "tests/golden/programs/layout.elf")
const greeting = "Hello from RISC-V!\n"

/** The value behind a name in what layout.elf prints. */
const printed = (stdout: Buffer, name: string) =>
  new RegExp(`^(?:\\d+ )?${name} +(0x[0-9a-f]+)$`, "m").exec(stdout.toString())?.[1]

describe("the guest's side", () => {
  it("gets stdin, and its status is emu's", async () => {
    const { status, stdout } = await run(emu, ["run", example("wc")], { stdin: "one two\nthree\n" })
    assert.strictEqual(stdout.toString(), "2 3 14\n")
    assert.strictEqual(status, 0)
    assert.strictEqual((await run(emu, ["run", path.join(root, "tests/golden/programs/tiny.elf")])).status, 3)
  })

  it("gets the arguments behind the program, options or not", async () => {
    const { stdout } = await run(emu, ["run", layout, "--plugin", "x", "--", "-d"])
    assert.strictEqual(printed(stdout, "argc"), "0x0000000000000005")
  })

  it("has the stack and the program name it is told to have", async () => {
    const plain = await run(emu, ["run", layout])
    const named = await run(emu, ["run", "--execfn", "/x", "-0", "n", "-s", "1M", layout])
    assert.include(named.stdout.toString(), "55557000-55657000 rw-p [stack]")
    const saved =
      BigInt(printed(named.stdout, "AT_EXECFN")!) - 0x55656ff8n - (BigInt(printed(plain.stdout, "AT_EXECFN")!) - 0x55d56ff8n)
    assert.strictEqual(saved, BigInt(layout.length - "/x".length))
  })

  it("gets the same random bytes under the same seed", async () => {
    const text = async (seed: string) => (await run(emu, ["run", "--seed", seed, layout])).stdout.toString()
    assert.strictEqual(await text("7"), await text("0x7"))
  })
})

describe("emu's own text", () => {
  it("is on stderr, and in the file of -D instead", async () => {
    const onStderr = await run(emu, ["run", "--plugin", "insn", "--plugin", "insn", example("hello")])
    assert.strictEqual(onStderr.stdout.toString(), greeting)
    assert.match(onStderr.stderr.toString(), /^(cpu 0 insns: (\d+)\ntotal insns: \2\n){2}$/)

    using directory = temporaryDirectory()
    const file = path.join(directory.path, "log")
    const inFile = await run(emu, ["run", "--plugin", "insn", "--plugin", "insn", "-D", file, example("hello")])
    assert.strictEqual(inFile.stderr.toString(), "")
    assert.strictEqual(fs.readFileSync(file, "utf8"), onStderr.stderr.toString())
  })

  it.each([
    { items: "in_asm", shows: /^0x[0-9a-f]{8}: +[0-9a-f]+ +auipc /m },
    { items: "op_opt", shows: /^goto_tb /m },
    { items: "exec", shows: /^Trace 0: 0x[0-9a-f]{16}$/m },
    { items: "strace", shows: /^\d+ write\(1,.*\) = 19$/m }
  ])("logs $items", async ({ items, shows }) => {
    const { stderr, stdout } = await run(emu, ["run", "-d", items, example("hello")])
    assert.strictEqual(stdout.toString(), greeting)
    assert.match(stderr.toString(), shows)
  })

  it.each(["interpreter", "jit"])("prints under --stats what the %s did, and plugins agree", async (engine) => {
    const { stderr, stdout } = await run(emu, [
      "run",
      "--stats",
      "--engine",
      engine,
      "--plugin",
      "insn,inline=on",
      "--plugin",
      "syscall",
      example("sort")
    ])
    assert.match(stdout.toString(), /^ascending: .*\n/)
    const text = stderr.toString()
    const number = (name: string) => Number(new RegExp(`^ *${name}:? +(\\d+)`, "m").exec(text)?.[1])
    assert.isAbove(number("total insns"), 1_000_000)
    assert.strictEqual(number("instructions"), number("total insns"))
    assert.strictEqual(number("interpreted") + number("compiled"), number("total insns"))
    assert.strictEqual(number("compiled") > 0, engine === "jit")
    assert.strictEqual(text.includes("compilation to WebAssembly\n"), engine === "jit")
    assert.isAbove(number("interpreter's code"), 0)
    assert.match(text, /^ {2}speed +\d+\.\d MIPS$/m)
    assert.match(text, /^exits to the driver\n( {2}\w+ +\d+\n)+$/m)
  })

  it("logs compiled regions under -d jit", async () => {
    const { stderr } = await run(emu, ["run", "-d", "jit", "--engine", "jit", example("sort")])
    assert.match(
      stderr.toString(),
      /^(region 0x[0-9a-f]+: entries( 0x[0-9a-f]+)+, \d+ blocks, \d+ insns, \d+ bytes, [\d.]+ ms, module \d+ \([\d.]+ ms\).*\n)+$/
    )
  })

  it("counts every instruction as a block under --one-insn-per-tb", async () => {
    const { stderr } = await run(emu, ["run", "--one-insn-per-tb", "--plugin", "bb", example("hello")])
    assert.match(stderr.toString(), /^Total: bb's: (\d+), insns: \1$/m)
  })

  it("says which signal ended the guest, unless --quiet", async () => {
    const crash = path.join(root, "tests/golden/programs/crash-null.elf")
    const loud = await run(emu, ["run", crash])
    assert.strictEqual(loud.status, 139)
    assert.match(loud.stderr.toString(), /^emu: .*SIGSEGV .*at pc 0x100c4 \(culprit\), address 0x0\n( {2}.*\n)+$/)
    assert.strictEqual((await run(emu, ["run", "--quiet", crash])).stderr.toString(), "")
  })

  it("lists plugins, options and log items", async () => {
    const text = async (...args: Array<string>) => (await run(emu, args)).stdout.toString()
    assert.match(await text("plugins"), /^ +hotblocks +print the blocks/m)
    assert.match(await text("plugins", "hotblocks"), /^ +limit=N\n +.*\(default 20\)$/m)
    assert.strictEqual(await text("run", "--plugin", "hotblocks,help"), await text("plugins", "hotblocks"))
    assert.match(await text("run", "-d", "help"), /^in_asm /m)
    assert.match(await text("run", "--help"), /^ +-L, --sysroot DIR$/m)
    const { version } = JSON.parse(fs.readFileSync(path.join(root, "packages/cli/package.json"), "utf8")) as {
      version: string
    }
    assert.strictEqual(await text("--version"), `emu ${version}\n`)
  })
})

describe("signals from outside", () => {
  it.each([
    { signal: "SIGINT", status: 130 },
    { signal: "SIGTERM", status: 143 }
  ] as const)("$signal ends the guest, and plugins still report", async ({ signal, status }) => {
    const child = spawn(emu, ["run", "--quiet", "--plugin", "insn", example("mandelbrot"), "9000"], {
      stdio: ["ignore", "pipe", "pipe"]
    })
    let stderr = ""
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()))
    // Its first output says that the guest runs.
    child.stdout.once("data", () => child.kill(signal))
    child.stdout.resume()
    const code = await new Promise((resolve) => child.on("close", resolve))
    assert.strictEqual(code, status)
    assert.match(stderr, /^cpu 0 insns: \d+\ntotal insns: \d+\n$/)
  })
})
