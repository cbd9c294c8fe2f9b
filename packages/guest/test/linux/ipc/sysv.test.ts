/** System V IPC: keys and permissions, semaphores, messages, shared memory. */
import { assert, describe, it } from "@effect/vitest"
import { portableClock } from "@emu/guest/HostClock"
import { portableInfo } from "@emu/guest/HostInfo"
import { Ipc } from "@emu/guest/linux/ipc/Ipc"
import { shmat, shmctl, shmdt, shmget } from "@emu/guest/linux/ipc/sharedMemoryCalls"
import { Errno } from "@emu/guest/linux/kernel/errno"
import type { Kernel } from "@emu/guest/linux/kernel/Kernel"
import { mmap } from "@emu/guest/linux/memory/mmap"
import { makeClock } from "@emu/guest/linux/time/Clock"
import { readable, writable } from "@emu/guest/linux/user/UserMemory"
import * as Effect from "effect/Effect"
import { base, makeFileKernel } from "../support/fileKernel.ts"
import { kernelOf, makeSpace, makeState, noCpu } from "../support/kernel.ts"

const [CREAT, EXCL, NOWAIT, UNDO] = [0o1000, 0o2000, 0o4000, 0x1000]
const [RMID, STAT, GETVAL, SETVAL, GETNCNT] = [0, 2, 12, 16, 14]
const at = base + 0x1000

const setUp = () => {
  const all = makeFileKernel()
  const { call, state } = all
  const { view } = state
  const operations = (...list: ReadonlyArray<readonly [number, number, number]>): readonly [number, number] => {
    list.forEach((operation, i) => operation.forEach((word, j) => view.setInt16(at + 6 * i + 2 * j, word, true)))
    return [at, list.length]
  }
  const semop = (id: number, ...list: ReadonlyArray<readonly [number, number, number]>): number =>
    call("semop", id, ...operations(...list))
  const put = (type: number, text: string): number => {
    view.setBigInt64(at, BigInt(type), true)
    state.u8.set(new TextEncoder().encode(text), at + 8)
    return text.length
  }
  const send = (id: number, type: number, text: string): number => call("msgsnd", id, at, put(type, text), NOWAIT)
  const receive = (id: number, type: number, flags = 0, length = 100): string | number => {
    const count = call("msgrcv", id, at, length, type, NOWAIT | flags)
    return count < 0 ? count : `${view.getBigInt64(at, true)} ${all.text(count, at + 8)}`
  }
  return { ...all, view, operations, semop, send, receive }
}

describe("keys", () => {
  it("lead to one object, which O_EXCL does not share, and permissions guard", () => {
    const { call } = setUp()
    const id = call("semget", 7, 1, CREAT | 0o600)
    assert.strictEqual(call("semget", 7, 1, 0), id)
    assert.strictEqual(call("semget", 7, 1, CREAT | EXCL), -Errno.EEXIST)
    assert.strictEqual(call("semget", 8, 1, 0), -Errno.ENOENT)
    assert.strictEqual(call("semget", 7, 2, 0), -Errno.EINVAL)
    const closed = call("msgget", 9, CREAT)
    assert.isAtLeast(closed, 0)
    assert.strictEqual(call("msgget", 9, 0o600), -Errno.EACCES)
  })

  it("of 0 are new each time, and ids of what was removed do not come back", () => {
    const { call } = setUp()
    const [one, other] = [call("msgget", 0, 0o600), call("msgget", 0, 0o600)]
    assert.notStrictEqual(one, other)
    call("msgctl", one, RMID, 0)
    assert.strictEqual(call("msgctl", one, STAT, at), -Errno.EINVAL)
    assert.notStrictEqual(call("msgget", 0, 0o600), one)
  })
})

describe("semaphores", () => {
  it("do all operations of a list or none", () => {
    const { call, semop } = setUp()
    const id = call("semget", 0, 2, 0o600)
    assert.strictEqual(semop(id, [0, 2, 0], [1, -1, NOWAIT]), -Errno.EAGAIN)
    assert.strictEqual(call("semctl", id, 0, GETVAL, 0), 0)
    assert.strictEqual(semop(id, [0, 2, 0], [1, 1, 0], [0, -1, NOWAIT]), 0)
    assert.strictEqual(call("semctl", id, 0, GETVAL, 0), 1)
    assert.strictEqual(semop(id, [2, 1, 0]), -Errno.EFBIG)
    assert.strictEqual(semop(id, [0, 32767, 0]), -Errno.ERANGE)
  })

  it("wait until a value allows it, or the set is removed", async () => {
    const { call, operations, semop, wait } = setUp()
    const id = call("semget", 0, 1, 0o600)
    const run = () => Effect.runPromise(wait("semop", id, ...operations([0, -2, 0])))
    const waits = run()
    assert.strictEqual(call("semctl", id, 0, GETNCNT, 0), 1)
    semop(id, [0, 1, 0])
    assert.strictEqual(call("semctl", id, 0, GETNCNT, 0), 1)
    semop(id, [0, 1, 0])
    assert.strictEqual(await waits, 0)
    assert.strictEqual(call("semctl", id, 0, GETNCNT, 0), 0)
    const removed = run()
    call("semctl", id, 0, RMID, 0)
    assert.strictEqual(await removed, -Errno.EIDRM)
  })

  it("are set back at the end of the process that asked for that", () => {
    const { call, kernel, semop } = setUp()
    const id = call("semget", 0, 1, 0o600)
    call("semctl", id, 0, SETVAL, 5)
    semop(id, [0, -3, UNDO])
    semop(id, [0, 1, 0])
    kernel.ipc.processEnded(100)
    assert.strictEqual(call("semctl", id, 0, GETVAL, 0), 6)
    kernel.ipc.processEnded(100)
    assert.strictEqual(call("semctl", id, 0, GETVAL, 0), 6)
  })
})

