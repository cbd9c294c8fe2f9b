/**
 * What docs/plugins.md ("Rules") promises, as a plain model: it walks through what the guest executes and predicts every callback.
 * It shares no code with the plugin system.
 */
import { type Action, type Event, eventBits, maxPlugins, type Scenario, schedule } from "./commands.ts"
import { execution, isExit } from "./guest.ts"

interface Plugin {
  readonly id: number
  readonly handlers: Map<Event, number>
  state: "loaded" | "resetting" | "uninstalling" | "gone"
  isInstalling: boolean
}

/** A callback in translated code. */
interface Woven {
  readonly plugin: Plugin
  readonly label: number
}

/**
 * Predicts a run.
 *
 * @returns a line per callback: plugin, what, the label of the handler's registration, and where; and a line per refused action
 */
export const predict = (scenario: Scenario): ReadonlyArray<string> => {
  const lines: Array<string> = []
  const actions = schedule(scenario)
  const plugins: Array<Plugin> = []
  const lists = new Map<Event, ReadonlyArray<Plugin>>()
  const code = new Map<number, ReadonlyArray<Woven>>()
  const work: { any: Array<() => void>; vcpu: Array<() => void> } = { any: [], vcpu: [] }
  let calls = 0
  let labels = 0
  let mask = 0
  let heard = 0
  let isLive = false
  /** Guest code is being executed (or translated, or flushed on the way): flushes wait for the next block. */
  let inEngine = false
  /** As `inEngine`, until what was left of it is settled. */
  let inSlice = false
  let flushWanted = false
  let isFlushing = false
  let exitWanted = false
  let exited = false

  const called = (line: string, inVcpu: boolean, acts = true) => {
    lines.push(line)
    const action = actions.get(calls++)
    if (action !== undefined && acts) act(action, inVcpu)
  }

  const inCode = (what: string, { label, plugin }: Woven, block: number) =>
    called(`${plugin.id} ${what} ${label} ${block}`, true, !scenario.deferred.some((id) => id === plugin.id))

  const queue = (place: "any" | "vcpu", item: () => void) => {
    work[place].push(item)
    if (inEngine) exitWanted = true
  }

  const setMask = (next: number) => {
    if (next === mask) return
    mask = next
    if (isLive) queue("vcpu", () => (heard = next))
  }

  const hears = (event: Event) => (heard & (1 << eventBits[event])) !== 0
  const listeners = (event: Event) => lists.get(event) ?? []

  const flush = () => {
    if (isFlushing) return
    if (inEngine) flushWanted = true
    else flushNow()
  }

  /** While it is delivered there is no code: what asks for a flush then has it. */
  const flushNow = () => {
    if (isFlushing) return
    flushWanted = false
    isFlushing = true
    code.clear()
    deliver("flush", "", false)
    isFlushing = false
  }

  /** Over the list as it was; who is not in it any more is skipped; a handler that was made anew is another one. */
  const deliver = (
    event: Event,
    where: string,
    inVcpu: boolean,
    then: (plugin: Plugin, label: number) => void = () => {}
  ) => {
    const entries = listeners(event).map((plugin) => ({ plugin, entry: entryOf(plugin, event) }))
    for (const { entry, plugin } of entries) {
      if (entryOf(plugin, event) !== entry) continue
      const label = plugin.handlers.get(event)!
      called(`${plugin.id} ${event} ${label}${where}`, inVcpu)
      then(plugin, label)
    }
  }

  /** Tells a handler that was removed and made anew from one that was replaced. */
  const entryOf = (plugin: Plugin, event: Event) =>
    plugin.handlers.has(event) ? entries.get(`${plugin.id} ${event}`) : undefined
  const entries = new Map<string, number>()

  const register = (plugin: Plugin, event: Event) => {
    const label = labels++
    if (plugin.state === "uninstalling") return
    const isNew = !plugin.handlers.has(event)
    plugin.handlers.set(event, label)
    if (isNew) {
      entries.set(`${plugin.id} ${event}`, label)
      lists.set(event, [plugin, ...listeners(event)])
      setMask(mask | (1 << eventBits[event]))
    }
    if (event === "translate") flush()
  }

  const registerIfLoaded = (plugin: Plugin, event: Event) => {
    if (plugin.state !== "gone") return register(plugin, event)
    labels++
    lines.push("UnknownPluginError")
  }

  const remove = (plugin: Plugin, event: Event) => {
    if (!plugin.handlers.delete(event)) return
    const left = listeners(event).filter((other) => other !== plugin)
    lists.set(event, left)
    if (left.length === 0) setMask(mask & ~(1 << eventBits[event]))
  }

  const removeAll = (plugin: Plugin, keep?: Event) => {
    for (const event of ["init", "translate", "syscall", "return", "flush", "exit", "filter"] as const) {
      if (event !== keep) remove(plugin, event)
    }
  }

  const install = (events: ReadonlyArray<Event>) => {
    const plugin: Plugin = { id: plugins.length, handlers: new Map(), state: "loaded", isInstalling: true }
    plugins.push(plugin)
    for (const event of events) register(plugin, event)
    plugin.isInstalling = false
  }

  /** Reset and uninstall are carried out between blocks; after the end of the guest at once. */
  const defer = (plugin: Plugin, state: "resetting" | "uninstalling", inVcpu: boolean, finish: () => void) => {
    plugin.state = state
    const step = () => {
      if (plugin.state !== state) return
      flushNow()
      if (plugin.state !== state) return
      removeAll(plugin)
      called(`${plugin.id} ${state === "resetting" ? "reset" : "uninstalled"}`, false)
      finish()
    }
    if (!isLive || exited) step()
    else queue(inVcpu || inSlice ? "vcpu" : "any", step)
  }

  const act = (action: Action, inVcpu: boolean) => {
    if (action._tag === "install") {
      if (plugins.length < maxPlugins) install(action.events)
      return
    }
    const plugin = plugins[action.plugin]
    if (plugin === undefined) return
    if (action._tag === "register") return registerIfLoaded(plugin, action.event)
    if (plugin.state === "gone") {
      lines.push("UnknownPluginError")
      return
    }
    switch (action._tag) {
      case "remove":
        if (plugin.state !== "uninstalling") remove(plugin, action.event)
        return
      case "reset":
        if (plugin.state !== "loaded") return
        return defer(plugin, "resetting", inVcpu, () => {
          registerIfLoaded(plugin, action.event)
          if (plugin.state === "resetting") plugin.state = "loaded"
        })
      case "uninstall":
        if (plugin.isInstalling) {
          lines.push("UninstallInInstallError")
          return
        }
        if (plugin.state === "uninstalling") return
        return defer(plugin, "uninstalling", inVcpu, () => {
          plugin.state = "gone"
        })
    }
  }

  const drain = () => {
    for (;;) {
      const item = work.any.shift() ?? work.vcpu.shift()
      if (item === undefined) return
      item()
    }
  }

  const leave = () => {
    inEngine = false
    if (flushWanted) flushNow()
    inSlice = false
  }

  /** At the boundary before a block: what waits is done, then the block is there, translated if need be. */
  const enter = (block: number): ReadonlyArray<Woven> => {
    for (;;) {
      if (!inEngine) {
        drain()
        inEngine = true
        inSlice = true
        exitWanted = false
      }
      if (flushWanted) flushNow()
      const woven = exitWanted ? undefined : (code.get(block) ?? translate(block))
      if (woven !== undefined && !exitWanted) return woven
      leave()
    }
  }

  const translate = (block: number): ReadonlyArray<Woven> => {
    const woven: Array<Woven> = []
    if (hears("translate")) deliver("translate", ` ${block}`, true, (plugin, label) => woven.push({ plugin, label }))
    code.set(block, woven)
    return woven
  }

  for (const events of scenario.installed) install(events)
  isLive = true
  const initial = mask
  queue("vcpu", () => (heard = initial))
  deliver("init", "", true)
  for (const { block, stores, syscall } of execution) {
    const woven = enter(block)
    for (const callback of woven) inCode("exec", callback, block)
    for (let i = 0; i < stores; i++) for (const callback of woven) inCode("store", callback, block)
    if (syscall === undefined) continue
    leave()
    const [before, filters] = [hears("syscall"), hears("filter")]
    if (before) deliver("syscall", ` ${syscall}`, true)
    if (filters) deliver("filter", ` ${syscall}`, true)
    if (!isExit(syscall) && hears("return")) deliver("return", ` ${syscall}`, true)
  }
  exited = true
  for (const plugin of plugins) removeAll(plugin, "exit")
  flushNow()
  deliver("exit", "", true)
  return lines
}
