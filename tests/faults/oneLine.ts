/** What every error of the command must look like. */
import { assert } from "@effect/vitest"
import type { Finished } from "../support/cli.ts"

/** One line that names the culprit, status 1 or 2, no stack trace. */
export const assertOneLine = ({ status, stderr }: Finished, culprit: RegExp): void => {
  const text = stderr.toString()
  assert.match(text, /^emu: [^\n]+\n$/)
  assert.match(text, culprit)
  assert.notMatch(text, /\n\s+at /)
  assert.include([1, 2], status)
}
