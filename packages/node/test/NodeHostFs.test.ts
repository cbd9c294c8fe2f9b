/** The host's files against files in memory: the same operations give the same results on both. */
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import type { HostFsShape } from "@emu/guest/HostFs"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { O } from "@emu/guest/linux/files/constants"
import { guardHost } from "@emu/guest/linux/files/lookup/HostGuard"
import { PathLookup } from "@emu/guest/linux/files/lookup/PathLookup"
import { textNode } from "@emu/guest/linux/files/virtual/TextFile"
import { directoryOf } from "@emu/guest/linux/files/virtual/VirtualNode"
import { makeMemoryFs } from "@emu/guest/MemoryFs"
import { makeNodeHostFs } from "../src/NodeHostFs.ts"

const scratch = Fs.mkdtempSync(Path.join(Os.tmpdir(), "emu-files-"))
afterAll(() => Fs.rmSync(scratch, { recursive: true, force: true }))

/** Numbers from a seed (mulberry32): a failure is replayed by its seed. */
const generator =
  (seed: number) =>
  (bound: number): number => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % bound
  }

const names = ["a", "b", "d", "d/a", "d/b", "d/d", "d/d/a", "a/x", "./a", "d/../b", "d/", "d/d/..", "none/x", "é\xff"]
const flagSets = [O.RDONLY, O.WRONLY, O.RDWR, O.RDWR | O.APPEND, O.RDWR | O.TRUNC, O.DIRECTORY, O.RDONLY | O.NOFOLLOW]
const creating = [0, 0, O.CREAT, O.CREAT | O.EXCL]
/** Kernels disagree about O_DIRECTORY with O_CREAT, so they don't come together. */
const flagsOf = (pick: (bound: number) => number): number => {
  const flags = flagSets[pick(flagSets.length)]!
  return flags === O.DIRECTORY ? flags : flags | creating[pick(creating.length)]!
}

/** One side: a file system, the directory where all happens, and its descriptors in the order of opening. */
interface Side {
  readonly fs: HostFsShape
  readonly root: string
  readonly fds: Array<number>
}

/** What one operation gives, in a form that both sides can agree on. */
type Operation = (side: Side) => unknown

const shown = (stat: ReturnType<HostFsShape["stat"]>): unknown =>
  typeof stat === "number"
    ? stat
    : {
        mode: stat.mode,
        nlink: (stat.mode & 0o170000) === 0o040000 ? 0 : stat.nlink,
        size: (stat.mode & 0o170000) === 0o100000 ? stat.size : 0
      }

const text = (bytes: Uint8Array, count: number): unknown =>
  count < 0 ? count : String.fromCharCode(...bytes.subarray(0, count))

