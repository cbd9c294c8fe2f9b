/** Text for the user and from plugins, written to descriptors of the host at once. */
import * as fs from "node:fs"
import { statusLine } from "./platform/terminal/StatusLine.ts"

const sleeper = new Int32Array(new SharedArrayBuffer(4))

/**
 * Writes everything, waiting where a pipe is full. Where nobody reads any more (closed pipe or descriptor) the text is
 * dropped: what emu has to say must not stop the guest.
 *
 * @returns why the text could not be written where that is another reason, such as a full disk
 */
export const writeAll = (descriptor: number, text: string): string | undefined => {
  let bytes: Uint8Array = Buffer.from(text)
  if (descriptor === 2) {
    statusLine.erase()
    statusLine.wrote(bytes.at(-1))
  }
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(fs.writeSync(descriptor, bytes))
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined
      if (code === "EPIPE" || code === "EBADF") return undefined
      if (code !== "EAGAIN") return error instanceof Error ? error.message : String(error)
      Atomics.wait(sleeper, 0, 0, 1)
    }
  }
  return undefined
}

/** One line on stderr, with the command's name before it. */
export const complain = (line: string): void => {
  writeAll(2, `emu: ${line}\n`)
}
