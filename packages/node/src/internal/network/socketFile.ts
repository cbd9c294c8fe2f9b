/** Files that stand for sockets. Node cannot make one, but leaves one behind where what it listens on has got a second name. */
import * as Fs from "node:fs"
import * as Path from "node:path"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { attempt, perform } from "../nodeErrno.ts"

let made = 0

/**
 * Makes a file that stands for a socket, on which nobody listens.
 *
 * @returns 0 or a negative errno
 */
export const makeSocketFile = (path: string | Buffer, permissions: number): number => {
  const directory = attempt(() => Fs.openSync(parentOf(path), Fs.constants.O_RDONLY | Fs.constants.O_DIRECTORY))
  if (directory < 0) return directory
  // by the descriptor, as paths of sockets must be short
  const temporary = `/proc/self/fd/${directory}/.emu-${process.pid}-${made++}`
  const net = process.getBuiltinModule("node:net")
  const server = net.createServer()
  // it is looked at below whether it listens
  server.on("error", () => {})
  try {
    server.listen({ path: temporary })
    if (!server.listening) return -Errno.EACCES
    return perform(() => {
      Fs.chmodSync(temporary, permissions)
      Fs.linkSync(temporary, path)
    })
  } finally {
    server.close()
    Fs.closeSync(directory)
  }
}

const parentOf = (path: string | Buffer): string | Buffer => {
  if (typeof path === "string") return Path.dirname(path)
  return path.subarray(0, Math.max(1, path.lastIndexOf(47)))
}
