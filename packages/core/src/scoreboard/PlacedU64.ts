/** A 64-bit entry that knows where it lies: finding that out for each addition would cost more than the addition. */
import type { PluginState } from "../PluginState.ts"
import type { Scoreboard, ScoreboardU64 } from "../Scoreboard.ts"

export class PlacedU64 implements ScoreboardU64 {
  readonly scoreboard: number
  readonly offset: number
  /** The state in which the place was found; it may be another in the next. */
  state: PluginState | undefined = undefined
  /** How many vCPUs have one. */
  numVcpus = 0
  /** In the scoreboard memory as 64-bit words: vCPU 0's entry, and the distance to the next vCPU's. */
  first = 0
  stride = 0

  constructor({ offset, scoreboard }: ScoreboardU64) {
    this.scoreboard = scoreboard
    this.offset = offset
  }

  /** Takes note of where the entry lies: `board` is its scoreboard in `state`. */
  place(state: PluginState, { byteOffset, elementSize }: Scoreboard): void {
    this.state = state
    this.numVcpus = state.numVcpus
    // As V8's small integers: quotients would be kept as doubles.
    this.first = ((byteOffset + this.offset) / 8) | 0
    this.stride = (elementSize / 8) | 0
  }
}
