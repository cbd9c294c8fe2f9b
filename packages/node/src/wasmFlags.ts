/** V8's flags for the WebAssembly engine. */

/**
 * V8 compiles WebAssembly with its baseline compiler at once (0.05 ms/KB), and with its optimising one in the background what runs
 * often (1 ms/KB). Loops leave when their fuel is spent, so code that was optimised meanwhile is reached.
 *
 * Functions are compiled with their module: a first call that compiles would cost more. Guest calls have a bounded depth, which
 * makes V8's checks for stack overflow superfluous (5 to 8 % in tight loops).
 */
export const wasmFlags = [
  "--no-wasm-lazy-compilation",
  "--no-wasm-stack-checks",
  // Functions call each other through a table, with little to inline, and looking for it takes time.
  "--no-wasm-inlining",
  "--no-wasm-inlining-call-indirect",
  // An eighth of V8's own: what is hot is optimised sooner.
  "--wasm-tiering-budget=1600000"
]

/**
 * Sets the flags that Node was not started with. Must be called before the first module is compiled. Node is better started with all of
 * them: what sets them takes 2 ms to load.
 */
export const setWasmFlags = (): void => {
  const missing = wasmFlags.filter((flag) => !process.execArgv.includes(flag))
  if (missing.length === 0) return
  const { setFlagsFromString } = process.getBuiltinModule("node:v8")
  for (const flag of missing) setFlagsFromString(flag)
}
