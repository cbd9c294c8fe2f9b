/** What running a program needs of the plugin system. */
import { ExclusiveSections } from "@emu/core/ExclusiveSections"
import { Scoreboards } from "@emu/core/Scoreboards"
import { VcpuLifeCycle } from "@emu/core/VcpuLifeCycle"
import * as Effect from "effect/Effect"

/** The plugin system's services for the driver of vCPUs. */
export interface PluginServices {
  readonly vcpus: VcpuLifeCycle["Service"]
  readonly sections: ExclusiveSections["Service"]
  readonly scoreboards: Scoreboards["Service"]
}

/** Takes them from the context. */
export const pluginServices: Effect.Effect<PluginServices, never, VcpuLifeCycle | ExclusiveSections | Scoreboards> =
  Effect.all({ vcpus: VcpuLifeCycle, sections: ExclusiveSections, scoreboards: Scoreboards })
