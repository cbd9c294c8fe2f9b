/** The host's clocks. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** Clocks in nanoseconds. Functions are synchronous; virtual time is another implementation. */
export interface HostClockShape {
  /** Since the epoch (CLOCK_REALTIME). */
  readonly realtime: () => bigint
  /** Since some fixed moment (CLOCK_MONOTONIC). */
  readonly monotonic: () => bigint
  /** CPU time used by the thread that guests run on: in user mode and in the system. */
  readonly cpu: () => { readonly user: bigint; readonly system: bigint }
  /** Waits; may end early, so callers look at the clock again. */
  readonly sleep: (nanoseconds: bigint) => Effect.Effect<void>
}

/** From `performance.now`, which browsers have too. All running time counts as CPU time in user mode. */
export const portableClock: HostClockShape = {
  realtime: () => milliseconds(performance.timeOrigin) + milliseconds(performance.now()),
  monotonic: () => milliseconds(performance.now()),
  cpu: () => ({ user: milliseconds(performance.now()), system: 0n }),
  // Timers count whole milliseconds: below one, let others run and look at the clock again.
  sleep: (nanoseconds) => (nanoseconds < 1_000_000n ? Effect.yieldNow : Effect.sleep(Number(nanoseconds / 1_000_000n)))
}

const milliseconds = (value: number): bigint => BigInt(Math.round(value * 1e6))

export class HostClock extends Context.Service<HostClock, HostClockShape>()("@emu/guest/HostClock") {
  static readonly portable = Layer.succeed(HostClock)(portableClock)
}
