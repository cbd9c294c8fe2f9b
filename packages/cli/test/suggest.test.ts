import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { didYouMean, editDistance, suggest } from "../src/suggest.ts"

const Word = Schema.Array(Schema.Literals(["a", "b", "c"]))

describe("edit distance", () => {
  it.each([
    { from: "", to: "abc", distance: 3 },
    { from: "plugni", to: "plugin", distance: 1 },
    { from: "kitten", to: "sitting", distance: 3 }
  ])("$from to $to", ({ from, to, distance }) => {
    assert.strictEqual(editDistance(from, to), distance)
  })

  it.prop("is symmetric, and zero only for the same text", [Word, Word], ([from, to]) => {
    const [a, b] = [from.join(""), to.join("")]
    assert.strictEqual(editDistance(a, b), editDistance(b, a))
    assert.strictEqual(editDistance(a, b) === 0, a === b)
  })
})

describe("suggestions", () => {
  const known = ["insn", "inline", "hotblocks", "mem"]

  it("finds misspelt names, nearest first", () => {
    assert.deepStrictEqual(suggest("ins", known), ["insn"])
    assert.deepStrictEqual(suggest("hotblock", known), ["hotblocks"])
    assert.deepStrictEqual(suggest("men", known), ["mem"])
  })

  it("stays silent where nothing is near", () => {
    assert.strictEqual(didYouMean("cache", known), "")
  })
})
