/** Whether people look at what is written. */
import * as Fs from "node:fs"
import * as Tty from "node:tty"

/** Whether a descriptor is a terminal. node:tty is asked only about what may be one: loading it takes time. */
export const isTerminal = (fd: number): boolean => {
  try {
    const status = Fs.fstatSync(fd)
    const isMemoryDevice = process.platform === "linux" && status.rdev >> 8 === 1
    return status.isCharacterDevice() && !isMemoryDevice && Tty.isatty(fd)
  } catch {
    // A descriptor that is closed is none.
    return false
  }
}

/** Whether colours are wanted wherever text goes (FORCE_COLOR, as Node and others read it). */
export const forcesColours = (env: Readonly<Record<string, string | undefined>>): boolean =>
  !["", "0", "false"].includes(env["FORCE_COLOR"] ?? "")

/** Whether text for a terminal may have colours: not under NO_COLOR (https://no-color.org), nor where there are none. */
export const wantsColours = (env: Readonly<Record<string, string | undefined>>): boolean =>
  (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb"
