/**
 * Many 64-bit counters, each with a value per vCPU, in a few large scoreboards: for plugins with a counter per block, which the
 * plugin reads all at once.
 */
import type { PluginApi } from "@emu/core/PluginApi"
import type { ScoreboardU64 } from "@emu/core/Scoreboard"

/** Counters in one scoreboard. */
const perBoard = 256

export class Counters {
  readonly #api: Pick<PluginApi, "scoreboardNewUnsafe" | "scoreboardFind" | "u64">
  readonly #boards: Array<number> = []
  /** How many there are. */
  length = 0

  constructor(api: Pick<PluginApi, "scoreboardNewUnsafe" | "scoreboardFind" | "u64">) {
    this.#api = api
  }

  /** A new counter: its index is the `length` before. Zero on every vCPU. */
  add(): ScoreboardU64 {
    const place = this.length++ % perBoard
    if (place === 0) this.#boards.push(this.#api.scoreboardNewUnsafe(8 * perBoard))
    return this.#api.u64(this.#boards.at(-1)!, 8 * place)
  }

  /** Calls back with each of a vCPU's counters that is not zero, by index, and sets it to zero. */
  take(vcpu: number, callback: (index: number, value: bigint) => void): void {
    this.#boards.forEach((board, number) => {
      const view = this.#api.scoreboardFind(board, vcpu)
      const count = Math.min(perBoard, this.length - number * perBoard)
      for (let place = 0; place < count; place++) {
        const value = view.getBigUint64(8 * place, true)
        if (value === 0n) continue
        view.setBigUint64(8 * place, 0n, true)
        callback(number * perBoard + place, value)
      }
    })
  }
}
