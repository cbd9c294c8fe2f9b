/** What is to be reached with plugins: emu's time with the plugin over QEMU's time without any. */

/** A plugin with its goals. */
export interface PluginFigure {
  /** What the table calls it. */
  readonly name: string
  /** What `--plugin` gets, with a directory for the files that it writes; undefined for a run without plugins. */
  readonly plugin: ((directory: string) => string) | undefined
  /** How great the ratio may be, and should be; undefined where there is no goal. */
  readonly goal: { readonly must: number; readonly aim: number } | undefined
  /** QEMU's own slow-down by its plugin (QEMU 10.2 without plugins is 1). */
  readonly qemu: number | undefined
}

/** In the table's order. */
export const pluginFigures: ReadonlyArray<PluginFigure> = [
  { name: "none", plugin: undefined, goal: undefined, qemu: undefined },
  { name: "empty", plugin: () => "empty", goal: undefined, qemu: 1.15 },
  { name: "drcov", plugin: (to) => `drcov,filename=${to}/drcov`, goal: { must: 1, aim: 0.7 }, qemu: 6.2 },
  { name: "hotblocks inline", plugin: () => "hotblocks,inline=on", goal: { must: 1, aim: 0.7 }, qemu: 1.26 },
  { name: "howvec inline", plugin: () => "howvec,inline=on", goal: { must: 1.1, aim: 0.8 }, qemu: 2.26 },
  { name: "bbv", plugin: (to) => `bbv,outfile=${to}/bbv`, goal: { must: 1.1, aim: 0.8 }, qemu: 1.48 },
  { name: "cache (L1I + L1D)", plugin: () => "cache", goal: { must: 30, aim: 10 }, qemu: 67 },
  { name: "hotpages", plugin: () => "hotpages", goal: { must: 6, aim: 3 }, qemu: 13.5 },
  { name: "cflow", plugin: () => "cflow", goal: { must: 6, aim: 3 }, qemu: 14.2 },
  { name: "insn, callback", plugin: () => "insn", goal: { must: 30, aim: 15 }, qemu: 18 },
  { name: "mem, callback", plugin: () => "mem,callback=on", goal: { must: 8, aim: 4 }, qemu: 4.1 }
]
