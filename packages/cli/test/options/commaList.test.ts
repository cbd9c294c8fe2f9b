import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { splitCommas } from "../../src/options/commaList.ts"

// Commas must be frequent, or the properties see none.
const Letter = Schema.Literals([",", ",", "a", "=", " "])
const Text = Schema.Array(Letter)

const joinCommas = (pieces: ReadonlyArray<string>): string => pieces.map((piece) => piece.replaceAll(",", ",,")).join(",")

describe("comma lists", () => {
  it.each([
    { text: "", pieces: [] },
    { text: "a", pieces: ["a"] },
    { text: "a,b=1", pieces: ["a", "b=1"] },
    { text: "a,", pieces: ["a"] },
    { text: ",a", pieces: ["", "a"] },
    { text: "a,,b", pieces: ["a,b"] },
    { text: "a,,,b", pieces: ["a,", "b"] },
    { text: "a,,,,b", pieces: ["a,,b"] },
    { text: "my,,plugin.ts,match=ld,,x", pieces: ["my,plugin.ts", "match=ld,x"] }
  ])("splits $text", ({ text, pieces }) => {
    assert.deepStrictEqual(splitCommas(text), pieces)
  })

  it.prop("splitting undoes joining", [Schema.Array(Text)], ([letters]) => {
    const pieces = letters.map((piece) => piece.join(""))
    // Behind a separator a piece can neither be empty nor begin with a comma: two commas are always one of the text.
    if (pieces.some((piece, index) => piece === "" || (index > 0 && piece.startsWith(",")))) return
    assert.deepStrictEqual(splitCommas(joinCommas(pieces)), pieces)
  })

  it.prop("no letter but commas is lost", [Text], ([letters]) => {
    const others = (text: string) => text.replaceAll(",", "")
    assert.strictEqual(others(splitCommas(letters.join("")).join("")), others(letters.join("")))
  })
})
