/** Node as the host of guests: its files, clocks and facts, and the files and connections of plugins. */
import type { PluginFiles } from "@emu/core/PluginFiles"
import type { HostClock } from "@emu/guest/HostClock"
import type { HostFs } from "@emu/guest/HostFs"
import type { HostInfo } from "@emu/guest/HostInfo"
import type { HostNetwork } from "@emu/guest/HostNetwork"
import * as Layer from "effect/Layer"
import * as NodeHostClock from "./NodeHostClock.ts"
import * as NodeHostFs from "./NodeHostFs.ts"
import * as NodeHostInfo from "./NodeHostInfo.ts"
import * as NodeHostNetwork from "./NodeHostNetwork.ts"
import { pluginChannels } from "./NodePluginChannels.ts"
import { nodePluginFiles } from "./NodePluginFiles.ts"

/** All of the host. */
export const layer: Layer.Layer<HostFs | HostClock | HostInfo | HostNetwork | PluginFiles> = Layer.mergeAll(
  NodeHostClock.layer,
  NodeHostFs.layer,
  NodeHostInfo.layer,
  NodeHostNetwork.layer,
  nodePluginFiles,
  pluginChannels
)
