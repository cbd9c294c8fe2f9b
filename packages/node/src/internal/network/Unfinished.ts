/** Connections that the guest has closed while some of what it wrote was still on its way: the run's end waits for them. */
import type * as Net from "node:net"
import * as Effect from "effect/Effect"

/** Milliseconds that the end of a run waits for them. */
const patience = 10_000

export class Unfinished {
  readonly #sockets = new Set<Net.Socket>()
  #wake = () => {}

  add(socket: Net.Socket): void {
    this.#sockets.add(socket)
    socket.once("close", () => {
      this.#sockets.delete(socket)
      if (this.#sockets.size === 0) this.#wake()
    })
  }

  /** Waits until everything has gone, or it has been tried for long enough. */
  readonly finish: Effect.Effect<void> = Effect.callback<void>((resume) => {
    const end = (): void => {
      for (const socket of this.#sockets) socket.destroy()
      clearTimeout(timer)
      resume(Effect.void)
    }
    const timer = setTimeout(end, patience)
    this.#wake = end
    if (this.#sockets.size === 0) end()
  })
}
