/**
 * A plain mutable model of what plugins that fail lead to, written from docs/plugins.md. It shares
 * no code with the plugin system.
 */
import type { Callback, Command, How, Snapshot, Subject } from "./commands.ts"

interface Plugin {
  readonly id: number
  readonly how: Partial<Record<Callback, How>>
  phase: "loaded" | "resetting" | "uninstalling" | "gone"
  listens: "to everything" | "to atexit" | "to nothing"
  trace: { records: number; vcpu: number } | undefined
}

type Work = () => string

const failed = "PluginCallbackError"
const exits = "ExitRequest"

export class Model implements Subject {
  readonly all: Array<Plugin> = []
  /** In the order in which handlers are called. */
  handlers: Array<Plugin> = []
  /** In the order in which they were made. */
  traced: Array<Plugin> = []
  readonly vcpus = new Set<number>()
  readonly work = new Map<number, Array<Work>>()
  readonly afterFlush: Array<Work> = []
  readonly log: Array<string> = []
  isFlushing = false
  exited = false
  /** Whose failure a trace or a flush has ended with. */
  culprit = 0
  readonly onError: "abort" | "detach"

  constructor(onError: "abort" | "detach") {
    this.onError = onError
  }

  snapshot(): Snapshot {
    return {
      plugins: this.all.filter((p) => p.phase !== "gone").map((p) => [p.id, p.phase]),
      vcpus: [...this.vcpus].sort((a, b) => a - b),
      traces: this.traced.length,
      log: [...this.log]
    }
  }

  run(command: Command): string {
    switch (command._tag) {
      case "install": {
        if (this.all.length === 3) return "ok"
        const id = this.all.length + 1
        const plugin: Plugin = { id, how: { ...command.how }, phase: "loaded", listens: "to nothing", trace: undefined }
        this.all.push(plugin)
        this.register(plugin)
        return "ok"
      }
      case "behave": {
        const plugin = this.all[command.plugin]
        if (plugin !== undefined) plugin.how[command.callback] = command.how
        return "ok"
      }
      case "vcpuInit": {
        if (this.vcpus.has(command.vcpu)) return "VcpuAlreadyLiveError"
        this.vcpus.add(command.vcpu)
        const settled = this.settle()
        return settled === "ok" ? this.deliver("init") : settled
      }
      case "vcpuExit": {
        if (!this.vcpus.has(command.vcpu)) return "VcpuNotLiveError"
        const outcome = this.deliver("exit")
        this.vcpus.delete(command.vcpu)
        for (const item of this.work.get(command.vcpu) ?? []) this.queue(-1, item)
        this.work.delete(command.vcpu)
        return outcome
      }
      case "idle":
        return this.vcpus.has(command.vcpu) ? this.deliver("idle") : "ok"
      case "slice": {
        const others = this.traced.filter((p) => p.trace!.vcpu !== command.vcpu)
        const traces = others.map((p) => p.trace!)
        const drained = this.drainEach(others)
        for (const trace of traces) trace.vcpu = command.vcpu
        if (drained !== "ok") return drained
        for (const { trace } of this.traced) trace!.records++
        this.log.push("slice")
        return "ok"
      }
      case "drainTraces":
        return this.drainEach([...this.traced])
      case "flush":
        this.flushed()
        return "ok"
      case "drain":
        for (;;) {
          const item = this.work.get(-1)?.shift() ?? this.work.get(command.vcpu)?.shift()
          const outcome = item?.()
          if (outcome === undefined) return "ok"
          if (outcome !== "ok") return outcome
        }
      case "reset":
        return this.ask(command.plugin, "resetting")
      case "uninstall":
        return this.ask(command.plugin, "uninstalling")
      case "hostReset":
        return this.byHost(command.plugin, (p) => this.hostReset(p))
      case "hostUninstall":
        return this.byHost(command.plugin, (p) => this.hostUninstall(p))
      case "hostFail": {
        const plugin = this.all[command.plugin]
        if (plugin === undefined || plugin.phase === "gone") return "ok"
        if (this.exited) this.log.push(`told of ${plugin.id}`)
        else if (!this.survives(plugin)) this.queue(-1, () => failed)
        return "ok"
      }
      case "userExit":
        return this.userExit()
    }
  }

