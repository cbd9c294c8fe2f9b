/**
 * What Node is to be started with: options that no program can set later, and such that cost time then. The command works without
 * them, only slower. `bin/emu` and the published `emu` pass them; scripts/bundle.ts writes them where these find them.
 */
import { wasmFlags } from "@emu/node/wasmFlags"

/** Options that any Node knows, so that one that is too old still gets as far as saying so. */
export const optionsOfAnyNode = [
  // V8's helpers leave a core to the guest. Node's four would take turns with it while modules are compiled (two cores,
  // the kernel `wide`: 13 % of the whole time).
  "--v8-pool-size=0",
  // Room for what a short run allocates: no collection of garbage while the command starts (3 ms).
  "--min-semi-space-size=16"
]

/** Options for the Node that emu is made for. */
export const nodeOptions = [...optionsOfAnyNode, ...wasmFlags]
