/** The initial stack, against what QEMU's README of golden files says of it. */
import { assert, describe, it } from "@effect/vitest"
import { Aux, writeStack } from "@emu/guest/linux/loader/initialStack"
import { makeState } from "../support/kernel.ts"

const state = makeState()
const top = 0x55d57000
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const aux = [
  ...Array.from({ length: 15 }, () => [Aux.flags, 1] as const),
  [Aux.random, 0],
  [Aux.execFn, 0],
  [Aux.null, 0]
] as const

const make = (argv: ReadonlyArray<string>, env: ReadonlyArray<string> = []) =>
  writeStack(state, {
    top,
    argv: argv.map(bytes),
    env: env.map(bytes),
    execFn: bytes(`/mnt/${argv[0]}`),
    random: new Uint8Array(16).fill(7),
    aux
  })

const word = (at: number): number => Number(state.view.getBigUint64(at, true))
const string = (at: number): string => {
  let end = at
  while (state.u8[end] !== 0) end++
  return new TextDecoder().decode(state.u8.slice(at, end))
}

describe("initial stack", () => {
  it.each([
    ["tiny.elf", 0x55d56e90],
    ["ints.elf", 0x55d56e90],
    ["layout.elf", 0x55d56e80],
    ["crash-illegal.elf", 0x55d56e70]
  ])("begins for %s where QEMU's does", (name, pointer) => {
    assert.strictEqual(make([name]).pointer, pointer)
  })

  it("has arguments, environment and auxiliary vector in order, aligned to 16", () => {
    const { pointer, aux: copy } = make(["prog", "one", "", "two"], ["A=1", "B=2"])
    assert.strictEqual(pointer % 16, 0)
    assert.strictEqual(word(pointer), 4)
    assert.deepStrictEqual(
      [1, 2, 3, 4].map((i) => string(word(pointer + 8 * i))),
      ["prog", "one", "", "two"]
    )
    assert.strictEqual(word(pointer + 40), 0)
    assert.deepStrictEqual(
      [6, 7].map((i) => string(word(pointer + 8 * i))),
      ["A=1", "B=2"]
    )
    assert.strictEqual(word(pointer + 64), 0)
    const auxAt = pointer + 72
    assert.deepStrictEqual(copy, state.u8.slice(auxAt, auxAt + copy.length))
    assert.strictEqual(string(word(auxAt + 16 * 16 + 8)), "/mnt/prog")
    const random = word(auxAt + 16 * 15 + 8)
    assert.strictEqual(random % 16, 0)
    assert.deepStrictEqual(state.u8.slice(random, random + 16), new Uint8Array(16).fill(7))
  })
})
