/** The cache models against a plain one, and what the cache plugin prints where the golden files of tests/golden don't show it. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import cache from "@emu/plugins/cache"
import { type CacheGeometry, cacheGeometry, makeCache } from "../src/kit/caches/CacheModel.ts"
import { FakeGuest, type FakeInsn } from "./support/FakeGuest.ts"

const Geometry = Schema.Struct({ sets: Schema.Literals([1, 2, 8]), associativity: Schema.Literals([1, 2, 3, 8]) })
/** Lines of which some are far apart, and some highest. */
const Lines = Schema.Array(Schema.Literals([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 17, 24, 32, 64, 0x3800000, -2]))
const withLines = (geometry: typeof Geometry.Type): CacheGeometry => ({ ...geometry, lineSize: 64 })

/** A cache as one would write it without a thought of time: each line with the moment of its first and last use. */
class PlainCache {
  readonly #lines: Array<{ readonly line: number; readonly taken: number; used: number }> = []
  readonly #geometry: CacheGeometry
  readonly #age: "taken" | "used"
  #now = 0

  constructor(geometry: CacheGeometry, age: "taken" | "used") {
    this.#geometry = geometry
    this.#age = age
  }

  access(line: number): boolean {
    const used = this.#now++
    const known = this.#lines.find((held) => held.line === line)
    if (known !== undefined) {
      known.used = used
      return true
    }
    const { associativity, sets } = this.#geometry
    const setOf = (of: number) => ((of % sets) + sets) % sets
    const set = this.#lines.filter((held) => setOf(held.line) === setOf(line))
    if (set.length === associativity) {
      const victim = set.reduce((a, b) => (a[this.#age] < b[this.#age] ? a : b))
      this.#lines.splice(this.#lines.indexOf(victim), 1)
    }
    this.#lines.push({ line, taken: used, used })
    return false
  }
}

const ages = { lru: "used", fifo: "taken" } as const

describe("cache models", () => {
  it.each(["lru", "fifo"] as const)("%s evicts what it says, in full sets", (eviction) => {
    for (const sets of [1, 2, 8]) {
      for (const associativity of [1, 2, 3, 8]) {
        const geometry = { sets, associativity, lineSize: 64 }
        const [model, plain] = [makeCache(geometry, eviction), new PlainCache(geometry, ages[eviction])]
        let random = 1
        for (let i = 0; i < 3000; i++) {
          random = (Math.imul(random, 1103515245) + 12345) >>> 0
          const line = (random >>> 8) % (2 * sets * associativity)
          assert.strictEqual(model.access(line), plain.access(line), `access ${i} of ${sets} sets of ${associativity}`)
        }
      }
    }
  })

  it.prop(
    "agree with the plain model",
    [Geometry, Lines, Schema.Literals(["lru", "fifo"])],
    ([geometry, lines, eviction]) => {
      const model = makeCache(withLines(geometry), eviction)
      const plain = new PlainCache(withLines(geometry), ages[eviction])
      for (const line of lines) assert.strictEqual(model.access(line), plain.access(line))
    }
  )

  it.prop(
    "rand keeps the line it took in last, evicts nothing before a set is full, and repeats itself",
    [Geometry, Lines],
    ([geometry, lines]) => {
      const { associativity, sets } = geometry
      const [model, again] = [makeCache(withLines(geometry), "rand"), makeCache(withLines(geometry), "rand")]
      const seen = new Set<number>()
      for (const line of lines) {
        const hit = model.access(line)
        assert.strictEqual(again.access(line), hit)
        assert.isTrue(model.access(line))
        assert.isTrue(again.access(line))
        const neighbours = [...seen].filter((other) => (other & (sets - 1)) === (line & (sets - 1)))
        if (!seen.has(line)) assert.isFalse(hit)
        else if (neighbours.length <= associativity) assert.isTrue(hit)
        seen.add(line)
      }
    }
  )

  it.each([
    { sizes: [16384, 64, 8], expected: { lineSize: 64, associativity: 8, sets: 32 } },
    { sizes: [192, 64, 3], expected: { lineSize: 64, associativity: 3, sets: 1 } },
    { sizes: [16384, 48, 8], expected: "lines of 48 bytes: must be a power of two" },
    { sizes: [16384, 0, 8], expected: "lines of 0 bytes: must be a power of two" },
    { sizes: [16384, 64, 0], expected: "sets without lines: there must be one at least" },
    { sizes: [16384, 64, 3], expected: "16384 bytes are 85.333 sets of 3 lines of 64 bytes: must be a power of two" },
    { sizes: [256, 64, 8], expected: "256 bytes are 0.5 sets of 8 lines of 64 bytes: must be a power of two" },
    { sizes: [0, 64, 8], expected: "0 bytes are 0 sets of 8 lines of 64 bytes: must be a power of two" },
    { sizes: [2 ** 33, 64, 8], expected: "8589934592 bytes are more than can be simulated (0x80000000)" }
  ] as const)("are made of $sizes", ({ expected, sizes: [size, line, ways] }) => {
    assert.deepStrictEqual(cacheGeometry(size, line, ways), expected)
  })
})

const access = (address: number, store = false): FakeInsn => ({
  disas: "access",
  accesses: [{ address, store, bytes: 8, value: 0n }]
})
const nop: FakeInsn = { disas: "nop" }

/** Caches of a single line, so that whatever comes in between evicts. */
const oneLine = { icachesize: "64", iassoc: "1", dcachesize: "64", dassoc: "1" }

describe("cache", () => {
  it("counts fetches by instruction, and their misses by line", () => {
    const guest = FakeGuest.install(cache, { ...oneLine, limit: "0" })
    guest.symbols = { [String(0x1038n)]: "main" }
    // Two lines: the third instruction begins the second one.
    const block = guest.translate(0x1038n, [nop, nop, nop, nop])
    block()
    block()
    assert.strictEqual(
      guest.exit(),
      "core #, data accesses, data misses, dmiss rate, insn accesses, insn misses, imiss rate\n" +
        "0       0              0               0.0000%  8              4              50.0000%\n" +
        "\naddress, data misses, instruction\n0x1038 (main), 0, nop\n0x103c, 0, nop\n0x1040, 0, nop\n0x1044, 0, nop\n" +
        "\naddress, fetch misses, instruction\n0x1038 (main), 2, nop\n0x1040, 2, nop\n0x103c, 0, nop\n0x1044, 0, nop\n"
    )
  })

  it("has an instruction that several blocks share once", () => {
    const guest = FakeGuest.install(cache, { ...oneLine, limit: "0" })
    guest.translate(0x1000n, [nop, nop, nop])()
    guest.translate(0x1004n, [nop, nop])()
    const text = guest.exit()
    assert.include(text, "\n0       0              0               0.0000%  5              1              20.0000%\n")
    assert.lengthOf(text.match(/^0x1004, /gm)!, 2)
  })

  it("asks the second level for what the first missed, in program order", () => {
    // A second level of one line: the load brings in the line that the fetch has just missed.
    const guest = FakeGuest.install(cache, { ...oneLine, l2cachesize: "64", l2assoc: "1", limit: "0" })
    const block = guest.translate(0x1000n, [access(0x1020), access(0x5000, true), nop])
    block()
    const text = guest.exit()
    assert.include(
      text,
      "0       2              2             100.0000%  3              1              33.3333%  3            2              66.6667%\n"
    )
    assert.match(text, /L2 misses, instruction\n0x1000, 1, access\n0x1004, 1, access\n0x1008, 0, nop\n$/)
  })

  const Runs = Schema.Array(
    Schema.Struct({ block: Schema.Literals([0, 1, 2]), at: Schema.Literals([0, 40, 64, 1000, 4096]), faultAt: Schema.Int })
  )

  it.prop("sees what caches see that are asked for every instruction and access", [Runs], ([runs]) => {
    const guest = FakeGuest.install(cache, { icachesize: "128", iassoc: "2", dcachesize: "128", dassoc: "1", limit: "1" })
    const geometry = { lineSize: 64, associativity: 1, sets: 2 }
    const instructions = new PlainCache({ ...geometry, associativity: 2, sets: 1 }, "used")
    const data = new PlainCache(geometry, "used")
    const counts = { data: [0, 0], insn: [0, 0] }
    const ask = (caches: PlainCache, [accesses, misses]: ReadonlyArray<number>, address: number) => [
      accesses! + 1,
      misses! + (caches.access(Math.floor(address / 64)) ? 0 : 1)
    ]

    let faultAt = -1
    let at = 0
    const insns = Array.from({ length: 40 }, (_, i): FakeInsn => ({
      disas: "insn",
      // A place that is asked for when the instruction runs.
      accesses:
        i % 3 === 0
          ? [
              {
                store: i % 2 === 0,
                bytes: 8,
                value: 0n,
                get address() {
                  return at + 16 * i
                }
              }
            ]
          : [],
      faults: () => faultAt === i
    }))
    const starts = [0, 11, 17]
    const blocks = starts.map((start) => guest.translate(0x1000n + 4n * BigInt(start), insns.slice(start)))
    for (const run of runs) {
      at = run.at
      faultAt = Math.abs(run.faultAt) % 80
      blocks[run.block]!()
      for (let i = starts[run.block]!; i < insns.length; i++) {
        counts.insn = ask(instructions, counts.insn, 0x1000 + 4 * i)
        if (faultAt === i) break
        for (const { address } of insns[i]!.accesses!) counts.data = ask(data, counts.data, address)
      }
    }
    const numbers = guest.exit().split("\n")[1]!.split(/ +/)
    assert.deepStrictEqual([numbers[1], numbers[2], numbers[4], numbers[5]], [...counts.data, ...counts.insn].map(String))
  })

  it("gives each core caches of its own, and vCPUs cores in turn", () => {
    const guest = FakeGuest.install(cache, { ...oneLine, cores: "2", limit: "1" })
    const block = guest.translate(0x1000n, [access(0x5000)])
    for (const vcpu of [0, 1, 2]) block(vcpu)
    const [, zero, one, sum] = guest.exit().split("\n")
    assert.strictEqual(zero, "0       2              1              50.0000%  2              1              50.0000%")
    assert.strictEqual(one, "1       1              1             100.0000%  1              1             100.0000%")
    assert.strictEqual(sum, "sum     3              2              66.6667%  3              2              66.6667%")
  })

  it.each([
    { args: { dassoc: "3" }, message: /^dcachesize, dblksize, dassoc: 16384 bytes are 85.333 sets/ },
    { args: { iblksize: "48" }, message: /^icachesize, iblksize, iassoc: lines of 48 bytes/ },
    { args: { l2assoc: "0" }, message: /^l2cachesize, l2blksize, l2assoc: sets without lines/ },
    { args: { cores: "0" }, message: /^cores=0: there must be one at least$/ }
  ] as ReadonlyArray<{ args: Record<string, string>; message: RegExp }>)("refuses $args", ({ args, message }) => {
    assert.throws(() => FakeGuest.install(cache, args), message)
  })
})
