/** Job control. */
import * as Fs from "node:fs"

/** Whether the shell has this process in the foreground. True where there is no way to know. Source: proc(5), /proc/pid/stat. */
export const isForeground = (): boolean => {
  try {
    // Behind the name, which is in parentheses: state, parent, process group, session, terminal, the terminal's process group.
    const [, , group, , , foreground] = Fs.readFileSync("/proc/self/stat", "latin1")
      .replace(/^.*\) /s, "")
      .split(" ")
    return group === foreground
  } catch {
    return true
  }
}
