/** The emulator as those see it who use it from code: programs, streams, plugins, ends. */
import { readFileSync } from "node:fs"
import * as Plugin from "@emu/core/Plugin"
import * as PluginOptions from "@emu/core/PluginOptions"
import * as PluginResult from "@emu/core/PluginResult"
import { Emulator } from "@emu/emulator/Emulator"
import * as MemoryHost from "@emu/emulator/MemoryHost"
import type { Guest, GuestExit } from "@emu/emulator/Guest"
import { assert, describe, it } from "@effect/vitest"
import { TranslationCache } from "@emu/tcg/TranslationCache"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

const example = (name: string) => readFileSync(new URL(`../../../examples/${name}.elf`, import.meta.url))
const hello = example("hello")
const wc = example("wc")

/** Words that encode `loop: j loop` in an ELF file that is otherwise hello's. */
const endless = (() => {
  const bytes = Uint8Array.from(hello)
  const view = new DataView(bytes.buffer)
  const entry = view.getBigUint64(24, true)
  for (let at = Number(view.getBigUint64(32, true)), i = 0; i < view.getUint16(56, true); i++, at += 56) {
    const [offset, address, , size] = [8, 16, 24, 32].map((field) => view.getBigUint64(at + field, true)) as [
      bigint,
      bigint,
      bigint,
      bigint
    ]
    if (view.getUint32(at, true) === 1 && entry >= address && entry < address + size) {
      view.setUint32(Number(offset + entry - address), 0x6f, true)
    }
  }
  return bytes
})()

/** Counts instructions inline; ends with how many. */
const insns = Plugin.make({
  name: "insns",
  help: "counts",
  options: PluginOptions.struct({ factor: PluginOptions.integer({ default: 1, description: "times" }) }),
  result: PluginResult.struct({ insns: PluginResult.count("executed") }),
  render: (result) => `${result.insns} instructions\n`,
  install: Effect.fnUntraced(function* (api, { factor }) {
    let count = 0
    yield* api.onTbTrans((tb) => {
      const { length } = tb.insns
      tb.onExec(() => void (count += length))
    })
    yield* api.onAtExit(() => api.report({ insns: count * factor }))
  })
})

const onMemory = <A, E>(use: (emulator: Emulator["Service"]) => Effect.Effect<A, E, Scope.Scope>) =>
  Effect.flatMap(Emulator, use).pipe(
    Effect.scoped,
    Effect.provide(Emulator.memory({ files: { "/bin/hello": hello, "/bin/wc": wc } }))
  )

/** Waits until a guest executes code. */
const running = (guest: Guest): Effect.Effect<void> =>
  Effect.suspend(() =>
    guest.stats().insns > 0
      ? Effect.void
      : Effect.andThen(
          Effect.promise(() => new Promise((resolve) => setImmediate(resolve))),
          running(guest)
        )
  )

describe("run", () => {
  it.effect("gives status, output and what the engine counted, of a path or of bytes", () =>
    onMemory((emulator) =>
      Effect.gen(function* () {
        for (const program of ["/bin/hello", hello]) {
          const { exit, status, stderr, stdout, stats, warnings } = yield* emulator.run(program)
          assert.deepStrictEqual<GuestExit>(exit, { _tag: "Exited", status: 0 })
          assert.deepStrictEqual([status, stdout.text, stderr.text, warnings], [0, "Hello from RISC-V!\n", "", []])
          assert.isAbove(stats.insns, 5)
        }
      })
    )
  )

  it.effect("says of a fatal signal where it found the program", () =>
    onMemory((emulator) =>
      Effect.gen(function* () {
        const { exit, status, warnings } = yield* emulator.run(example("crash"))
        assert.strictEqual(status, 139)
        if (exit._tag !== "Killed") throw new Error("it was not killed")
        assert.deepStrictEqual([exit.signal, exit.name, exit.symbol, exit.address], [11, "SIGSEGV", "value_of", 8n])
        assert.match(warnings.join(), /ended by SIGSEGV .* \(value_of\), address 0x8$/m)
        assert.strictEqual(exit.backtrace[0]?.place, "value_of (program)")
        assert.strictEqual(exit.registers.find(({ name }) => name === "a0")?.value, 0n)
      })
    )
  )

  it.effect.each([
    ["bytes", new TextEncoder().encode("one two\nthree\n")],
    ["a Stream", Stream.make("one two\n", new TextEncoder().encode("three\n"))],
    ["nothing", undefined]
  ] as const)("reads %s", ([what, stdin]) =>
    onMemory((emulator) =>
      Effect.gen(function* () {
        const { stdout } = yield* emulator.run("/bin/wc", { stdin })
        assert.match(stdout.text, what === "nothing" ? /0 +0 +0/ : /2 +3 +14/)
      })
    )
  )

  it.effect("gives each write to a function at once", () =>
    onMemory((emulator) =>
      Effect.gen(function* () {
        const writes: Array<string> = []
        const stdout = (bytes: Uint8Array) => void writes.push(new TextDecoder().decode(bytes))
        const result = yield* emulator.run("/bin/hello", { stdout })
        assert.deepStrictEqual([writes.join(""), result.stdout.text], ["Hello from RISC-V!\n", ""])
      })
    )
  )

  it.effect("fails with what is wrong", () =>
    onMemory((emulator) =>
      Effect.gen(function* () {
        const failures = [
          emulator.run("/none"),
          emulator.run("/bin/hello", { plugins: { it: "hotblokcs" as "hotblocks" } }),
          emulator.run("/bin/hello", { plugins: { it: { plugin: insns, options: { factr: 2 } } } })
        ]
        const messages = yield* Effect.forEach(failures, (failure) =>
          Effect.map(Effect.flip(failure), ({ message }) => message)
        )
        assert.match(messages[0]!, /^cannot run \/none: there is no such file$/)
        assert.match(messages[1]!, /^there is no plugin hotblokcs; there are bb, /)
        assert.match(messages[2]!, /^plugin insns: option "factr": unknown; there are factor$/)
      })
    )
  )
})

