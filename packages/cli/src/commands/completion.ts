/** `emu completion`: what a shell needs to complete command lines of emu, made of the option tables. */
import { pluginNames } from "@emu/plugins/names"
import { logItems } from "../options/logItems.ts"
import { cacheOptions, controlOptions, type OptionRow, pluginsOptions, runOptions } from "../options/OptionTable.ts"
import { didYouMean } from "../suggest.ts"
import { UsageError } from "../UsageError.ts"

const shells = ["bash", "zsh", "fish"] as const

/** The commands, with what they do and their options. */
const commands: Readonly<Record<string, { readonly help: string; readonly options: ReadonlyArray<OptionRow> }>> = {
  run: { help: "run a program", options: runOptions },
  plugins: { help: "list plugins, or show their options", options: pluginsOptions },
  plugin: { help: "write a plugin to begin with", options: [] },
  control: { help: "attach plugins to a program that runs", options: controlOptions },
  cache: { help: "show or empty the translation cache", options: cacheOptions },
  completion: { help: "complete command lines in a shell", options: [] }
}

/** Words behind a command that are no options. */
const words: Readonly<Record<string, ReadonlyArray<string>>> = {
  plugin: ["new"],
  plugins: pluginNames,
  cache: ["clear"],
  completion: shells
}

const spellings = ({ letter, name }: OptionRow): ReadonlyArray<string> => [
  ...(letter === undefined ? [] : [`-${letter}`]),
  name.length > 1 ? `--${name}` : `-${name}`
]

/** The values of an option: words to choose from; files where it takes a path; undefined where it takes none. */
const valuesOf = ({ name, value }: OptionRow): ReadonlyArray<string> | "files" | undefined => {
  if (value === undefined) return undefined
  if (name === "plugin") return pluginNames
  if (name === "log") return Object.keys(logItems)
  if (name === "engine") return ["jit", "cold", "interpreter", "lockstep"]
  return /^[a-z-]+(\|[a-z-]+)+$/.test(value) ? value.split("|") : "files"
}

const bash = (): string => {
  const optionCases = Object.entries(commands).map(
    ([name, { options }]) => `    ${name}) words="${[...options.flatMap(spellings), ...(words[name] ?? [])].join(" ")}" ;;\n`
  )
  const valueCases = runOptions.flatMap((row) => {
    const values = valuesOf(row)
    if (values === undefined) return []
    const action = values === "files" ? "" : `COMPREPLY=($(compgen -W "${values.join(" ")}" -- "$word")); `
    return [`      ${spellings(row).join("|")}) ${action}return ;;\n`]
  })
  return `# emu in bash: source <(emu completion bash)
_emu() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words i
  COMPREPLY=()
  if [ "$COMP_CWORD" = 1 ]; then
    COMPREPLY=($(compgen -W "${Object.keys(commands).join(" ")} help version --help --version" -- "$word"))
    return
  fi
  if [ "\${COMP_WORDS[1]}" = run ]; then
    case $previous in
${valueCases.join("")}    esac
  fi
  case \${COMP_WORDS[1]} in
${optionCases.join("")}    *) return ;;
  esac
  case $word in
    -*) COMPREPLY=($(compgen -W "$words" -- "$word")) ;;
    *) [ "\${COMP_WORDS[1]}" = run ] || COMPREPLY=($(compgen -W "$words" -- "$word")) ;;
  esac
}
complete -o default -F _emu emu
`
}

/** Text in single quotes, for zsh and fish. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

const zsh = (): string => {
  const spec = (row: OptionRow): ReadonlyArray<string> => {
    const values = valuesOf(row)
    const help = (row.help[0] ?? "").replace(/[[\]:]/g, " ")
    const value = values === undefined ? "" : values === "files" ? ":value:_files" : `:value:(${values.join(" ")})`
    return spellings(row).map((spelling) => `      ${quoted(`*${spelling}[${help}]${value}`)} \\\n`)
  }
  const cases = Object.entries(commands).map(([name, { options }]) => {
    const operands = words[name] === undefined ? "*:file:_files" : `*:word:(${words[name].join(" ")})`
    return `    ${name}) _arguments \\\n${options.flatMap(spec).join("")}      ${quoted(operands)} ;;\n`
  })
  const described = Object.entries(commands).map(([name, { help }]) => quoted(`${name}:${help}`))
  return `#compdef emu
# emu in zsh: emu completion zsh > a file _emu in a directory of $fpath
_emu() {
  if (( CURRENT == 2 )); then
    local -a commands=(${described.join(" ")})
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join("")}  esac
}
_emu "$@"
`
}

const fish = (): string => {
  const lines = ["# emu in fish: emu completion fish > ~/.config/fish/completions/emu.fish\n"]
  for (const [name, { help, options }] of Object.entries(commands)) {
    lines.push(`complete -c emu -n __fish_use_subcommand -f -a ${name} -d ${quoted(help)}\n`)
    const within = `complete -c emu -n '__fish_seen_subcommand_from ${name}'`
    if (words[name] !== undefined) lines.push(`${within} -f -a ${quoted(words[name].join(" "))}\n`)
    for (const row of options) {
      const values = valuesOf(row)
      const long = row.name.length > 1 ? ` -l ${row.name}` : ` -s ${row.name}`
      const short = row.letter === undefined ? "" : ` -s ${row.letter}`
      const value = values === undefined ? "" : values === "files" ? " -r" : ` -x -a ${quoted(values.join(" "))}`
      lines.push(`${within}${short}${long}${value} -d ${quoted(row.help[0] ?? "")}\n`)
    }
  }
  return lines.join("")
}

/**
 * The script for a shell.
 *
 * @throws UsageError for a shell that is not known
 */
export const completion = (operands: ReadonlyArray<string>): string => {
  const [shell, ...more] = operands
  if (more.length > 0) throw new UsageError(`emu completion takes one shell, not ${more[0]} as well`)
  switch (shell) {
    case "bash":
      return bash()
    case "zsh":
      return zsh()
    case "fish":
      return fish()
    default: {
      const near = shell === undefined ? "" : didYouMean(shell, shells)
      const problem = shell === undefined ? "emu completion needs a shell" : `emu completion: there is none for ${shell}`
      throw new UsageError(`${problem}${near || `: emu completion ${shells.join("|")}`}`)
    }
  }
}
