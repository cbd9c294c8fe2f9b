/** The emulator on Node, and the parts of its host. */
export * as NodeEmulator from "./NodeEmulator.ts"
export * as NodeHost from "./NodeHost.ts"
export { hostSignals, hostStop } from "./hostSignals.ts"
export { setWasmFlags } from "./wasmFlags.ts"
