/** V8's flags for the WebAssembly engine. */

/**
 * Make V8 compile WebAssembly with its optimising compiler at once. Its baseline compiler has no on-stack replacement: a
 * loop that is entered once would stay slow (measured: twice as slow). Inlining relies on what the baseline collects, and
 * V8 aborts where it looks for that in vain.
 */
export const wasmFlags = [
  "--no-liftoff",
  "--no-wasm-inlining",
  "--no-wasm-inlining-call-indirect",
  "--no-wasm-lazy-compilation",
  "--no-wasm-stack-checks"
]

/**
 * Sets the flags that Node was not started with. Must be called before the first module is compiled. Node is better started with all of
 * them: what sets them takes 2 ms to load.
 */
export const optimizeWasmAtOnce = (): void => {
  const missing = wasmFlags.filter((flag) => !process.execArgv.includes(flag))
  if (missing.length === 0) return
  const { setFlagsFromString } = process.getBuiltinModule("node:v8")
  for (const flag of missing) setFlagsFromString(flag)
}
