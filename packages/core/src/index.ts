/** What a plugin's author needs. */
export { CallbackFlags, InlineOp, MemRw, PluginCond } from "./Instrumentation.ts"
export { TraceKind } from "./Trace.ts"
export type { Trace, TraceBatch, TraceOptions, TraceSite } from "./Trace.ts"
export type { ExecCallback, MemCallback, MemInfo } from "./Instrumentation.ts"
export { make, PluginInstallFailure } from "./Plugin.ts"
export type { Plugin, PluginInfo } from "./Plugin.ts"
export type {
  ColdResult,
  DisconCallback,
  InsnHandle,
  PluginApi,
  RegisterHandle,
  SyscallCallback,
  SyscallFilterCallback,
  SyscallRetCallback,
  TbHandle,
  VcpuCallback
} from "./PluginApi.ts"
export * from "./PluginError.ts"
export type { Channel } from "./PluginChannels.ts"
export type { OutputFile } from "./PluginFiles.ts"
export { DisconKind } from "./PluginEvent.ts"
export * as FunctionCalls from "./FunctionCalls.ts"
export * as PluginOptions from "./PluginOptions.ts"
export * as PluginResult from "./PluginResult.ts"
export type { ModuleInfo, ProgramInfo, RegisterInfo } from "./Ports.ts"
export type { ScoreboardU64 } from "./Scoreboard.ts"
