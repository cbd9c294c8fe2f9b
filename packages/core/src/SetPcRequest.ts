/**
 * Thrown by `PluginApi.setPc` to leave the callback, and the rest of its block, at once. Not an error: the engine catches it
 * around hot callbacks, stores `pc` as the vCPU's pc and returns `ExitKind.redirected`; the entry points of `PluginSystem` for
 * the driver fail with it, and the driver goes on at `pc`. From a callback before a system call the call is not made; behind
 * one its result is stored already.
 */
export class SetPcRequest {
  readonly _tag = "SetPcRequest"
  readonly pc: bigint

  constructor(pc: bigint) {
    this.pc = pc
  }
}
