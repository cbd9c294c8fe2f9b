/** Scoreboards with their bytes: the transitions joined with the memory they lie in. */
import * as Result from "effect/Result"
import { ScoreboardMemoryExhausted } from "../PluginError.ts"
import type { FreedScoreboardError, ScoreboardSizeError } from "../PluginError.ts"
import { checkElementSize, scoreboardFree, scoreboardNew } from "../transitions/scoreboard.ts"
import type { Growth, Placement } from "../transitions/scoreboard.ts"
import { applyChecked, carryOut, stateOf } from "./Runtime.ts"
import type { Runtime } from "./Runtime.ts"

/** Makes a scoreboard. The size is read, and the board added, in one synchronous step (B5). */
export const createScoreboard = (
  runtime: Runtime,
  elementSize: number
): Result.Result<number, ScoreboardSizeError | ScoreboardMemoryExhausted> =>
  Result.flatMap(checkElementSize(elementSize), (stride) =>
    Result.flatMap(allocate(runtime, stride * stateOf(runtime).scoreboardSize), (byteOffset) =>
      applyChecked(runtime, (state) => scoreboardNew(state, elementSize, byteOffset))
    )
  )

/** Frees a scoreboard. All code is dropped for it, since it may still write there. */
export const releaseScoreboard = (runtime: Runtime, id: number): Result.Result<void, FreedScoreboardError> =>
  Result.map(
    applyChecked(runtime, (state) => scoreboardFree(state, id)),
    (actions) => carryOut(runtime, actions)
  )

/**
 * Copies every board to a place with room for more elements; new ones are zero. Code with the old
 * places baked in must be dropped before any vCPU runs. Nothing has changed where memory runs out.
 */
export const copyScoreboards = (
  { memory }: Runtime,
  growth: Growth
): Result.Result<ReadonlyArray<Placement>, ScoreboardMemoryExhausted> => {
  const placements: Array<Placement> = []
  for (const board of growth.boards) {
    const place = allocate({ memory }, board.elementSize * growth.size)
    if (Result.isFailure(place)) {
      growth.boards.slice(0, placements.length).forEach(({ elementSize }, i) => {
        memory.free(placements[i]!.byteOffset, elementSize * growth.size)
      })
      return Result.fail(place.failure)
    }
    placements.push({ scoreboard: board.id, byteOffset: place.success })
  }
  const bytes = new Uint8Array(memory.buffer)
  growth.boards.forEach(({ byteOffset, capacity, elementSize }, i) => {
    bytes.copyWithin(placements[i]!.byteOffset, byteOffset, byteOffset + capacity * elementSize)
  })
  return Result.succeed(placements)
}

/** Bytes that translated code can reach, zeroed. */
export const allocate = (
  { memory }: Pick<Runtime, "memory">,
  bytes: number
): Result.Result<number, ScoreboardMemoryExhausted> => {
  try {
    return Result.succeed(memory.allocate(bytes))
  } catch (error) {
    if (error instanceof ScoreboardMemoryExhausted) return Result.fail(error)
    throw error
  }
}
