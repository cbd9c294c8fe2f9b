/** The clocks of Node. */
import * as Layer from "effect/Layer"
import { HostClock, portableClock, type HostClockShape } from "@emu/guest/HostClock"

/** Real time follows the monotonic clock from the start of the process on. */
const offset = portableClock.realtime() - process.hrtime.bigint()

const nodeClock: HostClockShape = {
  ...portableClock,
  realtime: () => process.hrtime.bigint() + offset,
  monotonic: () => process.hrtime.bigint(),
  cpu: () => {
    const { user, system } = process.threadCpuUsage()
    return { user: BigInt(user) * 1000n, system: BigInt(system) * 1000n }
  }
}

export const layer: Layer.Layer<HostClock> = Layer.succeed(HostClock)(nodeClock)
