/**
 * Checks in front of a loop of what it accesses off registers that walk: for how many rounds memory allows that. Most loops are
 * short; so a quick test comes first, whether memory allows a fixed number of rounds. Only near the end of a window, or outside
 * of all that are known, the rounds are counted.
 */
import { PageFlag } from "../../../../Layout.ts"
import type { CodeWriter } from "../../../../wasm/CodeWriter.ts"
import { Insn, ValType } from "../../../../wasm/Wasm.ts"
import type { RoundChecks, StrideCheck } from "../../analysis/Accesses.ts"
import { Parameter, Window } from "../../Runtime.ts"
import type { LowerContext } from "./Context.ts"
import { pushOutside } from "./memory.ts"

/** A check, and the window of its accesses, as an address. */
interface Guess {
  readonly check: StrideCheck
  readonly window: number
}

/** The quick test is for rounds that walk through a quarter of the window at the most, and through no more bytes than this. */
const maxWalk = 1 << 16

/** It is for as many instructions at the most. */
const maxSpent = 1_000_000

/** For fewer rounds it is not worth it. */
const minRounds = 256

/**
 * Checks the first round of a loop, and finds out how many more are sure to be allowed. `leave` writes what to do where the
 * first is not.
 *
 * @returns the local with how much fuel must be left where the loop goes back: with less it must be left
 */
export const lowerRounds = (context: LowerContext, { checks, shortest }: RoundChecks, leave: () => void): number => {
  const { code } = context
  const floor = code.local(ValType.i32)
  const guesses = checks.map((check) => ({ check, window: context.window(check.root, isWrite(check)) }))
  // Where the window lies elsewhere when the loop is entered, or is smaller, the rounds are counted.
  const walks = guesses.map(({ check, window }) => {
    const size = context.windowSize(window)
    return (size === 0 ? maxWalk : Math.min(size / 4, maxWalk)) / Math.abs(check.step)
  })
  const rounds = Math.floor(Math.min(...walks, maxSpent / shortest))
  if (rounds < minRounds) {
    countRounds(context, guesses, shortest, floor, leave)
    return floor
  }
  const counted = code.block()
  const near = code.block()
  for (const each of guesses) {
    pushNear(context, each, rounds)
    code.brIfUnlikely(near)
  }
  code.get(Parameter.fuel)
  code.i32(rounds * shortest)
  code.op(Insn.i32_sub)
  code.tee(floor)
  code.i32(0)
  code.get(floor)
  code.i32(0)
  code.op(Insn.i32_gt_s)
  code.op(Insn.select)
  code.set(floor)
  code.br(counted)
  code.end()
  countRounds(context, guesses, shortest, floor, leave)
  code.end()
  return floor
}

const isWrite = ({ needs }: StrideCheck): boolean => (needs & PageFlag.write) !== 0

/** Pushes whether a window may end within so many rounds, or the first is not in it. */
const pushNear = (context: LowerContext, { check, window }: Guess, rounds: number): void => {
  const { code, values } = context
  const { high, low, root, step } = check
  const walk = Math.abs(step) * rounds
  pushOutside(context, window, high - low + walk, () =>
    pushSum(code, () => values.getI64(root), low - (step < 0 ? walk : 0))
  )
}

/** Counts the rounds that are allowed, and sets `floor` by that. */
const countRounds = (
  context: LowerContext,
  guesses: ReadonlyArray<Guess>,
  shortest: number,
  floor: number,
  leave: () => void
): void => {
  const { code } = context
  const [, spare, rounds, more] = context.scratch as [number, number, number, number]
  guesses.forEach((guess, i) => {
    const { check } = guess
    setSpare(context, guess, spare, leave)
    code.get(spare)
    // By the next power of two: that gives no more rounds than there are.
    code.i64(BigInt(32 - Math.clz32(Math.abs(check.step) - 1)))
    code.op(Insn.i64_shr_u)
    if (i > 0) keepLess(code, rounds, more)
    code.set(rounds)
  })
  code.get(Parameter.fuel)
  code.i32(shortest)
  code.op(Insn.i32_sub)
  code.op(Insn.i64_extend_i32_s)
  code.get(rounds)
  code.i64(BigInt(shortest))
  code.op(Insn.i64_mul)
  code.op(Insn.i64_sub)
  code.tee(more)
  code.i64(0n)
  code.get(more)
  code.i64(0n)
  code.op(Insn.i64_gt_s)
  code.op(Insn.select)
  code.op(Insn.i32_wrap_i64)
  code.set(floor)
}

/** Pops a number and pushes it or what is in a local, whichever is less. */
const keepLess = (code: CodeWriter, local: number, spare: number): void => {
  code.tee(spare)
  code.get(local)
  code.get(spare)
  code.get(local)
  code.op(Insn.i64_lt_u)
  code.op(Insn.select)
}

/** Finds out how many bytes memory allows beyond those of the first round, in the direction of the walk. */
const setSpare = (context: LowerContext, { check, window }: Guess, spare: number, leave: () => void): void => {
  const { callees, code, values } = context
  const { high, low, needs, root, step } = check
  const pushRoot = () => values.getI64(root)
  const bytes = high - low
  const isUp = step > 0
  const askPages = () => {
    // It also moves the window, so that the next time need not ask.
    pushSum(code, pushRoot, low)
    code.i32(bytes - 1)
    code.i32(needs)
    code.i32(window)
    code.call(callees.checkRange)
    code.ifUnlikely()
    leave()
    code.end()
    pushSum(code, pushRoot, isUp ? low : high - 1)
    code.i32(needs)
    code.i32(isUp ? 1 : -1)
    code.call(callees.room)
    pushSum(code, () => {}, -bytes)
    code.tee(spare)
    code.i64(0n)
    code.op(Insn.i64_lt_s)
    code.ifUnlikely()
    leave()
    code.end()
  }
  pushOutside(context, window, bytes, () => pushSum(code, pushRoot, low))
  code.ifUnlikely()
  askPages()
  code.else()
  if (isUp) {
    pushWord(code, window + Window.limit)
    pushSum(code, pushRoot, high)
    pushWord(code, window + Window.low)
    code.op(Insn.i64_sub)
    code.op(Insn.i64_sub)
  } else {
    pushSum(code, pushRoot, low)
    pushWord(code, window + Window.low)
    code.op(Insn.i64_sub)
  }
  // The last seven bytes of a window, of which its limit says nothing.
  code.tee(spare)
  code.i64(0n)
  code.get(spare)
  code.i64(0n)
  code.op(Insn.i64_gt_s)
  code.op(Insn.select)
  code.set(spare)
  code.end()
}

/** Pushes a word of a window. */
const pushWord = (code: CodeWriter, address: number): void => {
  code.i32(0)
  code.memory(Insn.i64_load32_u, address)
}

/** Pushes what `push` does, plus a constant. */
const pushSum = (code: CodeWriter, push: () => void, constant: number): void => {
  push()
  code.i64(BigInt(constant))
  code.op(Insn.i64_add)
}
