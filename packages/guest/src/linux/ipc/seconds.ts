import type { Kernel } from "../kernel/Kernel.ts"
import { ClockId } from "../time/Clock.ts"

/** The time of day in seconds. */
export const seconds = ({ time }: Kernel): bigint => (time.now(ClockId.REALTIME) ?? 0n) / 1_000_000_000n
