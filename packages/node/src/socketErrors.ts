/** What can be wrong with a Unix socket, in words. */
import * as net from "node:net"
import * as Effect from "effect/Effect"

/** Bytes of a socket's path at most; the system's structure has 108 with the zero behind it. */
export const longestSocketPath = 107

const texts: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or directory",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOTDIR: "part of its path is no directory",
  EROFS: "the file system is read-only",
  ENOTSOCK: "it is no socket"
}

/** The reason of a failed call, without the call. */
export const describeSocketError = (error: Error): string =>
  texts["code" in error ? String(error.code) : ""] ?? error.message

/** Whether somebody listens on a socket. */
export const isListening = (file: string): Effect.Effect<boolean> =>
  Effect.callback((resume) => {
    const socket = net.connect(file)
    socket.once("connect", () => {
      socket.destroy()
      resume(Effect.succeed(true))
    })
    socket.once("error", () => resume(Effect.succeed(false)))
  })
