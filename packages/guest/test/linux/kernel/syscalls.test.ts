import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { fileSyscalls } from "@emu/guest/linux/files/syscalls"
import { memorySyscalls } from "@emu/guest/linux/memory/syscalls"
import { miscSyscalls } from "@emu/guest/linux/misc/syscalls"
import { signalSyscalls } from "@emu/guest/linux/signals/syscalls"
import { threadSyscalls } from "@emu/guest/linux/threads/syscalls"
import { timeSyscalls } from "@emu/guest/linux/time/syscalls"
import { renderSyscalls } from "../support/syscallTable.ts"

describe("the table of system calls", () => {
  it("is what docs/support-syscalls.md shows", () => {
    const file = readFileSync(new URL("../../../../../docs/support-syscalls.md", import.meta.url), "utf8")
    assert.strictEqual(file, renderSyscalls(), "run: node scripts/support-syscalls.ts")
  })

  it("has one row for each number and name", () => {
    const rows = [...fileSyscalls, ...memorySyscalls, ...miscSyscalls, ...signalSyscalls, ...threadSyscalls, ...timeSyscalls]
    assert.strictEqual(new Set(rows.map((row) => row.number)).size, rows.length)
    assert.strictEqual(new Set(rows.map((row) => row.name)).size, rows.length)
  })
})
