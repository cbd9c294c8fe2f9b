/** The texts of `--help`. */
import { pluginsOptions, runOptions, type OptionRow } from "../options/OptionTable.ts"

export const mainHelp = `Runs RISC-V 64 Linux programs under TypeScript plugins.

Usage:
  emu run [options] [--] PROGRAM [ARG...]   run a program; emu run --help lists the options
  emu plugins [NAME|FILE...]                list the plugins that come with emu, or show their options
  emu plugin new NAME                       write a plugin, with a test, to begin with
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