describe("messages", () => {
  it("come by type: the first, the first of one type, of the lowest, or of another one", () => {
    const { call, receive, send } = setUp()
    const id = call("msgget", 0, 0o600)
    for (const [type, text] of [
      [5, "a"],
      [3, "b"],
      [4, "c"],
      [3, "d"],
      [5, "e"]
    ] as const)
      send(id, type, text)
    assert.strictEqual(receive(id, 4), "4 c")
    assert.strictEqual(receive(id, -4), "3 b")
    assert.strictEqual(receive(id, 5, 0o20000), "3 d")
    assert.strictEqual(receive(id, -2), -Errno.ENOMSG)
    assert.deepStrictEqual([receive(id, 0), receive(id, 0), receive(id, 0)], ["5 a", "5 e", -Errno.ENOMSG])
  })

  it("that are too long stay, or are cut where that is wished", () => {
    const { call, receive, send } = setUp()
    const id = call("msgget", 0, 0o600)
    send(id, 1, "long")
    assert.strictEqual(receive(id, 0, 0, 2), -Errno.E2BIG)
    assert.strictEqual(receive(id, 0, 0o10000, 2), "1 lo")
    assert.strictEqual(call("msgsnd", id, at, 8193, 0), -Errno.EINVAL)
    assert.strictEqual(send(id, 0, "x"), -Errno.EINVAL)
  })

  it("wait for room, and for what comes", async () => {
    const { call, receive, send, text, wait } = setUp()
    const id = call("msgget", 0, 0o600)
    while (send(id, 1, "x".repeat(4000)) === 0);
    assert.strictEqual(send(id, 1, "x".repeat(4000)), -Errno.EAGAIN)
    const sent = Effect.runPromise(wait("msgsnd", id, at, 4000, 0))
    receive(id, 0, 0, 5000)
    assert.strictEqual(await sent, 0)
    const other = call("msgget", 0, 0o600)
    const received = Effect.runPromise(wait("msgrcv", other, at + 0x4000, 100, 0, 0))
    send(other, 1, "late")
    assert.strictEqual(await received, 4)
    assert.strictEqual(text(4, at + 0x4008), "late")
  })
})

describe("shared memory", () => {
  const shared = () => {
    const state = makeState()
    const { space } = makeSpace(state)
    const processes: { live: () => ReadonlyArray<{ readonly kernel: Kernel }> } = { live: () => [{ kernel }] }
    const kernel: Kernel = kernelOf({
      state,
      memory: space,
      ipc: new Ipc(),
      host: portableInfo,
      time: makeClock(portableClock, noCpu),
      process: { pid: 100, euid: 0, egid: 0 } as Kernel["process"],
      processes: processes as Kernel["processes"]
    })
    return { kernel, state, space }
  }

  it("shows one content wherever it is attached, also after it was detached everywhere", () => {
    const { kernel, state } = shared()
    const id = shmget(kernel, 0, 8000, 0o600)
    const one = shmat(kernel, id, 0, 0)
    const store = (address: number, value: number): void => {
      assert.isDefined(writable(state, address, 4))
      state.view.setInt32(address, value, true)
    }
    const load = (address: number): number => {
      assert.isDefined(readable(state, address, 4))
      return state.view.getInt32(address, true)
    }
    store(one + 4096, 77)
    const other = shmat(kernel, id, 0, 0o10000)
    assert.strictEqual(load(other + 4096), 77)
    store(one + 4096, 78)
    assert.strictEqual(load(other + 4096), 78)
    assert.deepStrictEqual([shmdt(kernel, one), shmdt(kernel, other), shmdt(kernel, other)], [0, 0, -Errno.EINVAL])
    assert.strictEqual(load(shmat(kernel, id, 0, 0) + 4096), 78)
  })

  it("lives on after its removal until it is attached nowhere", () => {
    const { kernel, state } = shared()
    const id = shmget(kernel, 42, 100, CREAT | 0o600)
    const address = shmat(kernel, id, 0, 0)
    assert.strictEqual(shmctl(kernel, id, RMID, 0), 0)
    assert.strictEqual(shmget(kernel, 42, 100, 0), -Errno.ENOENT)
    const record = mmap(kernel, 0, 4096, 3, 0x22, -1, 0)
    assert.strictEqual(shmctl(kernel, id, STAT, record), 0)
    assert.strictEqual(Number(state.view.getBigUint64(record + 48, true)), 100)
    assert.strictEqual(Number(state.view.getBigUint64(record + 88, true)), 1)
    shmdt(kernel, address)
    assert.strictEqual(shmat(kernel, id, 0, 0), -Errno.EINVAL)
  })

  it("is refused where sizes and addresses are wrong", () => {
    const { kernel } = shared()
    assert.strictEqual(shmget(kernel, 0, 0, 0o600), -Errno.EINVAL)
    assert.strictEqual(shmget(kernel, 0, 2 ** 32, 0o600), -Errno.ENOSPC)
    const id = shmget(kernel, 0, 4096, 0o600)
    const address = shmat(kernel, id, 0, 0)
    assert.strictEqual(shmat(kernel, id, address + 1, 0), -Errno.EINVAL)
    assert.strictEqual(shmat(kernel, id, address, 0), -Errno.EINVAL)
    assert.strictEqual(shmat(kernel, id, address, 0o40000), address)
    assert.strictEqual(shmdt(kernel, address + 4096), -Errno.EINVAL)
  })
})
