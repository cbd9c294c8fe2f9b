/**
 * Resets itself at the first block that is executed, and uninstalls itself at the first one after that: a check of both.
 *
 *     reset done
 *     uninstall done
 *     plugin exit
 *
 * Fails where a callback is still called that should be gone.
 */
import * as Effect from "effect/Effect"
import * as Plugin from "@emu/core/Plugin"
import type { PluginError } from "@emu/core/PluginError"
import * as PluginOptions from "@emu/core/PluginOptions"

type Stage = "installed" | "reset" | "uninstalled"

export default Plugin.make({
  name: "reset",
  help: "reset itself, then uninstall itself, and check that nothing is left",
  options: PluginOptions.none,
  install: Effect.fnUntraced(function* (api) {
    let stage: Stage = "installed"

    /** Instruments all code; the first block that is executed with it does what comes `next`. */
    const listen = (registeredIn: Stage, next: () => Effect.Effect<void, PluginError>) =>
      api.onTbTrans((tb) => {
        tb.onExec(() => {
          if (stage !== registeredIn) throw new Error(`a callback from when it was ${registeredIn} runs when it is ${stage}`)
          api.runSync(next())
        })
      })

    const uninstall = () =>
      api.uninstall(() => {
        stage = "uninstalled"
        api.outs("uninstall done\nplugin exit\n")
      })

    const reset = () =>
      api.reset(() => {
        stage = "reset"
        api.outs("reset done\n")
        return Effect.orDie(listen("reset", uninstall))
      })

    yield* listen("installed", reset)
    yield* api.onAtExit(() => {
      if (stage !== "installed") throw new Error(`an atexit callback from when it was installed runs when it is ${stage}`)
    })
  })
})
