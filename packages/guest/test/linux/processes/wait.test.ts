/** Which children are waited for, and what is said of them. */
import { assert, describe, it } from "@effect/vitest"
import { isWanted, statusWord } from "@emu/guest/linux/processes/wait"

describe("the status word", () => {
  it("is what WIFEXITED, WEXITSTATUS, WIFSIGNALED and WTERMSIG take apart", () => {
    const signalled = (word: number) => (((word & 0x7f) + 1) << 24) >> 25 > 0
    for (let status = 0; status < 256; status++) {
      const word = statusWord({ kind: "exited", status })
      assert.deepStrictEqual([word & 0x7f, (word >> 8) & 0xff, signalled(word)], [0, status, false])
    }
    for (let signal = 1; signal <= 64; signal++) {
      const word = statusWord({ kind: "killed", signal })
      assert.deepStrictEqual([word & 0x7f, signalled(word)], [signal, true])
    }
  })
})

describe("a child is wanted", () => {
  const child = { pid: 7, group: 5 }
  it.each([
    [-1, 9, true],
    [7, 9, true],
    [8, 9, false],
    [0, 5, true],
    [0, 9, false],
    [-5, 9, true],
    [-7, 9, false]
  ])("by %i from one of group %i: %s", (which, group, expected) => {
    assert.strictEqual(isWanted(which, group, child), expected)
  })
})
