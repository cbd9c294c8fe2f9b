/** The names of the plugins that ship with emu, for those who need no more than that. */

export const pluginNames = [
  "bb",
  "bbv",
  "cache",
  "cflow",
  "discons",
  "drcov",
  "dump",
  "empty",
  "execlog",
  "hotblocks",
  "hotpages",
  "howvec",
  "inline",
  "insn",
  "ips",
  "lockstep",
  "ltrace",
  "mem",
  "patch",
  "reset",
  "stoptrigger",
  "syscall",
  "traps",
  "uftrace",
  "watch"
] as const

/** A name of one of them. */
export type PluginName = (typeof pluginNames)[number]
