/** The translation cache on disk: whole files or none, whatever else is in its directory; never larger than it may be. */
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import type { CacheKey } from "@emu/tcg/TranslationCache"
import * as Effect from "effect/Effect"
import { clear, entries, makeTranslationCache, userCacheDirectory } from "../src/NodeTranslationCache.ts"

const key = (program: string, variant = "1"): CacheKey => ({ program, variant })
const bytesOf = (length: number, seed = 1) => Uint8Array.from({ length }, (_, i) => Math.imul(i + seed, 37))

/** Runs a test in a directory that does not exist yet. */
const inDirectory = async (use: (directory: string, warnings: Array<string>) => void | Promise<void>) => {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), "emu-cache-"))
  try {
    await use(path.join(root, "deep/emu"), [])
  } finally {
    fs.rmSync(root, { recursive: true, force: true })
  }
}

const make = (directory: string, warnings: Array<string> = [], capacity?: number) =>
  makeTranslationCache({
    directory,
    warn: (line) => warnings.push(line),
    ...(capacity !== undefined && { capacity })
  })

const only = (directory: string) => path.join(directory, fs.readdirSync(directory)[0]!)

describe("the translation cache on disk", () => {
  it("gives what was kept under the same key, and nothing under others", () =>
    inDirectory((directory, warnings) => {
      const cache = make(directory, warnings)
      assert.isUndefined(cache.read(key("/bin/a")))
      for (const length of [0, 1, 7, 8, 4099]) {
        cache.write(key("/bin/a"), bytesOf(length))
        assert.deepStrictEqual(make(directory).read(key("/bin/a")), bytesOf(length))
      }
      assert.strictEqual(cache.read(key("/bin/a"))!.byteOffset % 8, 0)
      for (const other of [key("/bin/b"), key("/bin/a", "2"), key("/usr/bin/a")]) assert.isUndefined(cache.read(other))
      assert.lengthOf(fs.readdirSync(directory), 1)
      assert.deepStrictEqual(warnings, [])
    }))

  it("ignores what is damaged, foreign or of another version, with one warning, until it is written anew", () =>
    inDirectory((directory) => {
      make(directory).write(key("/bin/a"), bytesOf(4096))
      const file = only(directory)
      const right = fs.readFileSync(file)
      const changed = (at: number, value: number) => Buffer.from(right).fill(value, at, at + 1)
      const wrongs: ReadonlyArray<readonly [bytes: Buffer, says: RegExp]> = [
        [Buffer.alloc(0), /cut off/],
        [right.subarray(0, 40), /cut off/],
        [right.subarray(0, -1), /cut off/],
        [Buffer.concat([right, Buffer.alloc(8)]), /cut off/],
        [changed(right.length - 1, 0xaa), /checksum/],
        [changed(2000, 0xaa), /checksum/],
        [changed(0, 1), /no file of the cache/],
        [Buffer.from("#!/bin/sh\n".repeat(100)), /no file of the cache/],
        [changed(8, 77), /another version/],
        [changed(33, 0x7a), /another program/]
      ]
      for (const [bytes, says] of wrongs) {
        fs.writeFileSync(file, bytes)
        const warnings: Array<string> = []
        const cache = make(directory, warnings)
        for (let i = 0; i < 3; i++) assert.isUndefined(cache.read(key("/bin/a")))
        assert.lengthOf(warnings, 1)
        assert.match(warnings[0]!, says)
        assert.include(warnings[0], file)
        cache.write(key("/bin/a"), bytesOf(10))
        assert.deepStrictEqual(cache.read(key("/bin/a")), bytesOf(10))
      }
    }))

  it("does nothing where it cannot write", () =>
    inDirectory((directory, warnings) => {
      fs.mkdirSync(path.dirname(directory), { recursive: true })
      // A file in its place stops also those who may write everything.
      fs.writeFileSync(directory, "not a directory")
      const cache = make(directory, warnings)
      cache.write(key("/bin/a"), bytesOf(10))
      assert.isUndefined(cache.read(key("/bin/a")))
      assert.deepStrictEqual(warnings, [])
      assert.strictEqual(fs.readFileSync(directory, "utf8"), "not a directory")
    }))

  it("stays within its size: what was not used for longest goes first", () =>
    inDirectory((directory) => {
      const cache = make(directory, [], 25_000)
      const age = (name: string, seconds: number) => {
        const file = fs.readdirSync(directory).find((each) => each.startsWith(`${name}-`))!
        const time = new Date(Date.now() - 1000 * seconds)
        fs.utimesSync(path.join(directory, file), time, time)
      }
      for (const name of ["a", "b"]) cache.write(key(`/bin/${name}`), bytesOf(10_000))
      age("a", 5000)
      age("b", 4000)
      // This use is younger than that of b.
      assert.isDefined(cache.read(key("/bin/a")))
      cache.write(key("/bin/c"), bytesOf(10_000))
      const left = ["a", "b", "c"].filter((name) => cache.read(key(`/bin/${name}`)) !== undefined)
      assert.deepStrictEqual(left, ["a", "c"])
      // One that is larger than all may be is kept alone.
      cache.write(key("/bin/d"), bytesOf(30_000))
      assert.lengthOf(fs.readdirSync(directory), 1)
    }))

  it("is whole at any time while several processes write it", () =>
    inDirectory(async (directory) => {
      const script = `
        import { makeTranslationCache } from ${JSON.stringify(new URL("../src/NodeTranslationCache.ts", import.meta.url).href)}
        const warn = (line) => { console.error(line); process.exit(3) }
        const cache = makeTranslationCache({ directory: ${JSON.stringify(directory)}, warn })
        const seed = Number(process.argv[1])
        for (let i = 0; i < 60; i++) {
          const length = 1000 + 37 * ((i + seed) % 50)
          cache.write({ program: "/bin/a", variant: "1" }, new Uint8Array(length).fill(seed))
          const found = cache.read({ program: "/bin/a", variant: "1" })
          if (found === undefined || found.some((byte) => byte !== found[0])) process.exit(4)
        }`
      const ends = [1, 2, 3].map(
        (seed) =>
          new Promise<number | null>((resolve) => {
            const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", script, String(seed)], {
              stdio: ["ignore", "inherit", "inherit"]
            })
            child.on("close", resolve)
          })
      )
      assert.deepStrictEqual(await Promise.all(ends), [0, 0, 0])
      assert.lengthOf(fs.readdirSync(directory), 1)
    }))

  it.effect("is shown and cleared, but for what is not its own", () =>
    Effect.promise(() =>
      inDirectory(async (directory) => {
        assert.deepStrictEqual(await Effect.runPromise(entries(directory)), [])
        assert.strictEqual(await Effect.runPromise(clear(directory)), 0)
        make(directory).write(key("/bin/a b"), bytesOf(100))
        make(directory).write(key("/bin/c"), bytesOf(100))
        fs.writeFileSync(path.join(directory, "broken-0.code"), "x")
        fs.writeFileSync(path.join(directory, "c-0.code.123.part"), "x")
        fs.writeFileSync(path.join(directory, "README"), "mine")
        const found = await Effect.runPromise(entries(directory))
        assert.sameMembers(
          found.map(({ program }) => program),
          ["/bin/a b", "/bin/c", undefined]
        )
        assert.isTrue(found.every(({ bytes, lastUse }) => bytes > 0 && Date.now() - lastUse.getTime() < 60_000))
        assert.strictEqual(await Effect.runPromise(clear(directory)), 3)
        assert.deepStrictEqual(fs.readdirSync(directory), ["README"])
      })
    )
  )

  it.each([
    { env: { XDG_CACHE_HOME: "/x", HOME: "/h" }, is: "/x/emu" },
    { env: { XDG_CACHE_HOME: "relative", HOME: "/h" }, is: "/h/.cache/emu" },
    { env: { XDG_CACHE_HOME: "", HOME: "/h" }, is: "/h/.cache/emu" },
    { env: {}, is: undefined },
    { env: { HOME: "" }, is: undefined }
  ])("of a user is $is for $env", ({ env, is }) => assert.strictEqual(userCacheDirectory(env), is))
})
