import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import type { LogItem } from "../../src/options/logItems.ts"
import { needsWholeEffect } from "../../src/options/needsWholeEffect.ts"
import { type HelpRequest, parseRunOptions, type RunOptions } from "../../src/options/RunOptions.ts"
import { UsageError } from "../../src/UsageError.ts"

const host = { HOME: "/root", LANG: "C" }

const options = (...words: Array<string>): RunOptions => {
  const parsed = parseRunOptions(words, host)
  if ("help" in parsed) throw new Error("asked for help")
  return parsed
}

const failure = (...words: Array<string>): string => {
  try {
    parseRunOptions(words, host)
  } catch (error) {
    assert.instanceOf(error, UsageError)
    return error.message
  }
  throw new Error("did not fail")
}

describe("the command line of emu run", () => {
  it("has defaults", () => {
    assert.deepStrictEqual(options("prog"), {
      program: "prog",
      args: [],
      plugins: [],
      onPluginError: "abort",
      control: undefined,
      pluginFormat: undefined,
      sysroot: undefined,
      symbolFiles: [],
      report: undefined,
      env: ["HOME=/root", "LANG=C"],
      argv0: undefined,
      execfn: undefined,
      stackSize: undefined,
      seed: undefined,
      net: "host",
      publish: [],
      log: new Set<LogItem>(),
      logFile: undefined,
      stats: false,
      oneInsnPerTb: false,
      engine: "jit",
      cache: "/root/.cache/emu",
      quiet: false,
      debug: false
    })
  })

  it.each([
    { words: ["prog", "-n", "5", "--plugin", "x", "--help", "--"], args: ["-n", "5", "--plugin", "x", "--help", "--"] },
    { words: ["--", "prog", "a"], args: ["a"] },
    { words: ["--quiet", "--", "prog", "--", "b"], args: ["--", "b"] },
    { words: ["-L", "-x", "prog"], args: [] },
    { words: ["-0", "-bash", "prog", "c"], args: ["c"] }
  ])("gives what is behind the program to the guest: $words", ({ words, args }) => {
    const parsed = options(...words)
    assert.strictEqual(parsed.program, "prog")
    assert.deepStrictEqual(parsed.args, args)
  })

  it.prop("never looks at the guest's arguments", [Schema.Array(Schema.String)], ([args]) => {
    assert.deepStrictEqual(options("--seed", "1", "prog", ...args).args, args)
  })

  it.each([["-L", "dir"], ["--sysroot", "dir"], ["--sysroot=dir"], ["-sysroot", "dir"], ["-L=dir"]])(
    "takes %s %s",
    (...words) => {
      assert.strictEqual(options(...words.filter((word) => word !== undefined), "prog").sysroot, "dir")
    }
  )

  it("lets the last of several values count", () => {
    assert.strictEqual(options("--seed", "1", "--seed", "0x10", "prog").seed, 16n)
  })

  it.each([
    { text: "65536", size: 65_536 },
    { text: "0x10000", size: 65_536 },
    { text: "64K", size: 65_536 },
    { text: "64k", size: 65_536 },
    { text: "8M", size: 8_388_608 },
    { text: "1G", size: 1_073_741_824 }
  ])("reads the stack size $text", ({ text, size }) => {
    assert.strictEqual(options("-s", text, "prog").stackSize, size)
  })

  it("sets and removes variables in the order given", () => {
    const { env } = options("-E", "A=1,B=x=y", "-U", "HOME,A", "-E", "A=2", "--env", "LANG=de", "prog")
    assert.deepStrictEqual(env, ["LANG=de", "B=x=y", "A=2"])
  })

  it("reads plugins with their arguments", () => {
    const { plugins } = options(
      "--plugin",
      "insn,match=a,,b,match=c,inline,notrace",
      "--plugin",
      "./p.ts",
      "--plugin",
      "file=x.js,k=",
      "prog"
    )
    assert.deepStrictEqual(plugins, [
      {
        plugin: "insn",
        args: [
          ["match", "a,b"],
          ["match", "c"],
          ["inline", "on"],
          ["trace", "off"]
        ]
      },
      { plugin: "./p.ts", args: [] },
      { plugin: "x.js", args: [["k", ""]] }
    ])
  })

  it("collects log items", () => {
    assert.deepStrictEqual(
      options("-d", "in_asm,op", "--strace", "-d", "exec", "prog").log,
      new Set(["strace", "in_asm", "op", "exec"])
    )
  })

  it.each<{ words: Array<string>; help: HelpRequest["help"] }>([
    { words: ["--help"], help: "run" },
    { words: ["-h", "prog"], help: "run" },
    { words: ["-d", "help"], help: "log" },
    { words: ["--plugin", "insn,help"], help: { plugin: "insn" } }
  ])("asks for help: $words", ({ words, help }) => {
    assert.deepStrictEqual(parseRunOptions(words, host), { help })
  })

  it.each([
    { words: [], says: /needs a program: emu run \[options\] PROGRAM/ },
    { words: ["--quiet"], says: /needs a program/ },
    { words: ["--plugni", "insn", "prog"], says: /^unknown option --plugni, did you mean --plugin\?$/ },
    { words: ["-z", "prog"], says: /^unknown option -z; emu run --help lists the options$/ },
    { words: ["--L", "dir", "prog"], says: /^unknown option --L/ },
    { words: ["--seed"], says: /^option --seed needs a value: --seed NUMBER$/ },
    { words: ["--quiet=yes", "prog"], says: /^option --quiet takes no value: remove =yes$/ },
    { words: ["--seed", "x", "prog"], says: /^option --seed: "x" is no number from 0 to 2\^64-1$/ },
    { words: ["--seed", "0x10000000000000000", "prog"], says: /is no number/ },
    { words: ["-s", "8Q", "prog"], says: /^option -s: "8Q" is no size/ },
    { words: ["-s", "0", "prog"], says: /is no size/ },
    { words: ["-E", "FOO", "prog"], says: /^option -E: "FOO" sets no variable; write VAR=VALUE$/ },
    { words: ["-d", "in_sam", "prog"], says: /^option -d: there is no item "in_sam", did you mean in_asm\?$/ },
    { words: ["--engine", "qemu", "prog"], says: /^option --engine: there is no "qemu"; use interpreter/ },
    { words: ["--plugin", "", "prog"], says: /needs the name or the file of a plugin/ },
    { words: ["--plugin", "insn,=x", "prog"], says: /^plugin insn: the argument "=x" has no key/ }
  ])("refuses $words in one line", ({ words, says }) => {
    const message = failure(...words)
    assert.match(message, says)
    assert.notInclude(message, "\n")
  })
})

describe("whether all of Effect is needed", () => {
  it.each([
    { words: ["run", "--plugin", "insn", "./prog.ts"], whole: false },
    { words: ["run", "--plugin", "./p", "prog"], whole: true },
    { words: ["run", "--seed", "1", "--plugin=p.mjs,a=1", "prog"], whole: true },
    { words: ["run", "prog", "--plugin", "./p.ts"], whole: false },
    { words: ["run", "--nonsense", "--plugin", "./p.ts"], whole: false },
    { words: ["run", "--control", "s", "prog"], whole: true },
    { words: ["control", "s", "attach", "./p.ts"], whole: false },
    { words: ["control", "--schema"], whole: true },
    { words: ["plugins", "./p.ts"], whole: true },
    { words: ["plugins", "insn"], whole: false },
    { words: ["plugins", "--schema", "insn"], whole: true },
    { words: [], whole: false }
  ])("$words", ({ words, whole }) => {
    assert.strictEqual(needsWholeEffect(words), whole)
  })
})
