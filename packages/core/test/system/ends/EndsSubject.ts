/** The plugin system on fakes, with plugins that do in their callbacks what a scenario says. */
import { make } from "@emu/core/Plugin"
import type { PluginApi } from "@emu/core/PluginApi"
import type { PluginCallbackError } from "@emu/core/PluginError"
import { PluginFailures } from "@emu/core/PluginFailures"
import * as PluginOptions from "@emu/core/PluginOptions"
import { liveVcpus } from "@emu/core/transitions/vcpu"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { append, type Fakes, makeFakes, type System } from "../../fakes.ts"
import type { Callback, Command, How, Snapshot, Subject } from "./commands.ts"

export class EndsSubject implements Subject {
  readonly fakes: Fakes
  readonly system: System
  readonly log: Array<string> = []
  readonly apis: Array<PluginApi> = []
  readonly how: Array<Partial<Record<Callback, How>>> = []

  constructor(onError: "abort" | "detach") {
    this.fakes = makeFakes()
    // p1, or #1 where it is gone
    const report = (error: PluginCallbackError) => void this.log.push(`told of ${error.plugin.slice(1)}`)
    this.system = Effect.runSync(Effect.provideService(this.fakes.started, PluginFailures, { onError, report }))
  }

  snapshot(): Snapshot {
    const state = this.system.state()
    return {
      plugins: state.plugins.map(({ id, phase }) => [Number(id), phase]),
      vcpus: liveVcpus(state),
      traces: state.traces.length,
      log: [...this.log]
    }
  }

  run(command: Command): string {
    const { host, ...system } = this.system
    switch (command._tag) {
      case "install":
        if (this.apis.length === 3) return "ok"
        this.how.push({ ...command.how })
        return this.outcome(this.system.install(this.plugin(this.apis.length), []))
      case "behave": {
        const how = this.how[command.plugin]
        if (how !== undefined) how[command.callback] = command.how
        return "ok"
      }
      case "vcpuInit":
        return this.outcome(system.vcpuInit(command.vcpu))
      case "vcpuExit":
        return this.outcome(system.vcpuExit(command.vcpu))
      case "idle":
        return this.outcome(system.vcpuIdle(command.vcpu))
      case "slice":
        return this.outcome(
          system.runSlice(command.vcpu, () => {
            for (const { trace } of system.state().traces) append(this.fakes, trace, 1)
            this.log.push("slice")
          })
        )
      case "drainTraces":
        return system.drainTraces()?._tag ?? "ok"
      case "flush":
        this.fakes.engine.flushed()
        return "ok"
      case "drain":
        return this.outcome(system.drain(command.vcpu))
      case "reset":
      case "uninstall": {
        const api = this.apis[command.plugin]
        if (api === undefined) return "UnknownPluginError"
        return this.outcome(api[command._tag](() => this.act(command.plugin, "done") as undefined))
      }
      case "hostReset":
        return this.outcome(host.reset(BigInt(command.plugin + 1)))
      case "hostUninstall":
        return this.outcome(host.uninstall(BigInt(command.plugin + 1)))
      case "hostFail":
        host.fail(BigInt(command.plugin + 1), new Error("boom"))
        return "ok"
      case "userExit":
        return this.outcome(system.userExit(0))
    }
  }

  /**
   * Nothing waits, so everything ends at once; nobody is left in guest code or an exclusive
   * section, and no callback runs.
   */
  private outcome(effect: Effect.Effect<unknown, unknown>): string {
    const exit = Effect.runSyncExit(effect)
    const { scope, withExclusive } = this.system
    Effect.runSync(withExclusive(0, Effect.void))
    if (scope.vcpu !== -1) return `the scope is left at ${scope.vcpu}`
    if (exit._tag === "Success") return "ok"
    return (Cause.squash(exit.cause) as { readonly _tag: string })._tag
  }

  private act(number: number, callback: Callback): unknown {
    const api = this.apis[number]!
    this.log.push(`${api.id} ${callback}`)
    switch (this.how[number]![callback]) {
      case "throws":
        throw new Error("boom")
      case "exits":
        return api.exit(3)
      case "effect":
        return Effect.yieldNow
      case "effectFails":
        return Effect.die("boom")
      default:
        return undefined
    }
  }

  private plugin(number: number) {
    const does = (callback: Callback) => () => this.act(number, callback) as undefined
    return make({
      name: `p${number + 1}`,
      help: "for a test",
      options: PluginOptions.none,
      install: (api) =>
        Effect.gen({ self: this }, function* () {
          this.apis[number] = api
          yield* api.trace({ records: 64, onBatch: does("trace") })
          yield* api.onVcpuInit(does("init"))
          yield* api.onVcpuExit(does("exit"))
          yield* api.onVcpuIdle(does("idle"))
          yield* api.onFlush(does("flush"))
          yield* api.onAtExit(does("atexit"))
        })
    })
  }
}
