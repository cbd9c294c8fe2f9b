/**
 * Translation: each plugin in turn looks at the block and asks for callbacks. Synchronous, called
 * by the engine.
 */
import * as Result from "effect/Result"
import { InstrumentationLists, TranslationTurn } from "../api/handles.ts"
import type { HandleServices } from "../api/handles.ts"
import { CallbackFlags } from "../Instrumentation.ts"
import type { Instrumentation, TbInfo } from "../Instrumentation.ts"
import type { TbHandle } from "../PluginApi.ts"
import { PluginEvent } from "../PluginEvent.ts"
import { wants } from "../transitions/vcpu.ts"
import { registrations } from "../PluginState.ts"
import type { EventHandler } from "../PluginState.ts"
import { callLive, survivesEnd } from "./callbacks.ts"
import { pluginName } from "./failures.ts"
import { stateOf } from "./Runtime.ts"
import type { Runtime } from "./Runtime.ts"

/**
 * Makes the function that the code cache asks for each block. All plugins append to the same lists,
 * the last loaded first, so its callbacks run first. A vCPU that has not heard of the event yet
 * translates without plugins.
 *
 * @returns throws `PluginCallbackError` where a handler throws and that ends the run
 */
export const makeInstrumenter = (runtime: Runtime) => {
  const services: HandleServices = {
    state: () => stateOf(runtime),
    disassemble: (raw, size, pc) => runtime.guest.disassemble(raw, size, pc),
    symbol: (address) => runtime.guest.symbol(address)
  }

  const takeTurn = (handler: EventHandler, plugin: bigint, lists: InstrumentationLists): unknown => {
    const turn = new TranslationTurn(plugin, pluginName(runtime, plugin), lists, services)
    try {
      return (handler as (tb: TbHandle) => unknown)(turn.tbHandle())
    } finally {
      turn.isOpen = false
    }
  }

  return (vcpu: number, tb: TbInfo): Instrumentation | undefined => {
    const state = stateOf(runtime)
    if (!wants(state, vcpu, PluginEvent.vcpuTbTrans)) return undefined
    const lists = new InstrumentationLists(tb)
    const outerPc = runtime.scope.pc
    runtime.scope.pc = tb.pc
    try {
      const delivery = { event: PluginEvent.vcpuTbTrans, vcpu, flags: CallbackFlags.readWriteRegs }
      const take = (handler: EventHandler, plugin: bigint) => takeTurn(handler, plugin, lists)
      callLive(runtime, registrations(state, PluginEvent.vcpuTbTrans), delivery, take, (outcome, { plugin }) => {
        if (Result.isSuccess(outcome)) return true
        if (!survivesEnd(runtime, plugin, outcome.failure)) throw outcome.failure
        lists.drop(plugin)
        return true
      })
    } finally {
      runtime.scope.pc = outerPc
    }
    return lists.finish()
  }
}
