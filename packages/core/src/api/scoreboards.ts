/** The part of the API about scoreboards. The 64-bit functions are on hot paths: no Effect, no view made per call. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { PluginApi } from "../PluginApi.ts"
import { ScoreboardIndexError, ScoreboardOffsetError } from "../PluginError.ts"
import { stateOf } from "../system/Runtime.ts"
import type { Runtime } from "../system/Runtime.ts"
import { createScoreboard, releaseScoreboard } from "../system/scoreboards.ts"
import { PlacedU64 } from "../scoreboard/PlacedU64.ts"
import type { ScoreboardU64 } from "../Scoreboard.ts"
import { checkEntry, elementOffset, findScoreboard } from "../transitions/scoreboard.ts"

type Scoreboards = Pick<
  PluginApi,
  | "scoreboardNew"
  | "scoreboardFree"
  | "scoreboardNewUnsafe"
  | "scoreboardFind"
  | "u64"
  | "u64Add"
  | "u64Get"
  | "u64Set"
  | "u64Sum"
>

/** Makes the scoreboard functions of a plugin. */
export const makeScoreboards = (runtime: Runtime): Scoreboards => {
  const { memory } = runtime

  /** Index in the memory's words of an entry of a vCPU. Throws on misuse. An entry that `u64` did not make is searched for each time. */
  const locate = (entry: ScoreboardU64 & Partial<PlacedU64>, vcpu: number): number =>
    entry.boards === stateOf(runtime).scoreboards && entry.vcpu === vcpu ? entry.index! : search(entry, vcpu)

  const search = (entry: ScoreboardU64, vcpu: number): number => {
    const state = stateOf(runtime)
    const board = Result.getOrThrow(findScoreboard(state, entry.scoreboard))
    if (!(Number.isInteger(vcpu) && vcpu >= 0 && vcpu < state.numVcpus)) {
      throw new ScoreboardIndexError({ scoreboard: board.id, vcpu, numVcpus: state.numVcpus })
    }
    const { elementSize } = board
    const { offset } = entry
    if (!(offset >= 0 && offset + 8 <= elementSize && offset % 8 === 0)) {
      throw new ScoreboardOffsetError({ scoreboard: board.id, offset, elementSize })
    }
    // as one of V8's small integers: a quotient would be kept as a double
    const index = ((board.byteOffset + vcpu * elementSize + offset) / 8) | 0
    if (entry instanceof PlacedU64) {
      entry.boards = state.scoreboards
      entry.vcpu = vcpu
      entry.index = index
    }
    return index
  }

  return {
    scoreboardNew: (elementSize) => Effect.suspend(() => Effect.fromResult(createScoreboard(runtime, elementSize))),
    scoreboardNewUnsafe: (elementSize) => Result.getOrThrow(createScoreboard(runtime, elementSize)),
    scoreboardFree: (scoreboard) => Effect.suspend(() => Effect.fromResult(releaseScoreboard(runtime, scoreboard))),
    scoreboardFind: (scoreboard, vcpu) => {
      const state = stateOf(runtime)
      const offset = Result.getOrThrow(elementOffset(state, scoreboard, vcpu))
      return new DataView(memory.buffer, offset, Result.getOrThrow(findScoreboard(state, scoreboard)).elementSize)
    },
    u64: (scoreboard, offset = 0) => new PlacedU64(Result.getOrThrow(checkEntry(stateOf(runtime), { scoreboard, offset }))),
    u64Add: (entry, vcpu, value) => {
      const index = locate(entry, vcpu)
      const { words } = memory
      words[index] = words[index]! + value
    },
    u64Get: (entry, vcpu) => {
      const index = locate(entry, vcpu)
      return memory.words[index]!
    },
    u64Set: (entry, vcpu, value) => {
      const index = locate(entry, vcpu)
      memory.words[index] = value
    },
    u64Sum: (entry) => {
      Result.getOrThrow(checkEntry(stateOf(runtime), entry))
      let sum = 0n
      const { numVcpus } = stateOf(runtime)
      for (let vcpu = 0; vcpu < numVcpus; vcpu++) {
        const index = locate(entry, vcpu)
        sum += memory.words[index]!
      }
      return BigInt.asUintN(64, sum)
    }
  }
}
