/** The plugins that ship with emu, by name. Each is loaded when it is asked for, so that a run pays only for its own. */
import type { Plugin } from "@emu/core/Plugin"
import type { PluginName } from "./names.ts"

/** What loads each plugin. */
export const plugins = {
  bb: async () => (await import("./bb.ts")).default,
  bbv: async () => (await import("./bbv.ts")).default,
  cache: async () => (await import("./cache.ts")).default,
  cflow: async () => (await import("./cflow.ts")).default,
  discons: async () => (await import("./discons.ts")).default,
  drcov: async () => (await import("./drcov.ts")).default,
  dump: async () => (await import("./dump.ts")).default,
  empty: async () => (await import("./empty.ts")).default,
  execlog: async () => (await import("./execlog.ts")).default,
  hotblocks: async () => (await import("./hotblocks.ts")).default,
  hotpages: async () => (await import("./hotpages.ts")).default,
  howvec: async () => (await import("./howvec.ts")).default,
  inline: async () => (await import("./inline.ts")).default,
  insn: async () => (await import("./insn.ts")).default,
  ips: async () => (await import("./ips.ts")).default,
  lockstep: async () => (await import("./lockstep.ts")).default,
  ltrace: async () => (await import("./ltrace.ts")).default,
  mem: async () => (await import("./mem.ts")).default,
  patch: async () => (await import("./patch.ts")).default,
  reset: async () => (await import("./reset.ts")).default,
  stoptrigger: async () => (await import("./stoptrigger.ts")).default,
  syscall: async () => (await import("./syscall.ts")).default,
  traps: async () => (await import("./traps.ts")).default,
  uftrace: async () => (await import("./uftrace.ts")).default,
  watch: async () => (await import("./watch.ts")).default
} satisfies Readonly<Record<PluginName, () => Promise<Plugin>>>

/** What loads the plugin of a name; undefined where there is none. */
export const findPlugin = (name: string): (() => Promise<Plugin>) | undefined =>
  Object.hasOwn(plugins, name) ? plugins[name as PluginName] : undefined