describe("plugins", () => {
  it.effect("have results of their Schema's type, by the names that the run gives them", () =>
    onMemory((emulator) =>
      Effect.gen(function* () {
        const { pluginText, plugins, stats } = yield* emulator.run("/bin/hello", {
          plugins: {
            plain: insns,
            thrice: { plugin: insns, options: { factor: 3 } },
            hot: { plugin: "hotblocks", options: { limit: 1 } },
            silent: "empty"
          }
        })
        const plain: number | bigint | undefined = plugins.plain?.insns
        assert.strictEqual(plain, stats.insns)
        assert.strictEqual(plugins.thrice?.insns, 3 * stats.insns)
        assert.deepStrictEqual(
          plugins.hot?.blocks.map(({ pc }) => typeof pc),
          ["bigint"]
        )
        assert.isUndefined(plugins.silent)
        assert.include(pluginText, `${stats.insns} instructions\n`)
      })
    )
  )

  it.effect("that fail end the run, or are taken out", () =>
    onMemory((emulator) =>
      Effect.gen(function* () {
        const broken = Plugin.make({
          name: "broken",
          help: "fails",
          options: PluginOptions.none,
          install: (api) =>
            api.onTbTrans(() => {
              throw new Error("oops")
            })
        })
        const error = yield* Effect.flip(emulator.run("/bin/hello", { plugins: { broken } }))
        assert.match(error.message, /^plugin broken failed in its vcpuTbTrans callback at pc 0x\w+.*: oops$/)
        const { status, warnings } = yield* emulator.run("/bin/hello", { plugins: { broken }, onPluginError: "detach" })
        assert.deepStrictEqual([status, warnings], [0, [error.message]])
      })
    )
  )

  it.effect("come and go while the program runs", () =>
    onMemory((emulator) =>
      Effect.gen(function* () {
        const texts: Array<string> = []
        const pluginOutput = { write: () => {}, report: ({ text }: { text: () => string }) => void texts.push(text()) }
        const guest = yield* emulator.create(endless, { pluginOutput })
        yield* Effect.forkScoped(guest.begin)
        yield* running(guest)
        const id = yield* guest.plugins.add(insns)
        assert.deepStrictEqual(
          guest.plugins.list().map(({ events, name }) => [name, events]),
          [["insns", ["vcpuTbTrans", "atExit"]]]
        )
        yield* guest.plugins.uninstall(id)
        assert.deepStrictEqual([guest.plugins.list().length, texts.length], [0, 1])
        yield* guest.signal(9)
        assert.strictEqual((yield* guest.exit).status, 137)
      })
    )
  )
})

describe("a guest that runs", () => {
  it.effect("is written to and read from as it goes", () =>
    onMemory((emulator) =>
      Effect.gen(function* () {
        const guest = yield* emulator.start("/bin/wc", { stdin: Stream.make("a b\n") })
        const text = yield* Stream.mkString(Stream.decodeText(guest.stdout))
        assert.match(text, /1 +2 +4/)
        const { status, stdout } = yield* guest.result
        assert.deepStrictEqual([status, stdout.text], [0, ""])
      })
    )
  )

  it.live("ends with the one who waits for it, and with its scope", () =>
    onMemory((emulator) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(emulator.run(endless))
        yield* Effect.sleep(20)
        yield* Fiber.interrupt(fiber)
        const before = yield* Effect.scoped(
          Effect.gen(function* () {
            const guest = yield* emulator.start(endless)
            yield* running(guest)
            return { insns: guest.stats().insns, stats: guest.stats }
          })
        )
        const after = before.stats().insns
        assert.isAbove(before.insns, 0)
        yield* Effect.sleep(20)
        assert.strictEqual(before.stats().insns, after)
      })
    )
  )

  it.live("shares the thread with others", () =>
    onMemory((emulator) =>
      Effect.gen(function* () {
        const first = yield* emulator.start(endless)
        const second = yield* emulator.run("/bin/hello", { plugins: { insns } })
        assert.strictEqual(second.stdout.text, "Hello from RISC-V!\n")
        assert.strictEqual(second.plugins.insns?.insns, second.stats.insns)
        yield* first.signal(15)
        assert.strictEqual((yield* first.exit).status, 143)
      })
    )
  )
})

describe("a translation cache of the host", () => {
  it.effect("serves all runs but those that do without", () => {
    const kept = new Map<string, Uint8Array<ArrayBuffer>>()
    const cache = Layer.succeed(TranslationCache)({
      read: ({ program }) => kept.get(program),
      write: ({ program }, bytes) => void kept.set(program, bytes),
      reject: () => assert.fail("rejected what it had written itself")
    })
    const host = Layer.mergeAll(MemoryHost.layer({ files: { "/bin/sort": example("sort") } }), cache)
    return Effect.gen(function* () {
      const emulator = yield* Emulator
      const counts: Array<number> = []
      for (const cached of [false, true, true, false]) {
        counts.push((yield* emulator.run("/bin/sort", { cache: cached })).stats.keptBlocks)
        assert.strictEqual(kept.has("/bin/sort"), counts.length > 1)
      }
      assert.deepStrictEqual(
        counts.map((count) => count > 30),
        [false, false, true, false]
      )
    }).pipe(Effect.provide(Layer.provide(Emulator.layer, host)))
  })
})
