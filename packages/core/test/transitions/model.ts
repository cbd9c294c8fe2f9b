/**
 * A plain mutable model of the plugin core, written from the description of QEMU's (reference, sections 2 and 3) with the decisions
 * of DESIGN section 5 where QEMU has a defect. It shares no code with the transitions.
 */
import type { Command, Outcome, Subject } from "./commands.ts"

interface Callback {
  readonly owner: Context
  readonly event: number
  label: number
  removed: boolean
}

interface Context {
  readonly id: number
  installing: boolean
  uninstalling: boolean
  resetting: boolean
  gone: boolean
  readonly slots: Map<number, Callback>
}

const tbTrans = 2
const atExit = 8

/** The model. */
export class Model implements Subject {
  contexts: Array<Context> = []
  lists = new Map<number, Array<Callback>>()
  mask = 0
  cpus = new Map<number, number>()
  numVcpus = 0
  boards = new Map<number, { size: number; capacity: number }>()
  nextBoard = 1
  allocSize = 16
  exited = false
  nextLabel = 1
  flushes = 0
  queues = new Map<number, Array<() => void>>()
  /** Contexts by number of installation; failed ones stay as gone. */
  installed: Array<Context> = []

  run(command: Command): Outcome {
    switch (command._tag) {
      case "install":
        return this.install(command.outcome)
      case "register":
        return this.withContext(command.plugin, (c) => this.register(c, command.event))
      case "unregister":
        return this.withContext(command.plugin, (c) => {
          if (!c.uninstalling) this.unregister(c, command.event)
          return "ok"
        })
      case "vcpuInit":
        return this.vcpuInit(command.vcpu)
      case "vcpuExit":
        if (!this.cpus.delete(command.vcpu)) return "VcpuNotLiveError"
        this.retire(command.vcpu)
        return "ok"
      case "drain": {
        for (;;) {
          const work = this.queues.get(-1)?.shift() ?? this.queues.get(command.vcpu)?.shift()
          if (work === undefined) return "ok"
          work()
        }
      }
      case "reset":
        return this.withContext(command.plugin, (c) => this.requestReset(c))
      case "uninstall":
        return this.withContext(command.plugin, (c) => this.requestUninstall(c))
      case "scoreboardNew": {
        if (command.elementSize === 0) return "ScoreboardSizeError"
        const size = command.elementSize + ((8 - (command.elementSize % 8)) % 8)
        this.boards.set(this.nextBoard, { size, capacity: this.allocSize })
        return String(this.nextBoard++)
      }
      case "scoreboardFree":
        if (!this.boards.delete(command.board)) return "FreedScoreboardError"
        this.flushes++
        return "ok"
      case "find": {
        if (!this.boards.has(command.board)) return "FreedScoreboardError"
        return command.vcpu < this.numVcpus ? "ok" : "ScoreboardIndexError"
      }
      case "fire":
        return this.fire(command.event, command.plugin, command.meanwhile)
      case "userExit":
        return this.userExit()
    }
  }

  snapshot() {
    const labels = [...this.lists]
      .filter(([, list]) => list.length > 0)
      .map(([event, list]) => [event, list.map((c) => [c.owner.id, c.label])] as const)
      .sort(([a], [b]) => a - b)
    return {
      plugins: this.contexts.map((c) => [c.id, c.installing, c.uninstalling, c.resetting]),
      labels,
      mask: this.mask,
      cpus: [...this.cpus].sort(([a], [b]) => a - b),
      numVcpus: this.numVcpus,
      boards: [...this.boards].map(([id, b]) => [id, b.size, b.capacity]),
      allocSize: this.allocSize,
      exited: this.exited,
      flushes: this.flushes
    }
  }

  private withContext(number: number, f: (context: Context) => Outcome): Outcome {
    const context = this.installed[number]
    return context === undefined || context.gone ? "UnknownPluginError" : f(context)
  }

  private install(outcome: "ok" | "fails" | "uninstallsItself"): Outcome {
    const id = this.installed.length + 1
    const slots = new Map<number, Callback>()
    const context: Context = { id, installing: true, uninstalling: false, resetting: false, gone: false, slots }
    this.installed.push(context)
    this.contexts.push(context)
    this.register(context, atExit)
    if (outcome === "ok") {
      context.installing = false
      return String(id)
    }
    for (let event = 0; event < 13; event++) this.unregister(context, event)
    this.remove(context)
    return outcome === "fails" ? "failed" : "UninstallInInstallError"
  }

