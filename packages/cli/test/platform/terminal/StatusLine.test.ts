/** The status line never meets other text on the terminal. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { StatusLine } from "../../../src/platform/terminal/StatusLine.ts"
import { makeTick, progressText } from "../../../src/progress.ts"

/** A terminal with rows and a cursor that understands what a status line uses. */
class Screen {
  rows = [""]
  column = 0

  write(text: string) {
    for (const [index, piece] of text.split("\u001b[").entries()) {
      // Behind a control sequence: what it is, then ordinary characters.
      const [sequence = "", mode] = index === 0 ? [] : (/^(?:K|(\?7[lh]))/.exec(piece) ?? [])
      const row = this.rows.at(-1)!
      if (index > 0 && mode === undefined) this.#put(row.slice(0, this.column))
      for (const character of piece.slice(sequence.length)) this.#character(this.rows.at(-1)!, character)
    }
  }

  #character(row: string, character: string) {
    if (character === "\r") this.column = 0
    else if (character === "\n") {
      this.rows.push("")
      this.column = 0
    } else {
      this.#put(row.slice(0, this.column).padEnd(this.column) + character + row.slice(this.column + 1))
      this.column++
    }
  }

  #put(row: string) {
    this.rows[this.rows.length - 1] = row
  }
}

/** What happens at the terminal: text of the guest, or the time to show progress. */
const Happenings = Schema.Array(Schema.Literals(["tick", "line\n", "part ", "\n", "a\nb"]))

describe("the status line", () => {
  it.prop("leaves what others write as it would be without it", [Happenings], ([happenings]) => {
    const screen = new Screen()
    const line = new StatusLine((text) => screen.write(text))
    let text = ""
    for (const happening of happenings) {
      if (happening === "tick") {
        line.show("status")
        const isFree = text === "" || text.endsWith("\n")
        assert.strictEqual(screen.rows.at(-1), isFree ? "status" : text.split("\n").at(-1))
      } else {
        line.erase()
        screen.write(happening)
        line.wrote(happening.charCodeAt(happening.length - 1))
        text += happening
      }
    }
    line.erase()
    assert.deepStrictEqual(screen.rows, text.split("\n"))
    assert.strictEqual(screen.column, text.split("\n").at(-1)!.length)
  })

  it("is gone for good when it is turned off", () => {
    const screen = new Screen()
    const line = new StatusLine((text) => screen.write(text))
    line.show("status")
    line.turnOff()
    line.show("status")
    assert.deepStrictEqual(screen.rows, [""])
  })
})

describe("progress", () => {
  it("is shown after two seconds, with the rate since it was looked at last", () => {
    const screen = new Screen()
    let now = 1000
    let insns = 0
    let isHidden = false
    const source = { insns: () => insns, now: () => now, isHidden: () => isHidden }
    const tick = makeTick(new StatusLine((text) => screen.write(text)), source)
    const after = (milliseconds: number, executed: number) => {
      now += milliseconds
      insns += executed
      tick()
      return screen.rows.at(-1)
    }
    assert.strictEqual(after(1900, 5e6), "")
    assert.strictEqual(after(100, 50e6), "emu: 2 s, 55 million instructions, 500 MIPS")
    assert.strictEqual(after(1000, 2e9), "emu: 3 s, 2,055 million instructions, 2000 MIPS")
    isHidden = true
    assert.strictEqual(after(1000, 1e6), "")
  })

  it("has a text for long runs", () => {
    assert.strictEqual(progressText(123456789012, 3600_000, 0), "emu: 3600 s, 123,456 million instructions, 0 MIPS")
  })
})
