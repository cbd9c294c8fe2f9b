/** A 64-bit entry that knows where it lies: finding that out for each addition would cost more than the addition. */
import type { PluginState } from "../PluginState.ts"
import type { ScoreboardU64 } from "../Scoreboard.ts"

export class PlacedU64 implements ScoreboardU64 {
  readonly scoreboard: number
  readonly offset: number
  /** The scoreboards among which the place was found: where they have changed, it may be elsewhere. */
  boards: PluginState["scoreboards"] | undefined = undefined
  /** The vCPU whose entry was looked for last. */
  vcpu = -1
  /** Where that is, in the scoreboard memory as 64-bit words. */
  index = 0

  constructor({ offset, scoreboard }: ScoreboardU64) {
    this.scoreboard = scoreboard
    this.offset = offset
  }
}