  private remove(context: Context) {
    context.gone = true
    this.contexts = this.contexts.filter((c) => c !== context)
  }

  private register(context: Context, event: number): Outcome {
    const label = this.nextLabel++
    if (context.uninstalling) return "ok"
    const existing = context.slots.get(event)
    if (existing !== undefined) {
      existing.label = label
      if (event === tbTrans) this.flushes++
      return "ok"
    }
    const callback: Callback = { owner: context, event, label, removed: false }
    context.slots.set(event, callback)
    const list = this.lists.get(event) ?? []
    list.unshift(callback)
    this.lists.set(event, list)
    if ((this.mask & (1 << event)) === 0) {
      this.mask |= 1 << event
      this.updateAllCpus()
    }
    if (event === tbTrans) this.flushes++
    return "ok"
  }

  private unregister(context: Context, event: number) {
    const callback = context.slots.get(event)
    if (callback === undefined) return
    context.slots.delete(event)
    callback.removed = true
    const list = this.lists.get(event)!
    list.splice(list.indexOf(callback), 1)
    if (list.length === 0) {
      this.mask &= ~(1 << event)
      this.updateAllCpus()
    }
  }

  private updateAllCpus() {
    for (const vcpu of this.cpus.keys()) this.updateCpu(vcpu)
  }

  private updateCpu(vcpu: number) {
    const captured = this.mask
    this.queue(vcpu, () => {
      if (this.cpus.has(vcpu)) this.cpus.set(vcpu, captured)
    })
  }

  private queue(vcpu: number, work: () => void) {
    const queue = this.queues.get(vcpu) ?? []
    queue.push(work)
    this.queues.set(vcpu, queue)
  }

  /** Work of a vCPU that has ended is done by whichever drains next: queue -1. */
  private retire(vcpu: number) {
    if (vcpu === -1) return
    for (const work of this.queues.get(vcpu) ?? []) this.queue(-1, work)
    this.queues.delete(vcpu)
  }

  private vcpuInit(vcpu: number): Outcome {
    if (this.cpus.has(vcpu)) return "VcpuAlreadyLiveError"
    if (vcpu >= this.numVcpus) this.numVcpus = vcpu + 1
    this.cpus.set(vcpu, 0)
    this.updateCpu(vcpu)
    if (vcpu >= this.allocSize) {
      while (this.allocSize <= vcpu) this.allocSize += this.allocSize
      for (const board of this.boards.values()) board.capacity = this.allocSize
      if (this.boards.size > 0) this.flushes++
    }
    return "ok"
  }

  private requestReset(context: Context): Outcome {
    if (context.uninstalling || context.resetting) return "ignore"
    context.resetting = true
    this.later(() => {
      if (context.gone || !context.resetting) return
      for (let event = 0; event < 13; event++) this.unregister(context, event)
      this.register(context, 5)
      context.resetting = false
    })
    return "queue"
  }

  private requestUninstall(context: Context): Outcome {
    if (context.uninstalling) return "ignore"
    context.uninstalling = true
    context.resetting = false
    this.later(() => {
      for (let event = 0; event < 13; event++) this.unregister(context, event)
      this.remove(context)
    })
    return "queue"
  }

  /** Safe work goes to the lowest live vCPU; without one, or after the end, it happens at once. */
  private later(step: () => void) {
    if (this.cpus.size === 0 || this.exited) step()
    else this.queue(Math.min(...this.cpus.keys()), step)
  }

  private fire(event: number, number: number, meanwhile: "nothing" | "unregister" | "register" | "both"): Outcome {
    const called: Array<string> = []
    let isFirst = true
    for (const callback of (this.lists.get(event) ?? []).slice()) {
      if (callback.removed) continue
      called.push(`${callback.owner.id}:${callback.label}`)
      const other = this.installed[number]
      if (isFirst && other !== undefined && !other.gone && !other.uninstalling) {
        if (meanwhile === "unregister" || meanwhile === "both") this.unregister(other, event)
        if (meanwhile === "register" || meanwhile === "both") this.register(other, event)
      }
      isFirst = false
    }
    return called.join(" ")
  }

  private userExit(): Outcome {
    if (this.exited) return "again"
    this.exited = true
    for (let event = 0; event < 13; event++) {
      if (event !== atExit) for (const context of this.contexts) this.unregister(context, event)
    }
    return "first"
  }
}
