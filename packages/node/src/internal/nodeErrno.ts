/** Errors of Node's file functions as Linux errno values. */
import { Errno } from "@emu/guest/linux/kernel/errno"

const numbers: ReadonlyMap<string, number> = new Map(Object.entries(Errno))

/** The negative errno of an error that Node threw. Its own argument checks (ERR_...) count as EINVAL. */
export const errnoOf = (error: unknown): number => {
  const code = error instanceof Error && "code" in error ? String(error.code) : ""
  return -(numbers.get(code === "ENOTSUP" ? "EOPNOTSUPP" : code) ?? (code.startsWith("ERR_") ? Errno.EINVAL : Errno.EIO))
}

/** Runs a file function; a negative errno if it throws. */
export const attempt = <A>(run: () => A): A | number => {
  try {
    return run()
  } catch (error) {
    return errnoOf(error)
  }
}

/** Runs a file function that gives nothing: 0, or a negative errno if it throws. */
export const perform = (run: () => void): number => {
  try {
    run()
    return 0
  } catch (error) {
    return errnoOf(error)
  }
}
