/** V8 keeps the reference loop optimised when a program's addresses leave the lower half of memory: by count, not by time. */
import { execFileSync } from "node:child_process"
import { assert, it } from "@effect/vitest"

it("the reference loop is hardly ever deoptimised by addresses from 2^31 on", () => {
  const program = new URL("support/upperHalf.ts", import.meta.url).pathname
  const output = execFileSync(process.execPath, ["--trace-opt", "--trace-deopt", program], {
    encoding: "utf8",
    maxBuffer: 1 << 28
  })
  const lines = output.split("\n")
  const of = (what: RegExp) => lines.filter((line) => what.test(line) && /<JSFunction execute\b/.test(line))
  assert.isAbove(of(/completed optimizing/).length, 0, "V8 says what it optimises")
  // What an operation does for the first time is no fault; that V8 took a value for something it is not is one, and comes again and again.
  const wrong = of(/bailout/).filter((line) => !line.includes("Insufficient type feedback"))
  assert.isAtMost(wrong.length, 1, wrong.join("\n"))
}, 120_000)
