/** The whole plugin system on fakes, as something that takes the model's commands. */
import { make } from "@emu/core/Plugin"
import type { PluginApi } from "@emu/core/PluginApi"
import { PluginInstallFailure } from "@emu/core/Plugin"
import { PluginEvent } from "@emu/core/PluginEvent"
import * as PluginOptions from "@emu/core/PluginOptions"
import type { EventHandler } from "@emu/core/PluginState"
import { liveVcpus } from "@emu/core/transitions/vcpu"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { makeFakes } from "../fakes.ts"
import type { Fakes, System } from "../fakes.ts"
import type { Command, Outcome, Subject } from "../transitions/commands.ts"
import { snapshotOf } from "../transitions/subject.ts"

type Install = "ok" | "fails" | "uninstallsItself"

/** A plugin system, its plugins' APIs, and which handler carries which label. */
export class SystemSubject implements Subject {
  readonly fakes: Fakes
  readonly system: System
  nextLabel = 1
  apis: Array<PluginApi> = []
  labels = new Map<EventHandler, number>()
  called: Array<string> = []
  /** What the first handler of a fired event does; undefined where none is fired. */
  meanwhile: (() => void) | undefined

  constructor() {
    this.fakes = makeFakes()
    this.system = this.fakes.start()
  }

  run(command: Command): Outcome {
    const { system } = this
    switch (command._tag) {
      case "install":
        return this.install(command.outcome)
      case "register":
        return this.withApi(command.plugin, (api) => this.register(api, command.event))
      case "unregister":
        return this.withApi(command.plugin, (api) => on(api, command.event)(undefined))
      case "vcpuInit":
        return this.outcome(system.vcpuInit(command.vcpu))
      case "vcpuExit":
        return this.outcome(system.vcpuExit(command.vcpu))
      case "drain":
        return this.outcome(system.drain(command.vcpu))
      case "reset":
        return this.withApi(command.plugin, (api) =>
          this.asked(
            "resetting",
            api.id,
            api.reset(() => Effect.orDie(this.register(api, PluginEvent.vcpuSyscall)))
          )
        )
      case "uninstall":
        return this.withApi(command.plugin, (api) => this.asked("uninstalling", api.id, api.uninstall()))
      case "scoreboardNew":
        return this.outcome(this.apis[0]?.scoreboardNew(command.elementSize) ?? Effect.succeed("no plugin"))
      case "scoreboardFree":
        return this.outcome(this.apis[0]?.scoreboardFree(command.board) ?? Effect.succeed("no plugin"))
      case "find":
        return this.outcome(Effect.sync(() => void this.apis[0]?.scoreboardFind(command.board, command.vcpu)))
      case "fire":
        return this.fire(command)
      case "userExit": {
        const { exited } = system.state()
        this.outcome(system.userExit(0))
        return exited ? "again" : "first"
      }
    }
  }

  snapshot(): object {
    return snapshotOf(this.system.state(), this.labels)
  }

  /** The outcome of an effect that nothing can hold up: its value, `ok`, or the tag of its error. */
  private outcome(effect: Effect.Effect<string | number | bigint | void | undefined, unknown>): Outcome {
    const exit = Effect.runSyncExit(effect)
    if (exit._tag === "Success") return exit.value === undefined ? "ok" : String(exit.value)
    return (Cause.squash(exit.cause) as { readonly _tag: string })._tag
  }

  private withApi(number: number, use: (api: PluginApi) => Effect.Effect<string | void, unknown>): Outcome {
    const api = this.apis[number]
    return api === undefined ? "UnknownPluginError" : this.outcome(use(api))
  }

  /** Asks on the lowest live vCPU; tells whether the request was taken. */
  private asked(flag: "resetting" | "uninstalling", id: bigint, request: Effect.Effect<void, unknown>) {
    return Effect.suspend(() => {
      const before = this.system.state()
      const plugin = before.plugins.find((p) => p.id === id)
      const isBusy = plugin?.phase === "uninstalling" || plugin?.phase === flag
      this.system.scope.vcpu = liveVcpus(before)[0] ?? -1
      return Effect.as(request, isBusy ? "ignore" : "queue").pipe(
        Effect.ensuring(Effect.sync(() => (this.system.scope.vcpu = -1)))
      )
    })
  }

  private install(outcome: Install): Outcome {
    const plugin = make({
      name: "p",
      help: "for a test",
      options: PluginOptions.none,
      install: (api) =>
        Effect.gen({ self: this }, function* () {
          this.apis.push(api)
          yield* this.register(api, PluginEvent.atExit)
          if (outcome === "fails") return yield* new PluginInstallFailure({ message: "failed" })
          if (outcome === "uninstallsItself") yield* api.uninstall()
          return undefined
        })
    })
    const result = this.outcome(this.system.install(plugin, []))
    return result === "PluginInstallFailure" ? "failed" : result
  }

  private register(api: PluginApi, event: PluginEvent) {
    const label = this.nextLabel
    const handler = () => {
      if (this.meanwhile === undefined) return
      this.called.push(`${api.id}:${label}`)
      const first = this.called.length === 1 ? this.meanwhile : undefined
      first?.()
    }
    return Effect.map(on(api, event)(handler), () => {
      this.labels.set(handler, this.nextLabel++)
    })
  }

  /** Only flushes can be fired at will. */
  private fire({ event, meanwhile, plugin }: Extract<Command, { _tag: "fire" }>): Outcome {
    if (event !== PluginEvent.flush) return "not fired"
    this.called = []
    this.meanwhile = () => {
      const api = this.apis[plugin]
      const isBusy = (this.system.state().plugins.find((p) => p.id === api?.id)?.phase ?? "uninstalling") === "uninstalling"
      if (api === undefined || isBusy) return
      if (meanwhile === "unregister" || meanwhile === "both") this.outcome(on(api, event)(undefined))
      if (meanwhile === "register" || meanwhile === "both") this.outcome(this.register(api, event))
    }
    this.fakes.engine.flushed()
    this.meanwhile = undefined
    return this.called.join(" ")
  }
}

const on = (api: PluginApi, event: PluginEvent) => {
  const functions: Partial<Record<PluginEvent, PluginApi["onFlush"]>> = {
    [PluginEvent.vcpuInit]: api.onVcpuInit,
    [PluginEvent.vcpuTbTrans]: api.onTbTrans,
    [PluginEvent.vcpuSyscall]: api.onSyscall,
    [PluginEvent.flush]: api.onFlush,
    [PluginEvent.atExit]: api.onAtExit,
    [PluginEvent.vcpuSyscallFilter]: api.onSyscallFilter as PluginApi["onFlush"]
  }
  return functions[event]!
}
