/** Translation: each plugin in turn looks at the block and asks for callbacks. Synchronous, called by the engine. */
import { InstrumentationLists, TranslationTurn } from "../api/handles.ts"
import type { HandleServices } from "../api/handles.ts"
import { CallbackFlags } from "../Instrumentation.ts"
import type { Instrumentation, TbInfo } from "../Instrumentation.ts"
import type { TbHandle } from "../PluginApi.ts"
import { eventNames, PluginEvent } from "../PluginEvent.ts"
import { registrations } from "../PluginState.ts"
import type { Registration } from "../PluginState.ts"
import { currentHandler } from "../transitions/registration.ts"
import { wants } from "../transitions/vcpu.ts"
import { inScope, notPromise } from "./callbacks.ts"
import { asFailure, pluginName, survives } from "./failures.ts"
import { stateOf } from "./Runtime.ts"
import type { Runtime } from "./Runtime.ts"

/**
 * Makes the function that the code cache asks for each block. All plugins append to the same lists, the last loaded first, so
 * its callbacks run first. A vCPU that has not heard of the event yet translates without plugins.
 *
 * @returns throws `PluginCallbackError` where a handler throws and that ends the run
 */
export const makeInstrumenter = (runtime: Runtime) => {
  const services: HandleServices = {
    state: () => stateOf(runtime),
    disassemble: (raw, size, pc) => runtime.guest.disassemble(raw, size, pc),
    symbol: (address) => runtime.guest.symbol(address)
  }

  const takeTurn = (node: Registration, vcpu: number, lists: InstrumentationLists): void => {
    const handler = currentHandler(stateOf(runtime), node) as ((tb: TbHandle) => unknown) | undefined
    if (handler === undefined) return
    const name = pluginName(runtime, node.plugin)
    const turn = new TranslationTurn(node.plugin, name, lists, services)
    try {
      notPromise(inScope(runtime, vcpu, CallbackFlags.readWriteRegs, () => handler(turn.tbHandle())))
    } catch (thrown) {
      const event = eventNames[PluginEvent.vcpuTbTrans]!
      const end = asFailure(runtime, { plugin: node.plugin, event, pc: lists.info.pc }, thrown)
      if (end._tag !== "PluginCallbackError" || !survives(runtime, node.plugin, end)) throw end
      lists.drop(node.plugin)
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
      for (const node of registrations(state, PluginEvent.vcpuTbTrans)) takeTurn(node, vcpu, lists)
    } finally {
      runtime.scope.pc = outerPc
    }
    return lists.finish()
  }
}
