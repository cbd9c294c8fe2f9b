/** Results of plugins as tables. */
import { stripVTControlCharacters } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { colours, formatTable, plain } from "../../src/report/formatTable.ts"

const cases = [
  {
    what: "values by name, numbers with thousands apart",
    result: { insns: 1234567, seenAll: true, where: "0x10158", none: null, rate: 1234.5 },
    text: `test
  insns     1,234,567
  seen all  yes
  where     0x10158
  none
  rate      1,234.5
`
  },
  {
    what: "lists of structs as columns: numbers and addresses to the right, text to the left, what is missing blank",
    result: {
      blocks: 2,
      list: [
        { pc: "0x9", count: 12000, name: "a" },
        { pc: "0x10158", count: 7 }
      ]
    },
    text: `test
  blocks  2

  list
       pc   count  name
      0x9  12,000  a
  0x10158       7
`
  },
  {
    what: "structs in rows as columns of their own",
    result: { vcpus: [{ vcpu: 0, tb: { inline: 1 }, ids: [1, 2] }] },
    text: `test
  vcpus
  vcpu  tb inline  ids
     0          1  1, 2
`
  },
  {
    what: "lists of structs with lists in them one after the other",
    result: {
      sets: [
        { name: "a", rows: [{ n: 1 }] },
        { name: "b", rows: [] }
      ]
    },
    text: `test
  sets
    name  a

    rows
    n
    1
    name  b

    rows: none
`
  },
  { what: "results that are no struct", result: 5, text: "test\n  5\n" }
]

describe("a table", () => {
  it.each(cases)("shows $what", ({ result, text }) => {
    assert.strictEqual(formatTable("test", result, plain).replace(/ +$/gm, ""), text)
  })

  it.each(cases)("has colours around the same text: $what", ({ result }) => {
    const painted = formatTable("test", result, colours)
    assert.strictEqual(stripVTControlCharacters(painted), formatTable("test", result, plain))
    assert.isTrue(painted.startsWith("\u001b[1mtest\u001b[0m\n"))
  })
})
