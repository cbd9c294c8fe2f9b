/** Messages of errors: one line each, whatever a plugin does. */
import { assert, describe, it } from "@effect/vitest"
import { GuestMemoryError, PluginCallbackError, RegisterAccessError } from "@emu/core/PluginError"

const messageOf = (cause: unknown): string =>
  new PluginCallbackError({ plugin: "p", event: "exec", pc: 0x4n, symbol: "f", cause }).message

describe("what a plugin threw", () => {
  it.each([
    ["an error", new Error("no"), "no"],
    ["an error of several lines", new Error("first\n  second\r\nthird\n"), "first second third"],
    ["an error without a message", new RangeError(""), "RangeError"],
    ["a text", "no", "no"],
    ["nothing", undefined, "undefined"],
    ["a symbol", Symbol("s"), "Symbol(s)"],
    ["an object", { code: 3, text: "no" }, `{"code":3,"text":"no"}`],
    ["an object without a prototype", Object.create(null), "{}"],
    ["an object that cannot be shown", { large: 1n }, "it threw something that has no text"],
    [
      "an object that throws itself",
      {
        toJSON: () => {
          throw new Error("again")
        }
      },
      "it threw something that has no text"
    ]
  ])("is one line: %s", (_, cause, text) => {
    assert.strictEqual(messageOf(cause), `plugin p failed in its exec callback at pc 0x4 (f): ${text}`)
  })
})

describe("advice", () => {
  it("sends to setPc for the pc only", () => {
    const message = (register: string) => new RegisterAccessError({ register, reason: "read-only" }).message
    assert.strictEqual(message("pc"), "register pc cannot be written: use setPc to change the pc")
    assert.strictEqual(message("zero"), "register zero cannot be written")
  })

  it.each([0, -1, 1.5, Number.NaN])("asks for whole numbers of bytes: %d", (length) => {
    assert.include(new GuestMemoryError({ access: "read", address: 0n, length }).message, "ask for a whole number")
  })
})
