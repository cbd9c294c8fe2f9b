/** process_vm_readv and process_vm_writev, on the caller itself. */
import { assert, describe, it } from "@effect/vitest"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { bad, base, makeFileKernel, readOnly } from "../support/fileKernel.ts"

const [local, remote, here, there] = [base + 0x1000, base + 0x1100, base + 0x2000, base + 0x3000]

const setUp = () => {
  const kernel = makeFileKernel()
  const { view } = kernel.state
  const vector = (at: number, buffers: ReadonlyArray<readonly [number, number]>): readonly [number, number] => {
    buffers.forEach(([address, length], i) => {
      view.setBigUint64(at + 16 * i, BigInt(address), true)
      view.setBigUint64(at + 16 * i + 8, BigInt(length), true)
    })
    return [at, buffers.length]
  }
  const put = (at: number, text: string): void => kernel.state.u8.set(new TextEncoder().encode(text), at)
  const move = (
    name: "process_vm_readv" | "process_vm_writev",
    own: ReadonlyArray<readonly [number, number]>,
    theirs: ReadonlyArray<readonly [number, number]>,
    pid = 100,
    flags = 0
  ): number => kernel.call(name, pid, ...vector(local, own), ...vector(remote, theirs), flags)
  return { ...kernel, put, move }
}

describe("process_vm_readv and process_vm_writev", () => {
  it("move between buffers that are cut otherwise, up to the shorter side", () => {
    const { move, put, text } = setUp()
    put(there, "abcdef")
    assert.strictEqual(
      move(
        "process_vm_readv",
        [
          [here, 2],
          [here + 8, 10]
        ],
        [
          [there, 3],
          [there + 3, 3]
        ]
      ),
      6
    )
    assert.deepStrictEqual([text(2, here), text(4, here + 8)], ["ab", "cdef"])
    put(here, "XY")
    assert.strictEqual(
      move(
        "process_vm_writev",
        [[here, 2]],
        [
          [there + 1, 1],
          [there + 4, 10]
        ]
      ),
      2
    )
    assert.strictEqual(text(6, there), "aXcdYf")
  })

  it("end where memory ends, and move nothing where it must not be used", () => {
    const { move } = setUp()
    assert.strictEqual(
      move(
        "process_vm_readv",
        [[here, 8]],
        [
          [there, 4],
          [bad, 4]
        ]
      ),
      4
    )
    assert.strictEqual(move("process_vm_readv", [[here, 8]], [[bad, 4]]), -Errno.EFAULT)
    assert.strictEqual(move("process_vm_writev", [[here, 8]], [[readOnly, 8]]), -Errno.EFAULT)
    assert.strictEqual(move("process_vm_readv", [], [[there, 4]]), 0)
  })

  it("refuse flags, and processes that are not there", () => {
    const { move } = setUp()
    assert.strictEqual(move("process_vm_readv", [[here, 1]], [[there, 1]], 100, 1), -Errno.EINVAL)
    assert.strictEqual(move("process_vm_readv", [[here, 1]], [[there, 1]], 999), -Errno.ESRCH)
  })
})
