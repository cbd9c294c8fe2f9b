/**
 * Scoreboards come, grow, and go. Where their bytes lie is the service's business: it hands the
 * places in.
 */
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { FreedScoreboardError, ScoreboardIndexError, ScoreboardOffsetError, ScoreboardSizeError } from "../PluginError.ts"
import type { Action, Checked, PluginState, Stretch, Transition } from "../PluginState.ts"
import type { Scoreboard, ScoreboardU64 } from "../Scoreboard.ts"
import { retire } from "./memory.ts"

/** Where a scoreboard's storage lies: a byte offset in the scoreboard memory. */
export interface Placement {
  readonly scoreboard: number
  readonly byteOffset: number
}

/** What growth has to provide: room for `size` elements for every board. */
export interface Growth {
  readonly size: number
  readonly boards: ReadonlyArray<Scoreboard>
}

/**
 * Elements are a whole number of 64-bit words, so that every 64-bit entry of every element is
 * aligned.
 */
export const stride = (elementSize: number): number => Math.ceil(elementSize / 8) * 8

/** Refuses a size that no element can have. */
export const checkElementSize = (elementSize: number): Result.Result<number, ScoreboardSizeError> =>
  Number.isInteger(elementSize) && elementSize > 0 && elementSize <= 2 ** 30
    ? Result.succeed(stride(elementSize))
    : Result.fail(new ScoreboardSizeError({ elementSize }))

/**
 * A new scoreboard with zeroed elements, as many as all boards have now. The caller reads that size
 * and applies this in one synchronous step, so growth can't come between (B5).
 *
 * @returns its id
 */
export const scoreboardNew = (
  state: PluginState,
  elementSize: number,
  byteOffset: number
): Checked<number, ScoreboardSizeError> =>
  Result.map(checkElementSize(elementSize), (bytes): Transition<number> => {
    const id = state.nextScoreboard
    const board: Scoreboard = { id, elementSize: bytes, byteOffset, capacity: state.scoreboardSize }
    return [id, { ...state, nextScoreboard: id + 1, scoreboards: HashMap.set(state.scoreboards, id, board) }]
  })

/** The board of an id. Ids are never used again, so a freed one is told from a new one. */
export const findScoreboard = (state: PluginState, id: number): Result.Result<Scoreboard, FreedScoreboardError> => {
  const board = Option.getOrUndefined(HashMap.get(state.scoreboards, id))
  return board === undefined ? Result.fail(new FreedScoreboardError({ scoreboard: id })) : Result.succeed(board)
}

/**
 * Frees a scoreboard. Its bytes retire: translated code may still write to them, so all code is to
 * be dropped.
 */
export const scoreboardFree = (state: PluginState, id: number): Checked<ReadonlyArray<Action>, FreedScoreboardError> =>
  Result.map(findScoreboard(state, id), (board) => [
    [{ kind: "flush" }],
    retire({ ...state, scoreboards: HashMap.remove(state.scoreboards, id) }, [stretchOf(board)])
  ])

const stretchOf = ({ byteOffset, capacity, elementSize }: Scoreboard): Stretch => ({
  byteOffset,
  bytes: capacity * elementSize
})

/**
 * Where a vCPU's element lies.
 *
 * @returns its byte offset in the scoreboard memory; an error for a vCPU that never was, as in QEMU
 *   (all of them in install)
 */
export const elementOffset = (
  state: PluginState,
  id: number,
  vcpu: number
): Result.Result<number, FreedScoreboardError | ScoreboardIndexError> =>
  Result.flatMap(findScoreboard(state, id), (board) =>
    Number.isInteger(vcpu) && vcpu >= 0 && vcpu < state.numVcpus
      ? Result.succeed(board.byteOffset + vcpu * board.elementSize)
      : Result.fail(new ScoreboardIndexError({ scoreboard: id, vcpu, numVcpus: state.numVcpus }))
  )

/** Refuses a 64-bit entry that does not lie inside its scoreboard's elements. */
export const checkEntry = (
  state: PluginState,
  entry: ScoreboardU64
): Result.Result<ScoreboardU64, FreedScoreboardError | ScoreboardOffsetError> =>
  // callers without types may give anything
  Result.flatMap(
    findScoreboard(state, (entry as ScoreboardU64 | undefined)?.scoreboard ?? Number.NaN),
    ({ elementSize }) => {
      const { offset, scoreboard } = entry
      return Number.isInteger(offset) && offset >= 0 && offset % 8 === 0 && offset + 8 <= elementSize
        ? Result.succeed(entry)
        : Result.fail(new ScoreboardOffsetError({ scoreboard, offset, elementSize }))
    }
  )

/**
 * What has to grow before a vCPU can come live: the size doubles until it fits. Boards are in the
 * order in which they were made.
 *
 * @returns undefined where there is room already
 */
export const growthFor = (state: PluginState, vcpu: number): Growth | undefined => {
  if (vcpu < state.scoreboardSize) return undefined
  let size = state.scoreboardSize
  while (size <= vcpu) size *= 2
  return { size, boards: Array.from(HashMap.values(state.scoreboards)).sort((a, b) => a.id - b.id) }
}

/**
 * The state with the new size and every board at its new place: one step, so that no board is ever
 * too small (B4, B5). The old places retire.
 */
export const grown = (state: PluginState, { boards, size }: Growth, placements: ReadonlyArray<Placement>): PluginState => {
  const places = new Map(placements.map((p) => [p.scoreboard, p.byteOffset]))
  const scoreboards = HashMap.map(state.scoreboards, (board, id): Scoreboard => ({
    ...board,
    capacity: size,
    byteOffset: places.get(id) ?? board.byteOffset
  }))
  return retire({ ...state, scoreboardSize: size, scoreboards }, boards.map(stretchOf))
}