/** A random operation with its description. */
const operation = (pick: (bound: number) => number): readonly [string, Operation] => {
  const name = names[pick(names.length)]!
  const other = names[pick(names.length)]!
  const index = pick(4)
  const number = [0, 1, 3, 10, 5000][pick(5)]!
  const at = (side: Side, path = name): string => `${side.root}/${path}`
  const fd = (side: Side): number => side.fds[index] ?? 9999
  const cases: ReadonlyArray<() => readonly [string, Operation]> = [
    () => {
      const flags = flagsOf(pick)
      return [
        `open ${name} 0${flags.toString(8)}`,
        (side) => {
          const opened = side.fs.open(at(side), flags, 0o644)
          if (opened >= 0) side.fds.unshift(opened)
          if (side.fds.length > 4) side.fs.close(side.fds.pop()!)
          return opened < 0 ? opened : "open"
        }
      ]
    },
    () => [`write ${index} ${number}`, (side) => side.fs.write(fd(side), new Uint8Array(number).fill(65 + index))],
    () => [`pwrite ${index} at ${number}`, (side) => side.fs.pwrite(fd(side), Uint8Array.of(1, 2, 3), number)],
    () => [
      `read ${index} ${number}`,
      (side) => {
        const bytes = new Uint8Array(number + 1)
        return text(bytes, side.fs.read(fd(side), bytes))
      }
    ],
    () => [
      `pread ${index} at ${number}`,
      (side) => {
        const bytes = new Uint8Array(20)
        return text(bytes, side.fs.pread(fd(side), bytes, number))
      }
    ],
    () => {
      const whence = pick(4)
      return [
        `lseek ${index} ${number} ${whence}`,
        (side) =>
          (side.fs.fstat(fd(side)) as { mode?: number }).mode === 0o040755 ? 0 : side.fs.lseek(fd(side), number - 2, whence)
      ]
    },
    () => [`close ${index}`, (side) => (side.fds.length > index ? side.fs.close(side.fds.splice(index, 1)[0]!) : 0)],
    () => [`stat ${name}`, (side) => shown(side.fs.stat(at(side)))],
    () => [`lstat ${name}`, (side) => shown(side.fs.lstat(at(side)))],
    () => [`fstat ${index}`, (side) => shown(side.fs.fstat(fd(side)))],
    () => [`mkdir ${name}`, (side) => side.fs.mkdir(at(side), 0o755)],
    () => [`unlink ${name}`, (side) => side.fs.unlink(at(side))],
    () => [`rmdir ${name}`, (side) => side.fs.rmdir(at(side))],
    () => [`rename ${name} ${other}`, (side) => side.fs.rename(at(side), at(side, other))],
    () => [`link ${name} ${other}`, (side) => side.fs.link(at(side), at(side, other))],
    () => [`symlink ${name} ${other}`, (side) => side.fs.symlink(name.replace(/\/$/, ""), at(side, other))],
    () => [`readlink ${name}`, (side) => side.fs.readlink(at(side))],
    () => [`truncate ${name} ${number}`, (side) => side.fs.truncate(at(side), number)],
    () => [`ftruncate ${index} ${number}`, (side) => side.fs.ftruncate(fd(side), number)],
    () => [`chmod ${name}`, (side) => side.fs.chmod(at(side), 0o755)],
    () => {
      const mode = pick(2)
      return [`access ${name} ${mode}`, (side) => side.fs.access(at(side), mode)]
    },
    () => [`utimens ${name}`, (side) => side.fs.utimens(at(side), 1_000_000_000n, 2_000_000_000n, true)],
    () => [`exists ${name}`, (side) => side.fs.exists(at(side))],
    () => [
      `list ${name}`,
      (side) => {
        const directory = side.fs.open(at(side), O.DIRECTORY, 0)
        if (directory < 0) return directory
        const entries = side.fs.readdir(directory)
        side.fs.close(directory)
        return typeof entries === "number" ? entries : entries.map((entry) => `${entry.name}:${entry.type}`).sort()
      }
    ]
  ]
  return cases[pick(cases.length)]!()
}

const runs = 150
const steps = 80

