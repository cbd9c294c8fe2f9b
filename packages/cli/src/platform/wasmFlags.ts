/** V8's flags for the WebAssembly engine. */
import { setFlagsFromString } from "node:v8"

const flags = [
  "--no-liftoff",
  "--no-wasm-inlining",
  "--no-wasm-inlining-call-indirect",
  "--no-wasm-lazy-compilation",
  "--no-wasm-stack-checks"
]

/**
 * Makes V8 compile WebAssembly with its optimising compiler at once. Its baseline compiler has no on-stack replacement: a
 * loop that is entered once would stay slow (measured: twice as slow). Inlining relies on what the baseline collects, and
 * V8 aborts where it looks for that in vain. Must be called before the first module is compiled.
 */
export const optimizeWasmAtOnce = (): void => {
  for (const flag of flags) setFlagsFromString(flag)
}
