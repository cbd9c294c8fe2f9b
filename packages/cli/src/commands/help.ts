/** The texts of `--help`. */
import { cacheOptions, controlOptions, pluginsOptions, runOptions, type OptionRow } from "../options/OptionTable.ts"

export const mainHelp = `Runs RISC-V 64 Linux programs under TypeScript plugins.

Usage:
  emu run [options] [--] PROGRAM [ARG...]   run a program; emu run --help lists the options
  emu plugins [NAME|FILE...]                list the plugins that come with emu, or show their options
  emu plugin new NAME                       write a plugin, with a test, to begin with
  emu control SOCKET attach|list|...        attach plugins to a program that runs; see emu control --help
  emu cache [clear]                         show or empty the translation cache; see emu cache --help
  emu completion bash|zsh|fish              print what completes command lines in a shell
  emu --help                                show this help
  emu --version                             show the version

Examples:
  emu run ./hello
  emu run --plugin insn --plugin mem,track=w ./hello
  emu run --plugin ./my-plugin.ts,limit=5 ./hello first-argument
  emu run -L /usr/riscv64-linux-gnu -E LANG=C ./dynamic -v
`

const optionLine = (row: OptionRow): string => {
  const long = row.name.length > 1 ? `--${row.name}` : `-${row.name}`
  const names = row.letter === undefined ? `    ${long}` : `-${row.letter}, ${long}`
  const head = `  ${names}${row.value === undefined ? "" : ` ${row.value}`}`
  return `${head}\n${row.help.map((line) => `          ${line}\n`).join("")}`
}

/** The help of `emu run`. */
export const runHelp =
  (): string => `Runs a RISC-V 64 Linux program. Its input, output and exit status pass through unchanged.

Usage: emu run [options] [--] PROGRAM [ARG...]

Everything after PROGRAM belongs to the program.

Options:
${runOptions.map(optionLine).join("")}`

/** The help of `emu plugins`. */
export const pluginsHelp =
  (): string => `Lists the plugins that come with emu, or explains what each one named does, with its options.

Usage: emu plugins [options] [NAME|FILE...]

Options:
${pluginsOptions.map(optionLine).join("")}`

/** The help of `emu plugin`. */
export const pluginHelp = `Writes a plugin that works, with a test, a program for both, and what an editor needs to check them.

Usage: emu plugin new NAME

NAME is small letters, digits and dashes; or a path that ends in such a name. The folder is made, and must not exist.
What is printed says how the plugin is run and tested.
`

/** The help of `emu completion`. */
export const completionHelp = `Prints a script with which a shell completes command lines of emu.

Usage:
  source <(emu completion bash)                                 in ~/.bashrc
  emu completion zsh > FOLDER/_emu                              FOLDER is in $fpath
  emu completion fish > ~/.config/fish/completions/emu.fish
`

/** The help of `emu control`. */
export const controlHelp =
  (): string => `Attaches plugins to a program that runs under emu run --control SOCKET, and removes them.

Usage:
  emu control SOCKET attach NAME|FILE[,KEY=VALUE...]   install a plugin; prints its id
  emu control SOCKET list                              list the plugins: id, name with options, events
  emu control SOCKET reset ID                          let a plugin begin anew
  emu control SOCKET uninstall ID                      let a plugin report, and remove it

Options:
${controlOptions.map(optionLine).join("")}`

/** The help of `emu cache`. */
export const cacheHelp =
  (): string => `Shows the translation cache: its directory, its size, and what is in it, the last used first.

Usage:
  emu cache [options]         show it
  emu cache [options] clear   remove everything that is in it

Options:
${cacheOptions.map(optionLine).join("")}`
