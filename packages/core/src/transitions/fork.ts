/** The program forks. */
import * as Result from "effect/Result"
import type { VcpuNotLiveError } from "../PluginError.ts"
import type { Checked, PluginState } from "../PluginState.ts"
import { checkLive } from "./vcpu.ts"

/**
 * The state of a forked child: only the vCPU that forked has survived (B8; QEMU keeps the others as if they ran). It is not
 * reported as new, and has the mask it had. Registrations and scoreboards are the parent's, with what was counted before.
 */
export const forkChild = (state: PluginState, survivor: number): Checked<void, VcpuNotLiveError> =>
  Result.map(checkLive(state, survivor), () => [
    undefined,
    { ...state, vcpus: new Map([[survivor, state.vcpus.get(survivor)!]]), numVcpus: survivor + 1 }
  ])
