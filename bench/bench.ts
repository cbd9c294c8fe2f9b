/** `pnpm bench WHAT [ARG...]`: measures what its argument names. */

/** One thing to measure. */
interface Bench {
  readonly summary: string
  readonly load: () => Promise<Command>
}

/** What a bench's module exports. */
interface Command {
  readonly usage: string
  readonly run: (args: ReadonlyArray<string>) => Promise<void> | void
}

const benches: Readonly<Record<string, Bench>> = {
  kernels: {
    summary: "emu against QEMU on small programs of one hot loop; start-up; slow-down by plugins",
    load: () => import("./kernels/command.ts")
  },
  programs: {
    summary: "emu against QEMU on Debian's python3, perl, bash, git, cc1 and others",
    load: () => import("./programs/command.ts")
  },
  plugins: {
    summary: "emu with each plugin against QEMU without any, on the kernels",
    load: () => import("./plugins/command.ts")
  },
  interpreter: {
    summary: "instructions per second of the interpreter, plain and instrumented",
    load: () => import("./interpreter/command.ts")
  }
}

const usage = [
  "Usage: pnpm bench WHAT [ARG...]",
  "",
  ...Object.entries(benches).map(([name, { summary }]) => `  ${name.padEnd(12)} ${summary}`),
  "",
  "pnpm bench WHAT --help tells about its arguments."
].join("\n")

const [what = "--help", ...args] = process.argv.slice(2)
const bench = Object.hasOwn(benches, what) ? benches[what] : undefined
const wantsHelp = args.includes("--help") || args.includes("-h")
if (bench !== undefined) {
  const command = await bench.load()
  if (wantsHelp) process.stdout.write(`${command.usage}\n`)
  else await command.run(args)
} else if (what === "--help" || what === "-h") {
  process.stdout.write(`${usage}\n`)
} else {
  process.stderr.write(`bench: nothing is called ${what}\n${usage}\n`)
  process.exitCode = 2
}
