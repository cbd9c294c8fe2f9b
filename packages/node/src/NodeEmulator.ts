/** The emulator on Node. */
import { Emulator } from "@emu/emulator/Emulator"
import * as Layer from "effect/Layer"
import * as NodeHost from "./NodeHost.ts"

/** The emulator, on the files, clocks and ids of this process. */
export const layer: Layer.Layer<Emulator> = Layer.provide(Emulator.layer, NodeHost.layer)