  private register(plugin: Plugin) {
    plugin.listens = "to everything"
    this.handlers = [plugin, ...this.handlers]
    plugin.trace = { records: 0, vcpu: 0 }
    this.traced.push(plugin)
  }

  private unregister(plugin: Plugin) {
    plugin.listens = "to nothing"
    this.handlers = this.handlers.filter((other) => other !== plugin)
    this.traced = this.traced.filter((other) => other !== plugin)
    plugin.trace = undefined
  }

  private release(plugin: Plugin) {
    this.unregister(plugin)
    plugin.phase = "gone"
  }

  private queue(vcpu: number, item: Work) {
    this.work.set(vcpu, [...(this.work.get(vcpu) ?? []), item])
  }

  private survives(plugin: Plugin): boolean {
    if (this.onError === "abort") return false
    if (plugin.phase === "gone") return true
    this.log.push(`told of ${plugin.id}`)
    this.release(plugin)
    this.flushed()
    return true
  }

  /** Calls a callback: what it ends with, before anybody asks whether the run goes on. */
  private call(plugin: Plugin, callback: Callback, hasVcpu: boolean): string {
    this.log.push(`${plugin.id} ${callback}`)
    const how = plugin.how[callback] ?? "fine"
    if (how === "throws" || (how === "effectFails" && callback !== "trace")) return failed
    if (how === "exits") return hasVcpu ? exits : failed
    return "ok"
  }

  private deliver(callback: "init" | "exit" | "idle"): string {
    const entries = this.handlers.map((plugin) => ({ plugin, trace: plugin.trace }))
    for (const { plugin, trace } of entries) {
      if (plugin.listens !== "to everything" || plugin.trace !== trace) continue
      const outcome = this.call(plugin, callback, true)
      if (outcome === "ok" || (outcome === failed && this.survives(plugin))) continue
      return outcome
    }
    return "ok"
  }

  private flushed() {
    if (this.isFlushing) return
    this.isFlushing = true
    for (const plugin of this.handlers) {
      if (plugin.listens !== "to everything") continue
      const outcome = this.call(plugin, "flush", false)
      const how = plugin.how.flush ?? "fine"
      const fails = () => {
        this.culprit = plugin.id
        return failed
      }
      if (how === "effectFails") this.later(() => (this.survives(plugin) ? "ok" : fails()))
      else if (how === "effect") this.later(() => "ok")
      else if (outcome === failed && !this.survives(plugin)) this.later(fails)
    }
    this.isFlushing = false
  }

  private later(item: Work) {
    this.afterFlush.push(item)
    this.queue(-1, () => this.settle())
  }

  private settle(): string {
    for (;;) {
      const outcome = this.afterFlush.shift()?.()
      if (outcome === undefined) return "ok"
      if (outcome !== "ok") return outcome
    }
  }

  private drainEach(plugins: ReadonlyArray<Plugin>): string {
    let first = "ok"
    for (const plugin of plugins) {
      if (plugin.trace === undefined || plugin.trace.records === 0) continue
      plugin.trace.records = 0
      const outcome = this.call(plugin, "trace", true)
      if (outcome === "ok" || (outcome === failed && this.survives(plugin))) continue
      if (first !== "ok") continue
      first = outcome
      this.culprit = plugin.id
    }
    return first
  }

  private ask(number: number, phase: "resetting" | "uninstalling"): string {
    const plugin = this.all[number]
    if (plugin === undefined || plugin.phase === "gone") return "UnknownPluginError"
    if (plugin.phase === "uninstalling" || plugin.phase === phase) return "ok"
    plugin.phase = phase
    if (this.vcpus.size === 0 || this.exited) return this.step(plugin, phase, true)
    this.queue(-1, () => this.step(plugin, phase, true))
    return "ok"
  }

