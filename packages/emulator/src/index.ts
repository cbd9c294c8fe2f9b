/** Running guests from code: the emulator, its options, and what a run leaves. */
export { Emulator } from "./Emulator.ts"
export { NoSuchPluginError } from "./Guest.ts"
export type {
  EmulatorError,
  Guest,
  GuestExit,
  GuestPlugins,
  InstallError,
  Output,
  RunError,
  RunResult,
  StartError
} from "./Guest.ts"
export * as MemoryHost from "./MemoryHost.ts"
export type {
  EngineMaker,
  EngineName,
  OptionValue,
  PluginResults,
  PluginUse,
  PluginUses,
  Program,
  RunOptions
} from "./RunOptions.ts"
