/** Lines on a socket. */
import type { Socket } from "node:net"

/**
 * Calls `onLine` for each line that arrives, without its newline. Text behind the last newline is no line.
 *
 * @param limit characters of a line at most
 * @param onTooLong called once instead, for a line that is longer; nothing is read after it
 */
export const readLines = (socket: Socket, limit: number, onLine: (line: string) => void, onTooLong: () => void): void => {
  let rest = ""
  socket.setEncoding("utf8")
  const listener = (chunk: string) => {
    const lines = (rest + chunk).split("\n")
    rest = lines.pop()!
    const tooLong = lines.findIndex((line) => line.length > limit)
    for (const line of tooLong < 0 ? lines : lines.slice(0, tooLong)) onLine(line)
    if (tooLong >= 0 || rest.length > limit) {
      socket.off("data", listener)
      onTooLong()
    }
  }
  socket.on("data", listener)
}
