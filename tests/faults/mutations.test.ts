/** A thousand damaged ELF files: each is refused with one clear line or loaded, and nothing ever throws. */
import * as fs from "node:fs"
import * as path from "node:path"
import { buildIdOf } from "@emu/guest/elf/buildId"
import { CallFrames } from "@emu/guest/elf/callFrames"
import { parseElf } from "@emu/guest/elf/parse"
import { readSymbols } from "@emu/guest/elf/symbols"
import { loadProgram } from "@emu/guest/linux/loader/loadProgram"
import { AddressSpace } from "@emu/guest/linux/memory/AddressSpace"
import { makeMemoryFs } from "@emu/guest/MemoryFs"
import { riscv64Abi } from "@emu/guest/riscv64/linux/abi"
import { CpuState } from "@emu/tcg/CpuState"
import * as Layout from "@emu/tcg/Layout"
import { afterEach, assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { emu, root, run, temporaryDirectory } from "../support/cli.ts"
import { mutate } from "./mutate.ts"

const read = (file: string) => new Uint8Array(fs.readFileSync(path.join(root, file)))
const originals = [read("examples/hello.elf"), read("examples/threads.elf"), read("tests/golden/programs/crash-null.elf")]

const state = new CpuState(new WebAssembly.Memory({ initial: Layout.wasmPages, maximum: Layout.wasmPages, shared: true }))
const space = new AddressSpace(state, { flushPages: () => {}, protect: () => {} })

/** Loads a file; `left` is how many descriptors were left open. */
const load = (bytes: Uint8Array) => {
  const host = makeMemoryFs({ files: { "/damaged.elf": bytes } })
  let left = 0
  const counting: typeof host = {
    ...host,
    open: (...args) => {
      left++
      return host.open(...args)
    },
    close: (fd) => {
      left--
      return host.close(fd)
    }
  }
  const result = loadProgram(counting, riscv64Abi, space, {
    hostPath: "/damaged.elf",
    shownPath: "damaged.elf",
    argv: ["damaged.elf"],
    env: [],
    execFn: "/damaged.elf",
    path: "/damaged.elf",
    stackSize: 8 << 20,
    random: new Uint8Array(16),
    identity: { uid: 0, euid: 0, gid: 0, egid: 0 },
    hostPathOf: (guestPath) => guestPath
  })
  return { result, left }
}

describe("damaged files in the loader", () => {
  afterEach(() => space.clear())

  it("the originals load", () => {
    for (const bytes of originals) {
      assert.isTrue(Result.isSuccess(load(bytes).result))
      space.clear()
    }
  })

  it("a thousand mutations are refused in one line or loaded", () => {
    let refused = 0
    for (let seed = 1; seed <= 1000; seed++) {
      const { bytes, what } = mutate(originals[seed % originals.length]!, seed)
      const { left, result } = load(bytes)
      if (Result.isFailure(result)) {
        refused++
        assert.match(result.failure.message, /^cannot run damaged\.elf: [^\n]{5,200}$/, what)
        assert.strictEqual(left, 0, `${what}: the file was left open`)
      }
      // Symbols are read from whatever loads, and from files whose debuggers want a name for an address.
      const symbols = readSymbols(bytes)
      const elf = Result.getOrUndefined(parseElf(bytes, "damaged.elf"))
      const frames = elf && new CallFrames(elf)
      for (const address of [0, 0x10000, 0x11000, 0x113a0, 2 ** 53]) {
        symbols.find(address)
        frames?.at(address)
      }
      buildIdOf(bytes)
      space.clear()
    }
    // The generator is no good if it damages nothing, or everything.
    assert.isAbove(refused, 300)
    assert.isBelow(refused, 950)
  })

  it.each([0, 1, 4, 15, 16, 63, 64, 100, 119, 120, 400, 4096])(
    "cut to %i bytes is refused as truncated, empty or no ELF file",
    (length) => {
      const { result } = load(originals[0]!.slice(0, length))
      assert.isTrue(Result.isFailure(result))
      if (Result.isFailure(result)) assert.match(result.failure.message, /truncated|empty|not an ELF/)
    }
  )
})

describe("damaged files on the command line", () => {
  it("end with a line or as the program they still are, never with a stack trace", async () => {
    using directory = temporaryDirectory()
    const file = path.join(directory.path, "damaged.elf")
    for (let seed = 5000; seed < 5030; seed++) {
      const { bytes, what } = mutate(originals[0]!, seed, true)
      fs.writeFileSync(file, bytes)
      const { status, stderr } = await run(emu, ["run", file], { timeout: 30 })
      const errors = stderr.toString()
      assert.notMatch(errors, /^\s+at |node:internal|Error:/m, what)
      assert.isAtMost(errors.trimEnd().split("\n").length, 2, `${what}: ${errors}`)
      if (status !== 0) assert.isNotEmpty(errors, `${what}: status ${status} without a word`)
    }
  })
})