describe("NodeHostFs", () => {
  it.skipIf(process.platform !== "linux" || process.getuid?.() !== 0)(
    "does what files in memory do, in random sequences",
    () => {
      for (let seed = 1; seed <= runs; seed++) {
        const root = `${scratch}/${seed}`
        const memory = makeMemoryFs()
        Fs.mkdirSync(root)
        memory.mkdir("/w", 0o755)
        const node: Side = { fs: makeNodeHostFs(), root, fds: [] }
        const inMemory: Side = { fs: memory, root: "/w", fds: [] }
        const log: Array<string> = []
        const pick = generator(seed)
        for (let step = 0; step < steps; step++) {
          const [description, run] = operation(pick)
          const [real, ours] = [run(node), run(inMemory)]
          log.push(`${description} -> ${JSON.stringify(real)}`)
          assert.deepStrictEqual(ours, real, `seed ${seed}, after\n${log.slice(-25).join("\n")}`)
        }
        for (const fd of node.fds) node.fs.close(fd)
      }
    }
  )

  it("keeps inode numbers, times and names that Node's defaults would round or decode", () => {
    const fs = makeNodeHostFs()
    const path = `${scratch}/\xfe\xff`
    const fd = fs.open(path, O.RDWR | O.CREAT, 0o600)
    assert.isAtLeast(fd, 0)
    const status = fs.fstat(fd) as { ino: bigint; mtimeNs: bigint }
    const real = Fs.fstatSync(fd, { bigint: true })
    assert.deepStrictEqual([status.ino, status.mtimeNs], [real.ino, real.mtimeNs])
    assert.strictEqual(fs.fdPath(fd), path)
    assert.strictEqual(fs.realpath(path), path)
    fs.close(fd)
  })

  it("reads and writes shared memory above 2 GiB", () => {
    const fs = makeNodeHostFs()
    const memory = new WebAssembly.Memory({ initial: 65536, maximum: 65536, shared: true })
    const high = new Uint8Array(memory.buffer, 0xd000_0000, 5)
    const fd = fs.open(`${scratch}/shared`, O.RDWR | O.CREAT, 0o600)
    high.set([1, 2, 3, 4, 5])
    assert.strictEqual(fs.write(fd, high), 5)
    high.fill(0)
    assert.strictEqual(fs.pread(fd, high, 1), 4)
    assert.deepStrictEqual([...high], [2, 3, 4, 5, 0])
    fs.close(fd)
  })

  it.runIf(process.platform === "linux")("the real /proc is not reached, whatever links and dots lead there", () => {
    const host = guardHost(makeNodeHostFs())
    for (const path of ["/proc/self/mem", "/proc/1/environ", "/sys/kernel/uevent_seqnum"]) {
      assert.strictEqual(host.open(path, O.RDONLY, 0), -Errno.EACCES, path)
    }
    host.symlink("/proc", `${scratch}/lnk`)
    host.symlink("../lnk/self", `${scratch}/rel`)
    const ours = textNode({ read: () => "ours" })
    const proc = directoryOf({ self: directoryOf({ mem: ours, exe: ours }) })
    const paths = new PathLookup({
      host,
      sysroot: undefined,
      cwd: scratch,
      virtual: { top: (name) => (name === "proc" ? proc : undefined), device: () => undefined, devices: directoryOf({}) },
      directoryOf: () => scratch
    })
    const up = "../".repeat(20)
    for (const path of ["/tmp/../proc", "//proc/", "lnk", `${up}proc/.`, `${scratch}/lnk/../proc`]) {
      const target = paths.resolve(0, `${path}/self/mem`, true)
      assert.strictEqual(typeof target === "number" ? target : target.node, ours, path)
      assert.strictEqual(paths.resolve(0, `${path}/self/environ`, true), -Errno.ENOENT, path)
    }
    // a file system that shows the host is known by what the host says of it, also where the name does not tell
    const real = makeNodeHostFs()
    const moved = guardHost({ ...real, open: () => real.open("/proc/self/mem", O.RDONLY, 0) })
    assert.strictEqual(moved.open("/elsewhere", O.RDONLY, 0), -Errno.EACCES)
  })

  it("writes nothing where Node could not be told to write", () => {
    const fs = makeNodeHostFs()
    const fd = fs.open(`${scratch}/far`, O.RDWR | O.CREAT, 0o600)
    const [bytes, last] = [Uint8Array.of(1, 2), Number.MAX_SAFE_INTEGER]
    for (const position of [last - 1, last, 2 ** 53, 2 ** 62]) {
      assert.strictEqual(fs.pwrite(fd, bytes, position), -Errno.EFBIG)
      fs.lseek(fd, position, 0)
      assert.strictEqual(fs.write(fd, bytes), -Errno.EFBIG)
    }
    assert.strictEqual((fs.fstat(fd) as { size: number }).size, 0)
    fs.close(fd)
  })

  it("opens anew what a descriptor refers to, when its name is gone, too", () => {
    const fs = makeNodeHostFs()
    const fd = fs.open(`${scratch}/gone`, O.RDWR | O.CREAT, 0o600)
    fs.write(fd, Uint8Array.of(1, 2, 3))
    fs.unlink(`${scratch}/gone`)
    const again = fs.reopen(fd, O.RDONLY)
    const bytes = new Uint8Array(5)
    assert.deepStrictEqual([fs.read(again, bytes), [...bytes]], [3, [1, 2, 3, 0, 0]])
    fs.close(again)
    fs.close(fd)
  })

  it("creates with exactly the mode given", () => {
    const fs = makeNodeHostFs()
    fs.close(fs.open(`${scratch}/wide`, O.CREAT | O.WRONLY, 0o666))
    assert.strictEqual((fs.stat(`${scratch}/wide`) as { mode: number }).mode & 0o777, 0o666)
  })

  it("gives errors as numbers, also for what Node itself refuses", () => {
    const fs = makeNodeHostFs()
    assert.strictEqual(fs.open(`${scratch}/a\0b`, 0, 0), -Errno.EINVAL)
    assert.strictEqual(fs.read(12345, new Uint8Array(1)), -Errno.EBADF)
    assert.strictEqual(fs.readdir(12345), -Errno.EBADF)
    assert.strictEqual(fs.fstat(-1), -Errno.EINVAL)
  })

  it.skipIf(process.platform !== "linux")(
    "leaves the position in a file that it was given to those who write there next",
    () => {
      const path = `${scratch}/given`
      const fd = Fs.openSync(path, "w")
      Fs.writeSync(fd, "before ")
      const module = new URL("../src/NodeHostFs.ts", import.meta.url).href
      // as a guest writes that has set O_APPEND
      const script = `import { makeNodeHostFs } from ${JSON.stringify(module)}
      const fs = makeNodeHostFs()
      fs.lseek(1, 0, 2)
      fs.write(1, new TextEncoder().encode("guest "))`
      const { status, stderr } = ChildProcess.spawnSync(process.execPath, ["--input-type=module", "-e", script], {
        stdio: ["ignore", fd, "pipe"]
      })
      assert.strictEqual(status, 0, stderr.toString())
      Fs.writeSync(fd, "after")
      Fs.closeSync(fd)
      assert.strictEqual(Fs.readFileSync(path, "utf8"), "before guest after")
    }
  )
})
