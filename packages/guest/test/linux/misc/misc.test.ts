/** System calls about the process and the system. */
import { assert, describe, it } from "@effect/vitest"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { bad, base, makeFileKernel, out, readOnly } from "../support/fileKernel.ts"

const expectations: ReadonlyArray<readonly [name: string, args: ReadonlyArray<number | string>, result: number]> = [
  ["getpid", [], 100],
  ["getuid", [], 1000],
  ["setuid", [1000], 0],
  ["setuid", [0], -Errno.EPERM],
  ["setresuid", [0xffff_ffff, 1000, 0xffff_ffff], 0],
  ["setgroups", [0, 0], -Errno.EPERM],
  ["getgroups", [-1, 0], -Errno.EINVAL],
  ["getpgid", [0], 100],
  ["getpgid", [55], -Errno.ESRCH],
  ["setpgid", [0, -1], -Errno.EINVAL],
  ["setsid", [], -Errno.EPERM],
  ["uname", [bad], -Errno.EFAULT],
  ["uname", [readOnly], -Errno.EFAULT],
  ["sysinfo", [bad], -Errno.EFAULT],
  ["getrandom", [out, 8, 0x100], -Errno.EINVAL],
  ["getrandom", [bad, 8, 0], -Errno.EFAULT],
  ["getrandom", [readOnly - 3, 8, 0], 3],
  ["getrandom", [out, 0, 0], 0],
  ["prlimit64", [0, 99, 0, out], -Errno.EINVAL],
  ["prlimit64", [55, 7, 0, out], -Errno.ESRCH],
  ["prlimit64", [0, 7, bad, 0], -Errno.EFAULT],
  ["getpriority", [0, 0], 20],
  ["setpriority", [0, 0, -5], -Errno.EACCES],
  ["setpriority", [3, 0, 0], -Errno.EINVAL],
  ["sched_setscheduler", [0, 1, out], -Errno.EINVAL],
  ["sched_get_priority_max", [1], 99],
  ["sched_get_priority_max", [0], 0],
  ["sched_getparam", [0, 0], -Errno.EINVAL],
  ["personality", [0xffff_ffff], 0],
  ["syslog", [0, 0, 0], -Errno.EPERM],
  ["prctl", [999], -Errno.EINVAL],
  ["prctl", [23, 99], -Errno.EINVAL],
  ["prctl", [38, 1], 0],
  ["riscv_hwprobe", [out, 1, 0, 0, 2], -Errno.EINVAL],
  ["riscv_hwprobe", [bad, 1, 0, 0, 0], -Errno.EFAULT],
  ["getcpu", [out, 0, 0], 0],
  ["mlock2", [out, 4096, 8], -Errno.EINVAL],
  ["mlockall", [0], -Errno.EINVAL],
  ["mlockall", [4], -Errno.EINVAL],
  ["mlockall", [3], 0]
]

describe("results", () => {
  it.each(expectations)("%s %o", (name, args, result) => {
    assert.strictEqual(makeFileKernel().call(name, ...args), result)
  })
})

describe("what calls write", () => {
  it("uname: six fields", () => {
    const { call, text } = makeFileKernel()
    call("uname", out)
    const fields = Array.from({ length: 6 }, (_, i) => text(65, out + 65 * i).replace(/\0.*$/s, ""))
    assert.deepStrictEqual(fields, ["Linux", "localhost", "6.1.0", "#1 SMP", "riscv64", "(none)"])
  })

  it("limits: raised only by root, and enforced on descriptors", () => {
    const limits = (euid: number) => {
      const { call, state, words } = makeFileKernel({ euid })
      state.view.setBigUint64(base, 20n, true)
      state.view.setBigUint64(base + 8, 2_000_000n, true)
      const result = call("prlimit64", 0, 7, base, 0)
      call("prlimit64", 0, 7, 0, out)
      return [result, ...words(2)]
    }
    assert.deepStrictEqual(limits(1000), [-Errno.EPERM, 1024, 1048576])
    assert.deepStrictEqual(limits(0), [0, 20, 2_000_000])
  })

  it("prctl: names are cut to 15 bytes", () => {
    const { call, text, put } = makeFileKernel()
    call("prctl", 15, put("a-very-long-name"))
    call("prctl", 16, out)
    assert.strictEqual(text(16), "a-very-long-nam\0")
  })

  it("riscv_hwprobe: -1 for unknown keys", () => {
    const { call, state, words } = makeFileKernel()
    const keys = [3, 5, 6, 7, 99, -7]
    keys.forEach((key, i) => state.view.setBigInt64(out + 16 * i, BigInt(key), true))
    assert.strictEqual(call("riscv_hwprobe", out, keys.length, 0, 0, 0), 0)
    const expected = [
      [3, 1],
      [5, 3],
      [6, 0],
      [-1, 0],
      [-1, 0],
      [-1, 0]
    ]
    assert.deepStrictEqual(words(12), expected.flat())
  })

  it("riscv_hwprobe: which processors have something", () => {
    const { call, state } = makeFileKernel()
    const [set, all] = [out + 0x100, 1]
    const which = (key: number, value: bigint, cpus = 0): readonly [number, number] => {
      state.view.setBigInt64(out, BigInt(key), true)
      state.view.setBigUint64(out + 8, value, true)
      state.u8.fill(0, set, set + 8)
      state.u8[set] = cpus
      return [call("riscv_hwprobe", out, 1, 8, set, 1), state.u8[set]]
    }
    assert.deepStrictEqual(which(4, 0b11n), [0, all], "F, D and C")
    assert.deepStrictEqual(which(4, 0b111n), [0, 0], "V, too")
    assert.deepStrictEqual(which(4, 0b11n, 0xfe), [0, 0], "of processors that are not there")
    assert.deepStrictEqual(which(5, 3n, 0xff), [0, all])
    assert.deepStrictEqual(which(5, 1n), [0, 0])
    assert.deepStrictEqual(which(77, 0n), [0, 0])
    assert.strictEqual(call("riscv_hwprobe", out, 1, 0, 0, 1), -Errno.EINVAL)
  })

  it("capget: everything for root, nothing for others", () => {
    const effective = (euid: number) => {
      const { call, state } = makeFileKernel({ euid })
      state.view.setUint32(base, 0x20080522, true)
      call("capget", base, out + 16)
      return state.view.getUint32(out + 16, true)
    }
    assert.deepStrictEqual([effective(0), effective(1000)], [0xffff_ffff, 0])
  })
})
