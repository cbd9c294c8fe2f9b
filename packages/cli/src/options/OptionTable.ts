/** The options of `emu run` as data: what the parser accepts and what `--help` prints. */

/** One option. */
export interface OptionRow {
  /** The name behind `--` (or `-`, as QEMU's users write it). One letter for options that have only that. */
  readonly name: string
  /** Another name, one letter. */
  readonly letter?: string
  /** What the value is called in the help; options without take no value. */
  readonly value?: string
  /** May be given more than once; otherwise the last one counts. */
  readonly repeatable?: boolean
  /** For `--help`; a line for each element. */
  readonly help: ReadonlyArray<string>
}

export const runOptions = [
  {
    name: "plugin",
    value: "NAME|FILE[,KEY=VALUE...]",
    repeatable: true,
    help: [
      "load a plugin: one that comes with emu, a .ts or .js file (anything with a / or that suffix),",
      "or an npm package; a comma in a value is written ,,"
    ]
  },
  {
    name: "on-plugin-error",
    value: "abort|detach",
    help: [
      "a plugin that throws: abort ends the run with status 1 (the default), detach says so and",
      "goes on without the plugin"
    ]
  },
  {
    name: "plugin-format",
    value: "text|table|json",
    help: [
      "what plugins' results look like: text (QEMU's where it has the plugin), aligned tables, or one",
      "JSON document (emu plugins --schema describes it); the default is table on a terminal, else text"
    ]
  },
  {
    name: "report",
    value: "FILE",
    help: ["write plugins' results to a file as well, as the JSON document of --plugin-format json"]
  },
  {
    name: "control",
    value: "SOCKET",
    help: ["make a socket through which emu control attaches and removes plugins while the program runs"]
  },
  { name: "sysroot", letter: "L", value: "DIR", help: ["where the guest's loader and libraries are looked up first"] },
  {
    name: "symbols",
    value: "FILE",
    repeatable: true,
    help: [
      "an ELF file with the symbols of a stripped program or library, which is told by its build id or name;",
      "those in /usr/lib/debug/.build-id are found without"
    ]
  },
  {
    name: "env",
    letter: "E",
    value: "VAR=VALUE[,...]",
    repeatable: true,
    help: ["set variables in the guest's environment"]
  },
  {
    name: "unset",
    letter: "U",
    value: "VAR[,...]",
    repeatable: true,
    help: ["remove variables from the guest's environment"]
  },
  { name: "argv0", letter: "0", value: "NAME", help: ["the guest's argv[0], instead of PROGRAM as written"] },
  { name: "execfn", value: "PATH", help: ["the guest's AT_EXECFN, instead of PROGRAM's absolute path"] },
  {
    name: "stack-size",
    letter: "s",
    value: "SIZE",
    help: ["size of the guest's stack in bytes, or with suffix K, M or G (default 8M)"]
  },
  {
    name: "seed",
    value: "NUMBER",
    help: ["seed of the guest's random bytes (AT_RANDOM, getrandom); the same seed, the same run"]
  },
  {
    name: "net",
    value: "host|inside|none",
    help: [
      "how far the guest's network goes: to the host's (the default), no further than the run's own",
      "processes, which makes runs repeatable, or nowhere; see docs/networking.md"
    ]
  },
  {
    name: "publish",
    value: "[ADDRESS:]HOST:GUEST[/udp]",
    repeatable: true,
    help: ["with --net inside, let a port of the host lead to one of the guest (ADDRESS: 127.0.0.1)"]
  },
  {
    name: "log",
    letter: "d",
    value: "ITEM[,...]",
    repeatable: true,
    help: ["log what the emulator does; -d help lists the items"]
  },
  { name: "log-file", letter: "D", value: "FILE", help: ["where the log and the text of plugins go, instead of stderr"] },
  { name: "strace", help: ["log system calls, the same as -d strace"] },
  {
    name: "stats",
    help: ["at the end, print what the engine did: instructions, times, sizes of code, exits (to where the log goes)"]
  },
  { name: "one-insn-per-tb", help: ["translate every guest instruction as a block of its own"] },
  {
    name: "engine",
    value: "NAME",
    help: [
      "what executes translated code: jit (the default; hot code as WebAssembly), cold (what jit runs code in",
      "that is not hot yet), interpreter (without WebAssembly), or lockstep (jit and interpreter side by side,",
      "compared all the way; ends with a report where they differ)"
    ]
  },
  {
    name: "cache",
    value: "DIR|off",
    help: [
      "where translated code is kept, so that the next run of a program need not translate it again; the",
      "default is $XDG_CACHE_HOME/emu, else ~/.cache/emu; emu cache shows and clears it"
    ]
  },
  {
    name: "quiet",
    help: ["no warnings about unknown system calls, no line about the signal that ended the guest, no progress"]
  },
  { name: "log-level", value: "LEVEL", help: ["debug: show where an error of the emulator comes from; default info"] },
  { name: "help", letter: "h", help: ["show this help"] }
] as const satisfies ReadonlyArray<OptionRow>

/** The options of `emu plugins`. */
export const controlOptions = [
  { name: "schema", help: ["print JSON Schema of the requests and responses, which are lines of JSON"] },
  { name: "help", letter: "h", help: ["show this help"] }
] as const satisfies ReadonlyArray<OptionRow>

export const pluginsOptions = [
  {
    name: "schema",
    help: [
      "print JSON Schema instead: of a plugin's result, or without a name of the whole document that",
      "emu run --plugin-format json writes"
    ]
  },
  { name: "help", letter: "h", help: ["show this help"] }
] as const satisfies ReadonlyArray<OptionRow>

/** The options of `emu cache`. */
export const cacheOptions = [
  { name: "cache", value: "DIR", help: ["the cache that emu run --cache DIR uses, instead of the user's"] },
  { name: "help", letter: "h", help: ["show this help"] }
] as const satisfies ReadonlyArray<OptionRow>

/** Name of an option of `emu run`. */
export type RunOptionName = (typeof runOptions)[number]["name"]