  /** What others fail with keeps it from nothing, and comes out at the end. */
  private step(plugin: Plugin, phase: "resetting" | "uninstalling", hasDone: boolean): string {
    if (plugin.phase !== phase) return "ok"
    const drained = this.drainEach([plugin])
    this.flushed()
    const settled = this.settle()
    const first = drained === "ok" ? settled : drained
    if (plugin.phase !== phase) return first
    this.unregister(plugin)
    let done = hasDone ? this.call(plugin, "done", false) : "ok"
    if (done === failed && this.survives(plugin)) done = "ok"
    if (plugin.phase === phase) {
      if (phase === "resetting") plugin.phase = "loaded"
      else this.release(plugin)
    }
    return first === "ok" ? done : first
  }

  private byHost(number: number, act: (plugin: Plugin) => string): string {
    if (this.exited) return "ProgramEndedError"
    const plugin = this.all[number]
    if (plugin === undefined || plugin.phase === "gone") return "UnknownPluginError"
    return plugin.phase === "loaded" ? act(plugin) : "PluginBusyError"
  }

  /** A request to exit is not an answer: it goes to a vCPU. */
  private asAnswer(vcpu: number, outcome: string): string {
    if (outcome !== exits) return outcome
    this.queue(vcpu, () => exits)
    return "ok"
  }

  private toRun(outcome: string) {
    if (outcome !== "ok") this.queue(-1, () => outcome)
  }

  private hostReset(plugin: Plugin): string {
    const delivered = this.asAnswer(-1, this.drainEach([plugin]))
    if (delivered !== "ok") return delivered
    if (isGone(plugin)) return "UnknownPluginError"
    plugin.phase = "resetting"
    this.toRun(this.step(plugin, "resetting", false))
    if (isGone(plugin)) return "UnknownPluginError"
    this.register(plugin)
    for (const vcpu of [...this.vcpus].sort((a, b) => a - b)) {
      const outcome = this.asAnswer(vcpu, this.call(plugin, "init", true))
      if (outcome === "ok") continue
      this.release(plugin)
      return outcome
    }
    return "ok"
  }

  private hostUninstall(plugin: Plugin): string {
    let answer = this.asAnswer(-1, this.drainEach([plugin]))
    if (answer === "ok" && plugin.listens !== "to nothing") answer = this.call(plugin, "atexit", false)
    if (!isGone(plugin)) {
      plugin.phase = "uninstalling"
      this.toRun(this.step(plugin, "uninstalling", false))
    }
    return answer
  }

  private userExit(): string {
    const failures: Array<number> = []
    if (this.drainEach([...this.traced]) === failed) failures.push(this.culprit)
    if (this.exited) return "ok"
    for (let others = [...this.vcpus].filter((vcpu) => vcpu !== 0).length; others > 0; others--) {
      for (const { plugin, trace } of this.handlers.map((heard) => ({ plugin: heard, trace: heard.trace }))) {
        if (plugin.listens !== "to everything" || plugin.trace !== trace) continue
        if (this.call(plugin, "exit", true) === failed && !this.survives(plugin)) failures.push(plugin.id)
      }
    }
    this.exited = true
    for (const plugin of this.handlers) plugin.listens = "to atexit"
    this.flushed()
    if (this.settle() === failed) failures.push(this.culprit)
    for (const plugin of this.handlers) {
      if (this.call(plugin, "atexit", false) === failed && !this.survives(plugin)) failures.push(plugin.id)
    }
    // the first failure is the outcome; the user is told of the others
    for (const id of failures.slice(1)) this.log.push(`told of ${id}`)
    return failures.length > 0 ? failed : "ok"
  }
}

const isGone = (plugin: Plugin): boolean => plugin.phase === "gone"
