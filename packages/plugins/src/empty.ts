/** Asks to see every block and does nothing with it: what the plugin system itself costs. */
import * as Plugin from "@emu/core/Plugin"
import * as PluginOptions from "@emu/core/PluginOptions"

export default Plugin.make({
  name: "empty",
  help: "do nothing at each translated block",
  options: PluginOptions.struct({}),
  install: (api) => api.onTbTrans(() => {})
})
