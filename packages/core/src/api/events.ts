/** The part of the API that registers handlers of events. */
import * as Effect from "effect/Effect"
import type { PluginApi, RegistrationError } from "../PluginApi.ts"
import { OutOfRangeError } from "../PluginError.ts"
import { DisconKind, disconEvents, PluginEvent } from "../PluginEvent.ts"
import type { EventHandler } from "../PluginState.ts"
import { carryOut, modifyChecked } from "../system/Runtime.ts"
import type { Runtime } from "../system/Runtime.ts"
import { register } from "../transitions/registration.ts"

type Events = Pick<
  PluginApi,
  | "onVcpuInit"
  | "onVcpuExit"
  | "onVcpuIdle"
  | "onVcpuResume"
  | "onTbTrans"
  | "onSyscall"
  | "onSyscallRet"
  | "onSyscallFilter"
  | "onDiscon"
  | "onFlush"
  | "onAtExit"
>

/** Makes the event functions of a plugin. */
export const makeEvents = (runtime: Runtime, id: bigint): Events => {
  const on =
    (event: PluginEvent) =>
    (handler: EventHandler | undefined): Effect.Effect<void, RegistrationError> =>
      Effect.map(
        modifyChecked(runtime, (state) => register(state, id, event, handler)),
        (actions) => carryOut(runtime, actions)
      )

  return {
    onVcpuInit: on(PluginEvent.vcpuInit),
    onVcpuExit: on(PluginEvent.vcpuExit),
    onVcpuIdle: on(PluginEvent.vcpuIdle),
    onVcpuResume: on(PluginEvent.vcpuResume),
    onTbTrans: on(PluginEvent.vcpuTbTrans),
    onSyscall: on(PluginEvent.vcpuSyscall),
    onSyscallRet: on(PluginEvent.vcpuSyscallRet),
    onSyscallFilter: on(PluginEvent.vcpuSyscallFilter),
    onFlush: on(PluginEvent.flush),
    onAtExit: on(PluginEvent.atExit),
    onDiscon: (kinds, callback) => {
      const isMask = Number.isInteger(kinds) && kinds > 0 && kinds <= DisconKind.all
      if (!isMask) return Effect.fail(new OutOfRangeError({ what: "DisconKind", value: kinds }))
      const events = disconEvents.filter(([kind]) => (kinds & kind) !== 0)
      return Effect.forEach(events, ([, event]) => on(event)(callback), { discard: true })
    }
  }
}
