/** The same scenario on a real guest: what plugins really saw. */
import { CallbackFlags, MemRw } from "@emu/core/Instrumentation"
import type { PluginApi } from "@emu/core/PluginApi"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { plugin, run, type RunRequest, type System } from "../../linux/support/run.ts"
import { type Action, type Event, maxPlugins, type Scenario, schedule } from "./commands.ts"
import { program } from "./guest.ts"

/** Runs a scenario; the lines are those of the model. */
export const observe = Effect.fnUntraced(function* (scenario: Scenario, engine: RunRequest["engine"]) {
  const lines: Array<string> = []
  const actions = schedule(scenario)
  const apis: Array<PluginApi> = []
  let system: System | undefined
  let calls = 0
  let labels = 0

  const called = (line: string, acts = true) => {
    lines.push(line)
    const action = actions.get(calls++)
    if (action !== undefined && acts) act(action)
  }

  const on = (api: PluginApi, event: Event) => {
    const label = labels++
    const id = apis.indexOf(api)
    const say = (where: string) => called(`${id} ${event} ${label}${where}`)
    switch (event) {
      case "init":
        return api.onVcpuInit(() => say(""))
      case "translate":
        return api.onTbTrans((tb) => {
          const { insns, pc } = tb
          say(` ${pc}`)
          const isDeferred = scenario.deferred.some((other) => other === id)
          const flags = isDeferred ? CallbackFlags.deferred : CallbackFlags.noRegs
          tb.onExec(() => called(`${id} exec ${label} ${pc}`, !isDeferred), flags)
          for (const insn of insns) insn.onMem(() => called(`${id} store ${label} ${pc}`, !isDeferred), MemRw.write, flags)
        })
      case "syscall":
        return api.onSyscall((_vcpu, number) => say(` ${number}`))
      case "return":
        return api.onSyscallRet((_vcpu, number) => say(` ${number}`))
      case "filter":
        return api.onSyscallFilter((_vcpu, number) => {
          say(` ${number}`)
          return undefined
        })
      case "flush":
        return api.onFlush(() => say(""))
      case "exit":
        return api.onAtExit(() => say(""))
    }
  }

  const instance = (events: ReadonlyArray<Event>) =>
    plugin((api) => {
      apis.push(api)
      return Effect.forEach(events, (event) => Effect.suspend(() => on(api, event)), { discard: true })
    })

  const act = (action: Action) => {
    if (action._tag === "install") {
      if (apis.length < maxPlugins) Effect.runSync(system!.install(instance(action.events), []))
      return
    }
    const api = apis[action.plugin]
    if (api === undefined) return
    attempt(() => api.runSync(perform(action, api)))
  }

  const attempt = (f: () => void) => {
    try {
      f()
    } catch (error) {
      lines.push((error as { readonly _tag: string })._tag)
    }
  }

  const perform = (action: Exclude<Action, { _tag: "install" }>, api: PluginApi) => {
    const id = apis.indexOf(api)
    switch (action._tag) {
      case "register":
        return on(api, action.event)
      case "remove":
        return remove(api, action.event)
      case "reset":
        return api.reset(() => {
          called(`${id} reset`)
          attempt(() => api.runSync(on(api, action.event)))
        })
      case "uninstall":
        return api.uninstall(() => called(`${id} uninstalled`))
    }
  }

  const { exit, regions } = yield* run({
    program,
    engine,
    plugins: scenario.installed.map(instance),
    before: (given) => {
      system = given
    }
  })
  Result.getOrThrow(exit)
  return { lines, regions }
})

const remove = (api: PluginApi, event: Event) =>
  ({
    init: api.onVcpuInit,
    translate: api.onTbTrans,
    syscall: api.onSyscall,
    return: api.onSyscallRet,
    filter: api.onSyscallFilter,
    flush: api.onFlush,
    exit: api.onAtExit
  })[event](undefined)
