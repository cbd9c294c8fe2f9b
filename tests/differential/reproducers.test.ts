/** Programs on which the engines once differed, shrunk: one file each, named by what was wrong. */
import { readdirSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { lockstep } from "./lockstep.ts"
import type { Program } from "./program/Program.ts"

const folder = new URL("reproducers/", import.meta.url)

describe("programs on which the engines once differed", () => {
  it.each(readdirSync(folder))("%s", (file) => {
    const program = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Program
    const { difference, regions } = lockstep(program, 20_000)
    assert.isUndefined(difference)
    assert.isAbove(regions, 0, "nothing was compiled")
  })
})
