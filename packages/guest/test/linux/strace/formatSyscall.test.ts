/** System calls as text. */
import { assert, describe, it } from "@effect/vitest"
import { formatCall, formatResult } from "@emu/guest/linux/strace/formatSyscall"
import { syscalls } from "@emu/guest/linux/kernel/syscalls"
import { bad, makeFileKernel } from "../support/fileKernel.ts"

const byName = new Map([...syscalls.values()].map((row) => [row.name, row]))

const cases: ReadonlyArray<
  readonly [name: string, args: ReadonlyArray<number | string | bigint>, result: number | undefined, text: string]
> = [
  ["openat", [-100, "/etc/passwd", 0x80000, 0], 3, '100 openat(AT_FDCWD,"/etc/passwd",O_RDONLY|O_CLOEXEC,0) = 3'],
  [
    "openat",
    [3, "a", 0o102, 0o644],
    -2,
    '100 openat(3,"a",O_RDWR|O_CREAT,0644) = -1 errno=2 ENOENT (No such file or directory)'
  ],
  [
    "openat",
    [-100, bad, 0, 0],
    -14,
    "100 openat(AT_FDCWD,0x0000000000000008,O_RDONLY,0) = -1 errno=14 EFAULT (Bad address)"
  ],
  ["write", [1, 'quoted "\n\x01', 10], 10, '100 write(1,"quoted \\"\\n\\001",10) = 10'],
  ["write", [1, "x".repeat(40), 40], 40, `100 write(1,"${"x".repeat(32)}"...,40) = 40`],
  [
    "mmap",
    [0, 4096, 3, 0x22, -1, 0],
    0x55d59000,
    "100 mmap(NULL,4096,PROT_READ|PROT_WRITE,MAP_PRIVATE|MAP_ANONYMOUS,-1,0) = 0x0000000055d59000"
  ],
  ["lseek", [3, -5, 1], 7, "100 lseek(3,-5,SEEK_CUR) = 7"],
  ["lseek", [3, 0, 99], -22, "100 lseek(3,0,0x63) = -1 errno=22 EINVAL (Invalid argument)"],
  ["faccessat", [-100, "x", 0], 0, '100 faccessat(AT_FDCWD,"x",F_OK) = 0'],
  ["fcntl", [3, 1030, 10n], 10, "100 fcntl(3,F_DUPFD_CLOEXEC,10) = 10"],
  ["clock_gettime", [1, 0], 0, "100 clock_gettime(CLOCK_MONOTONIC,NULL) = 0"],
  ["exit_group", [3], undefined, "100 exit_group(3)"]
]

describe("a call as text", () => {
  it.each(cases)("%s %o", (name, args, result, text) => {
    const { kernel, put } = makeFileKernel()
    const values = args.map((arg) => (typeof arg === "string" ? put(arg) : arg))
    const call = formatCall(kernel, byName.get(name)!, values)
    assert.strictEqual(result === undefined ? call : `${call} = ${formatResult(name, result)}`, text)
  })
})
