/** The functions that a vCPU is in, followed by its jumps. */

/** Tells that a function was entered or left, at a depth from 0. */
export type Report = (kind: "entry" | "exit", address: bigint, depth: number) => void

interface Frame {
  readonly address: bigint
  /** Where it will go on when it returns. */
  readonly returnAddress: bigint
  /** The stack pointer when it was entered, which it has again when it returns; undefined if that is not known. */
  readonly sp: bigint | undefined
}

/** Stack pointers that are further apart belong to different stacks. */
const stackSize = 8n << 20n

export class CallStack {
  readonly #frames: Array<Frame> = []
  readonly #report: Report

  constructor(report: Report) {
    this.#report = report
  }

  /** The innermost function. */
  get top(): bigint | undefined {
    return this.#frames.at(-1)?.address
  }

  /** A function was called. */
  enter(address: bigint, returnAddress: bigint, sp: bigint | undefined): void {
    this.#report("entry", address, this.#frames.length)
    this.#frames.push({ address, returnAddress, sp })
  }

  /** The innermost function went on as another one, which will return in its place. */
  become(address: bigint): void {
    const last = this.#frames.at(-1)
    if (last !== undefined) this.#leave()
    this.enter(address, last?.returnAddress ?? 0n, last?.sp)
  }

  /**
   * A function returned to `pc`. That need not be the innermost one: longjmp and exceptions leave several at once. One that was
   * called from there with this stack pointer is looked for; if there is none, functions whose part of the stack is gone are left.
   */
  return(pc: bigint, sp: bigint): void {
    const caller = this.#frames.findLastIndex(
      (frame) => frame.returnAddress === pc && (frame.sp === undefined || frame.sp === sp)
    )
    if (caller >= 0) {
      while (this.#frames.length > caller) this.#leave()
    } else {
      while (isGone(this.#frames.at(-1), sp)) this.#leave()
    }
  }

  /** The vCPU has ended, and all its functions with it. */
  end(): void {
    while (this.#frames.length > 0) this.#leave()
  }

  #leave(): void {
    const { address } = this.#frames.pop()!
    this.#report("exit", address, this.#frames.length)
  }
}

const isGone = (frame: Frame | undefined, sp: bigint): boolean =>
  frame?.sp !== undefined && frame.sp < sp && sp - frame.sp < stackSize
