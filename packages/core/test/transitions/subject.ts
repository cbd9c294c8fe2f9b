/** The state under test: the pure transitions, with queues beside them that carry out what they ask for. */
import * as HashMap from "effect/HashMap"
import * as Result from "effect/Result"
import { PluginEvent } from "@emu/core/PluginEvent"
import type { PluginError } from "@emu/core/PluginError"
import * as State from "@emu/core/PluginState"
import type { Action, Checked, EventHandler, PluginState, Transition } from "@emu/core/PluginState"
import * as Lifecycle from "@emu/core/transitions/lifecycle"
import * as Registration from "@emu/core/transitions/registration"
import * as Scoreboard from "@emu/core/transitions/scoreboard"
import * as UserExit from "@emu/core/transitions/userExit"
import * as Vcpu from "@emu/core/transitions/vcpu"
import type { Command, Outcome, Subject } from "./commands.ts"

/** The transitions that a test may replace by broken ones. */
export const transitions = { ...Lifecycle, ...Registration, ...Scoreboard, ...UserExit, ...Vcpu }
export type Transitions = typeof transitions

/** A fresh state under the given transitions. */
export class StateSubject implements Subject {
  state: PluginState = State.empty
  flushes = 0
  nextLabel = 1
  installed: Array<bigint> = []
  labels = new Map<EventHandler, number>()
  queues = new Map<number, Array<() => void>>()
  readonly t: Transitions

  constructor(t: Transitions = transitions) {
    this.t = t
  }

  run(command: Command): Outcome {
    const { t } = this
    switch (command._tag) {
      case "install":
        return this.install(command.outcome)
      case "register":
        return this.register(this.id(command.plugin), command.event)
      case "unregister":
        return this.acting((s) => t.register(s, this.id(command.plugin), command.event, undefined))
      case "vcpuInit": {
        const growth = t.growthFor(this.state, command.vcpu)
        const placements = growth?.boards.map((b, i) => ({ scoreboard: b.id, byteOffset: 4096 * i })) ?? []
        return this.acting((s) => t.vcpuInit(s, command.vcpu, placements))
      }
      case "vcpuExit": {
        const outcome = this.checked((s) => t.beginVcpuExit(s, command.vcpu))
        if (outcome !== "ok") return outcome
        this.state = t.endVcpuExit(this.state, command.vcpu)
        this.retire(command.vcpu)
        return outcome
      }
      case "drain": {
        for (;;) {
          const work = this.queues.get(-1)?.shift() ?? this.queues.get(command.vcpu)?.shift()
          if (work === undefined) return "ok"
          work()
        }
      }
      case "reset":
        return this.request(t.requestReset, this.id(command.plugin), (id) => {
          const { actions, done } = this.apply((s) => t.performReset(s, id))
          this.carryOut(actions)
          if (!done) return
          this.register(id, PluginEvent.vcpuSyscall)
          this.apply((s) => t.endReset(s, id))
        })
      case "uninstall":
        return this.request(t.requestUninstall, this.id(command.plugin), (id) => {
          this.carryOut(this.apply((s) => t.performUninstall(s, id)).actions)
          this.carryOut(this.apply((s) => t.release(s, id)))
        })
      case "scoreboardNew":
        return this.checked((s) => t.scoreboardNew(s, command.elementSize, 0))
      case "scoreboardFree":
        return this.acting((s) => t.scoreboardFree(s, command.board))
      case "find":
        return tagOf(Result.map(t.elementOffset(this.state, command.board, command.vcpu), () => undefined))
      case "fire":
        return this.fire(command)
      case "userExit": {
        const { actions, first } = this.apply(t.userExit)
        this.carryOut(actions)
        return first ? "first" : "again"
      }
    }
  }

  snapshot(): object {
    return { ...snapshotOf(this.state, this.labels), flushes: this.flushes }
  }

  /** Never given to a plugin: 0n. */
  private id(number: number): bigint {
    return this.installed[number] ?? 0n
  }

  private apply<A>(transition: (state: PluginState) => Transition<A>): A {
    const [result, next] = transition(this.state)
    this.state = next
    return result
  }

  private checked<A extends string | number | bigint | void>(
    transition: (state: PluginState) => Checked<A, PluginError>
  ): Outcome {
    return tagOf(Result.map(transition(this.state), ([result, next]) => ((this.state = next), result)))
  }

