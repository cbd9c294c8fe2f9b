/** The first line of scripts. */
import { assert, describe, it } from "@effect/vitest"
import { headSize, parseShebang } from "@emu/guest/linux/processes/shebang"

const cases: ReadonlyArray<readonly [what: string, head: string, interpreter: string | undefined, argument?: string]> = [
  ["a name", "#!/bin/sh\nexit 1\n", "/bin/sh"],
  ["blanks around it", "#! \t /bin/sh \t\n", "/bin/sh"],
  ["one argument, whatever is in it", "#!/usr/bin/env -S python3  -u \nx", "/usr/bin/env", "-S python3  -u"],
  ["no newline", "#!/bin/sh", "/bin/sh"],
  ["a zero ends the line", "#!/bin/sh\0rest of it\n", "/bin/sh"],
  ["a name that goes on beyond what is looked at", `#!/${"x".repeat(headSize - 3)}`, undefined],
  ["an argument that does", `#!/bin/sh ${"x".repeat(headSize - 10)}`, "/bin/sh", "x".repeat(headSize - 10)],
  ["no name", "#!\n/bin/sh\n", undefined],
  ["only blanks", "#!  \n", undefined],
  ["no script", "\x7fELF#!/bin/sh\n", undefined],
  ["nothing", "", undefined]
]

describe("a script's first line", () => {
  it.each(cases)("%s", (_, head, interpreter, argument) => {
    const found = parseShebang(new TextEncoder().encode(head).subarray(0, headSize))
    assert.deepStrictEqual(found, interpreter === undefined ? undefined : { interpreter, argument })
  })
})
