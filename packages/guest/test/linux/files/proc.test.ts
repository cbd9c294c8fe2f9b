/** /proc and devices that the emulator provides. */
import { assert, describe, it } from "@effect/vitest"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { AT, O, S } from "@emu/guest/linux/files/constants"
import { makeMemoryFs } from "@emu/guest/MemoryFs"
import { makeFileKernel, out } from "../support/fileKernel.ts"

const contents = (path: string): string => {
  const { call, text } = makeFileKernel()
  const fd = call("openat", AT.FDCWD, path, 0, 0)
  assert.isAtLeast(fd, 0, path)
  return text(call("read", fd, out, 4096))
}

describe("/proc", () => {
  it.each([
    ["/proc/self/cmdline", /^program\0one\0$/],
    ["/proc/100/comm", /^program\n$/],
    ["/proc//self/./environ", /^A=b\0$/],
    ["/proc/self/stat", /^100 \(program\) R 1 100 100 /],
    ["/proc/self/status", /^Name:\tprogram\n(.*\n)*Threads:\t1\n/],
    ["/proc/thread-self/statm", /^16 /],
    ["/proc/self/task/100/maps", /^00010000-00020000/],
    ["/proc/cpuinfo", /isa\t\t: rv64/],
    ["/proc/meminfo", /^MemTotal: +\d+ kB\n/]
  ])("%s", (path, pattern) => assert.match(contents(path), pattern))

  it("has the 52 fields of stat", () => assert.lengthOf(contents("/proc/self/stat").trim().split(" "), 52))

  it("links lead where they say", () => {
    const { call, text } = makeFileKernel({
      host: makeMemoryFs({ files: { "/bin/program": Uint8Array.of(7), "/d/f": Uint8Array.of(8) } }),
      cwd: "/d"
    })
    assert.strictEqual(text(call("readlinkat", AT.FDCWD, "/proc/self/exe", out, 99)), "/bin/program")
    assert.strictEqual(text(call("readlinkat", AT.FDCWD, "/proc/self", out, 99)), "100")
    const read = (path: string): number => {
      const fd = call("openat", AT.FDCWD, path, 0, 0)
      return fd < 0 ? fd : call("read", fd, out, 1) && text(1).charCodeAt(0)
    }
    assert.strictEqual(read("/proc/self/exe"), 7)
    assert.strictEqual(read("/proc/self/cwd/f"), 8)
    assert.strictEqual(read("/proc/self/none"), -Errno.ENOENT)
    assert.strictEqual(read("/proc/self/comm/x"), -Errno.ENOTDIR)
  })

  it("descriptors can be listed, read as links and opened again", () => {
    const { call, text, state } = makeFileKernel()
    call("pipe2", out, 0)
    const write = state.view.getInt32(out + 4, true)
    assert.match(text(call("readlinkat", AT.FDCWD, `/proc/self/fd/${write}`, out, 99)), /^pipe:\[\d+\]$/)
    const again = call("openat", AT.FDCWD, `/dev/fd/${write}`, O.WRONLY, 0)
    assert.strictEqual(call("write", again, "x", 1), 1)
    const fds = call("openat", AT.FDCWD, "/proc/self/fd", O.DIRECTORY, 0)
    assert.isAbove(call("getdents64", fds, out, 1000), 0)
    assert.strictEqual(call("newfstatat", AT.FDCWD, "/proc/self/fd", out, 0), 0)
    assert.strictEqual(state.view.getUint32(out + 16, true) & S.IFMT, S.IFDIR)
  })

  it.each([
    ["/proc/self/status", /\nVmHWM:\t +\d+ kB\n(.*\n)*SigIgn:\t0{16}\n/],
    ["/proc/self/smaps", /^00010000-00020000.*\nSize: +64 kB\n/],
    ["/proc/self/limits", /\nMax open files +1024 +1048576 +files/],
    ["/proc/self/mountinfo", / \/proc .* - proc proc /],
    ["/proc/mounts", /^\/dev\/root \/ /],
    ["/proc/stat", /^cpu {2}\d+ 0 \d+ \d+ .*\ncpu0 /],
    ["/proc/sys/kernel/osrelease", /^6\.1\.0\n$/],
    ["/proc/sys/kernel/random/uuid", /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-/],
    ["/sys/devices/system/cpu/online", /^0\n$/],
    ["/sys/devices/system/cpu/cpu0/online", /^1\n$/]
  ])("has %s", (path, pattern) => assert.match(contents(path), pattern))

  it("tells position and flags of descriptors", () => {
    const { call, text } = makeFileKernel({ host: makeMemoryFs({ files: { "/f": Uint8Array.of(1, 2, 3) } }) })
    const fd = call("openat", AT.FDCWD, "/f", O.CLOEXEC, 0)
    call("lseek", fd, 2, 0)
    const info = call("openat", AT.FDCWD, `/proc/self/fdinfo/${fd}`, 0, 0)
    assert.match(text(call("read", info, out, 999)), /^pos:\t2\nflags:\t02100000\n/)
    const again = call("openat", AT.FDCWD, `/proc/self/fd/${fd}`, 0, 0)
    assert.strictEqual(call("read", again, out, 9), 3, "at the start")
  })

  it("takes the name of a thread", () => {
    const { call, kernel, text } = makeFileKernel()
    const fd = call("openat", AT.FDCWD, "/proc/thread-self/comm", O.RDWR, 0)
    assert.strictEqual(call("write", fd, "a name that is too long", 23), 23)
    assert.strictEqual(kernel.thread.name, "a name that is ")
    assert.strictEqual(text(call("read", fd, out, 99)), "a name that is \n")
  })

  it("cannot be changed", () => {
    const { call } = makeFileKernel()
    assert.strictEqual(call("openat", AT.FDCWD, "/proc/self/statm", O.WRONLY, 0), -Errno.EACCES)
    assert.strictEqual(call("unlinkat", AT.FDCWD, "/proc/self/comm", 0), -Errno.EPERM)
  })
})

describe("devices", () => {
  it.each([
    ["null", 0, 5],
    ["zero", 5, 5],
    ["full", 5, -Errno.ENOSPC],
    ["urandom", 5, 5]
  ])("/dev/%s", (device, reads, writes) => {
    const { call } = makeFileKernel()
    const fd = call("openat", AT.FDCWD, `/dev/${device}`, O.RDWR, 0)
    assert.deepStrictEqual([call("read", fd, out, 5), call("write", fd, out, 5)], [reads, writes])
  })

  it("random bytes are the same for the same seed", () => {
    const bytes = () => {
      const { call, text } = makeFileKernel()
      call("getrandom", out, 16, 0)
      return text(16)
    }
    assert.strictEqual(bytes(), bytes())
  })
})
