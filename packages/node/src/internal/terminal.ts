/** Terminal settings, which Node has no functions for: `stty` knows them. */
import * as ChildProcess from "node:child_process"
import type { Termios, WindowSize } from "@emu/guest/HostFs"
import { Errno } from "@emu/guest/linux/kernel/errno"

/** What `stty` prints for the terminal behind a descriptor, or -EIO where there is no such command. */
const stty = (fd: number, args: ReadonlyArray<string>): string | number => {
  const result = ChildProcess.spawnSync("stty", args, { stdio: [fd, "pipe", "ignore"], encoding: "latin1" })
  return result.status === 0 ? result.stdout.trim() : -Errno.EIO
}

/** The size of a terminal. */
export const windowSize = (fd: number): WindowSize | number => {
  const text = stty(fd, ["size"])
  if (typeof text === "number") return text
  const [rows, columns] = text.split(" ").map(Number)
  return { rows: rows ?? 0, columns: columns ?? 0 }
}

/** The settings of a terminal: `stty -g` prints the four flag words and the control characters in hexadecimal. */
export const getTermios = (fd: number): Termios | number => {
  const text = stty(fd, ["-g"])
  if (typeof text === "number") return text
  const [iflag, oflag, cflag, lflag, ...cc] = text.split(":").map((word) => Number.parseInt(word, 16))
  return { iflag: iflag ?? 0, oflag: oflag ?? 0, cflag: cflag ?? 0, lflag: lflag ?? 0, cc: cc.slice(0, 19) }
}

/** Changes the settings of a terminal. */
export const setTermios = (fd: number, termios: Termios): number => {
  const before = stty(fd, ["-g"])
  if (typeof before === "number") return before
  const words = [termios.iflag, termios.oflag, termios.cflag, termios.lflag, ...termios.cc]
  const all = before.split(":").map((word, i) => (i < words.length ? words[i]!.toString(16) : word))
  const result = stty(fd, [all.join(":")])
  return typeof result === "number" ? result : 0
}
