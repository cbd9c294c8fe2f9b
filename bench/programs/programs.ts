/** The programs of `pnpm bench:programs`: what a user runs, as Debian ships it. */

/** A command line of the guest. */
interface GuestCommand {
  /** A file in the sysroot, and arguments. */
  readonly argv: readonly [program: string, ...Array<string>]
  /** An input that it reads as its stdin. */
  readonly stdin?: string
}

/** One row of the table. */
export interface Program extends GuestCommand {
  readonly name: string
  /** Work takes QEMU seconds, a start as little as can be: they are summed up apart. */
  readonly kind: "work" | "start"
  /** Files in its working directory, by their names in inputs.ts; `stdin` need not be among them. */
  readonly inputs?: ReadonlyArray<string>
  /** Commands that run under QEMU before anything is measured. */
  readonly prepare?: ReadonlyArray<GuestCommand>
}

/** Debian packages that have the programs; what they depend on comes with them. */
export const packages: ReadonlyArray<string> =
  "bash coreutils cpp-14 gawk git grep gzip lua5.4 openssl perl python3 sqlite3 xz-utils".split(" ")

const work = (name: string, argv: Program["argv"], more: Omit<Program, "name" | "argv" | "kind"> = {}): Program => ({
  name,
  kind: "work",
  argv,
  ...more
})

const start = (name: string, ...argv: Program["argv"]): Program => ({ name, kind: "start", argv })

/** A script of the folder `guest`, which is its interpreter's first argument. */
const script = (
  name: string,
  interpreter: string,
  file: string,
  args: ReadonlyArray<string>,
  inputs: ReadonlyArray<string> = []
) => work(name, [interpreter, file, ...args], { inputs: [file, ...inputs] })

const cc1 = "usr/libexec/gcc/riscv64-linux-gnu/14/cc1"

/** In the order of the table. */
export const programs: ReadonlyArray<Program> = [
  script("python3-text", "usr/bin/python3", "text.py", ["8"]),
  script("python3-classes", "usr/bin/python3", "classes.py", ["90"]),
  script("python3-sqlite3", "usr/bin/python3", "database.py", ["25000"]),
  script("perl", "usr/bin/perl", "words.pl", ["short.txt"], ["short.txt"]),
  script("lua5.4", "usr/bin/lua5.4", "fib.lua", ["30", "100000"]),
  work("gawk", ["usr/bin/gawk", "-f", "columns.awk", "columns.txt"], { inputs: ["columns.awk", "columns.txt"] }),
  work("sqlite3", ["usr/bin/sqlite3", ":memory:"], { stdin: "statements.sql" }),
  work("gzip", ["usr/bin/gzip", "-9", "-n", "-c", "long.txt"], { inputs: ["long.txt"] }),
  work("xz", ["usr/bin/xz", "-4", "-c", "text.txt"], { inputs: ["text.txt"] }),
  work("openssl", ["usr/bin/openssl", "dgst", "-sha256", "noise.bin"], { inputs: ["noise.bin"] }),
  work("cc1", [cc1, "-quiet", "-march=rv64gc", "-mabi=lp64d", "-O2", "source.c", "-o", "-"], { inputs: ["source.c"] }),
  script("bash", "usr/bin/bash", "loop.bash", ["60000"]),
  work("grep", ["usr/bin/grep", "-E", "-n", "([a-z]{3})o\\1|^(ka|to).*(ri|so)[0-4]$", "text.txt"], { inputs: ["text.txt"] }),
  work("sort", ["usr/bin/sort", "-k4,4", "-k2,2r", "-k1,1", "long.txt"], { inputs: ["long.txt"] }),
  work("git-log", ["usr/bin/git", "--no-pager", "-C", "repository", "log", "--stat", "main"], {
    prepare: [
      { argv: ["usr/bin/git", "init", "-q", "repository"] },
      { argv: ["usr/bin/git", "-C", "repository", "fast-import", "--quiet"], stdin: "history.import" }
    ]
  }),
  start("python3-start", "usr/bin/python3", "-c", "pass"),
  start("perl-start", "usr/bin/perl", "-e", "1"),
  start("bash-start", "usr/bin/bash", "-c", ":"),
  start("git-start", "usr/bin/git", "--version"),
  start("sqlite3-start", "usr/bin/sqlite3", ":memory:", "select 1")
]

/** What all of them have in their environment: no locale, no user's settings, no seed of hashes. */
export const environment: Readonly<Record<string, string>> = {
  PATH: "/usr/bin:/bin",
  HOME: "/nonexistent",
  LC_ALL: "C",
  TZ: "UTC0",
  PYTHONHASHSEED: "0",
  PYTHONDONTWRITEBYTECODE: "1",
  GIT_CONFIG_NOSYSTEM: "1"
}
