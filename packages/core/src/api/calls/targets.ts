/** Which functions a target of `onCall` means. */
import type { CalledFunction, CallTarget } from "../../FunctionCalls.ts"

/** Whether a module is the library that a user calls so: by its path, its file name, or that up to `.so` or a version. */
export const isLibrary = (module: string | undefined, library: string): boolean => {
  if (module === undefined) return false
  const file = module.replace(/.*\//, "")
  return (
    module === library ||
    file === library ||
    (file.startsWith(library) && /^(-[\d.]+)?\.so(\.|$)/.test(file.slice(library.length)))
  )
}

/**
 * The name by which a target means what begins at an address: one of its names, or empty where it has none.
 *
 * @returns undefined where it does not mean it
 */
export const nameFor = (
  target: CallTarget,
  address: bigint,
  names: ReadonlyArray<string>,
  module: () => string | undefined
): string | undefined => {
  if (typeof target === "bigint") return target === address ? (names[0] ?? "") : undefined
  if (typeof target === "string") return names.find((name) => name === target)
  const accepts =
    typeof target === "function"
      ? target
      : (called: CalledFunction) => called.name === target.name && isLibrary(called.module, target.library)
  return names.find((name) => accepts({ name, address, module: module() }))
}