  private acting(transition: (state: PluginState) => Checked<ReadonlyArray<Action>, PluginError>): Outcome {
    const result = transition(this.state)
    if (Result.isFailure(result)) return result.failure._tag
    const [actions, next] = result.success
    this.state = next
    this.carryOut(actions)
    return "ok"
  }

  private carryOut(actions: ReadonlyArray<Action>) {
    for (const action of actions) {
      if (action.kind === "flush") this.flushes++
      else if (action.kind === "updateMask")
        this.queue(action.vcpu, () => this.apply((s) => this.t.receiveMask(s, action.vcpu, action.mask)))
    }
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

  private install(outcome: "ok" | "fails" | "uninstallsItself"): Outcome {
    const id = this.apply((s) => this.t.beginInstall(s, "p", []))
    this.installed.push(id)
    this.register(id, PluginEvent.atExit)
    if (outcome === "ok") {
      this.checked((s) => this.t.endInstall(s, id))
      return String(id)
    }
    const failure = outcome === "fails" ? "failed" : this.checked((s) => this.t.requestUninstall(s, id))
    this.carryOut(this.apply((s) => this.t.release(s, id)))
    return failure
  }

  private register(id: bigint, event: PluginEvent): Outcome {
    const handler = () => undefined
    const outcome = this.acting((s) => this.t.register(s, id, event, handler))
    if (outcome === "ok") this.labels.set(handler, this.nextLabel++)
    return outcome
  }

  private request(
    transition: Transitions["requestReset"] | Transitions["requestUninstall"],
    id: bigint,
    step: (id: bigint) => void
  ): Outcome {
    const result = transition(this.state, id)
    if (Result.isFailure(result)) return result.failure._tag
    const [request, next] = result.success
    this.state = next
    if (request === "queue") {
      const place = this.t.placeOfDeferred(this.state, this.t.liveVcpus(this.state)[0] ?? -1)
      if (place === "now") step(id)
      else this.queue(place, () => step(id))
    }
    return request
  }

  private fire({ event, meanwhile, plugin }: Extract<Command, { _tag: "fire" }>): Outcome {
    const called: Array<string> = []
    for (const [i, node] of State.registrations(this.state, event).entries()) {
      const handler = this.t.currentHandler(this.state, node)
      if (handler === undefined) continue
      called.push(`${node.plugin}:${this.labels.get(handler)}`)
      if (i > 0) continue
      const id = this.id(plugin)
      const isBusy = (this.state.plugins.find((p) => p.id === id)?.phase ?? "uninstalling") === "uninstalling"
      if (isBusy) continue
      if (meanwhile === "unregister" || meanwhile === "both") this.acting((s) => this.t.register(s, id, event, undefined))
      if (meanwhile === "register" || meanwhile === "both") this.register(id, event)
    }
    return called.join(" ")
  }
}

/** What of a state the model knows; `labels` names the handlers. */
export const snapshotOf = (state: PluginState, labels: ReadonlyMap<EventHandler, number>) => ({
  plugins: state.plugins.map(({ id, phase }) => [
    Number(id),
    phase.startsWith("installing"),
    phase === "uninstalling",
    phase === "resetting" || phase === "installing, reset pending"
  ]),
  labels: [...state.callbacks]
    .filter(([, list]) => list.length > 0)
    .map(([event, list]) => [event, list.map((r) => [Number(r.plugin), labels.get(r.handler)])] as const)
    .sort(([a], [b]) => a - b),
  mask: State.eventMask(state),
  cpus: Array.from(state.vcpus, ([vcpu, { mask }]) => [vcpu, mask] as const).sort(([a], [b]) => a - b),
  numVcpus: state.numVcpus,
  boards: Array.from(HashMap.values(state.scoreboards), (b) => [b.id, b.elementSize, b.capacity] as const).sort(
    ([a], [b]) => a - b
  ),
  allocSize: state.scoreboardSize,
  exited: state.exited
})

const tagOf = (result: Result.Result<string | number | bigint | void, { readonly _tag: string }>): Outcome => {
  if (Result.isFailure(result)) return result.failure._tag
  return result.success === undefined ? "ok" : String(result.success)
}
