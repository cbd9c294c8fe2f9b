/** Scoreboards with their bytes: the transitions joined with the memory they lie in. */
import * as Result from "effect/Result"
import { ScoreboardMemoryExhausted } from "../PluginError.ts"
import type { FreedScoreboardError, PluginError, ScoreboardSizeError } from "../PluginError.ts"
import { checkElementSize, scoreboardFree, scoreboardNew } from "../transitions/scoreboard.ts"
import type { Growth, Placement } from "../transitions/scoreboard.ts"
import { applyChecked, requestFlush, stateOf } from "./Runtime.ts"
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

/**
 * Frees a scoreboard. Translated code may still write to it, so all code is dropped, and the bytes are given back when that has
 * really happened.
 */
export const releaseScoreboard = (runtime: Runtime, id: number): Result.Result<void, FreedScoreboardError> =>
  Result.map(
    applyChecked(runtime, (state) => scoreboardFree(state, id)),
    ({ byteOffset, capacity, elementSize }) => {
      runtime.retired.push({ byteOffset, bytes: capacity * elementSize })
      requestFlush(runtime)
    }
  )

/**
 * Moves every board to a place with room for more elements; new ones are zero. Code with the old places baked in must be
 * dropped before any vCPU runs: the old bytes are given back by that flush. Nothing has changed where memory runs out.
 */
export const moveScoreboards = (runtime: Runtime, growth: Growth): Result.Result<ReadonlyArray<Placement>, PluginError> => {
  const placements: Array<Placement> = []
  for (const board of growth.boards) {
    const place = allocate(runtime, board.elementSize * growth.size)
    if (Result.isFailure(place)) {
      growth.boards.slice(0, placements.length).forEach(({ elementSize }, i) => {
        runtime.memory.free(placements[i]!.byteOffset, elementSize * growth.size)
      })
      return Result.fail(place.failure)
    }
    placements.push({ scoreboard: board.id, byteOffset: place.success })
  }
  const bytes = new Uint8Array(runtime.memory.buffer)
  growth.boards.forEach(({ byteOffset, capacity, elementSize }, i) => {
    const length = capacity * elementSize
    bytes.copyWithin(placements[i]!.byteOffset, byteOffset, byteOffset + length)
    runtime.retired.push({ byteOffset, bytes: length })
  })
  return Result.succeed(placements)
}

/** Bytes that translated code can reach, zeroed. */
export const allocate = (runtime: Runtime, bytes: number): Result.Result<number, ScoreboardMemoryExhausted> => {
  try {
    return Result.succeed(runtime.memory.allocate(bytes))
  } catch (error) {
    if (error instanceof ScoreboardMemoryExhausted) return Result.fail(error)
    throw error
  }
}
