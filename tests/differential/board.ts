/** The scoreboard that random callbacks count in. */
import { arenaBase } from "@emu/tcg/Layout"

/** The one scoreboard. */
export const board = { id: 1, elementSize: 64, byteOffset: arenaBase, capacity: 4 }
/** Bytes of it that are compared. */
export const boardBytes = 256
