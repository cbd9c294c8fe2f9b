/** The parts of `onCall`: which calls are over at which stack pointer, and which functions a target means. */
import { afterEnd, afterReturn, beforeCall, type Frame } from "../../src/api/calls/ShadowStack.ts"
import { isLibrary, nameFor } from "../../src/api/calls/targets.ts"
import type { CallTarget } from "@emu/core/FunctionCalls"
import { assert, describe, it } from "@effect/vitest"

const program = {}

/** Follows calls, and notes their ends: `name=result`, or `name` where it was left. */
const makeStack = () => {
  const ends: Array<string> = []
  let top: Frame | undefined
  const hooks = {
    exit: ({ name, vcpu }: Frame["call"], result: bigint | undefined) => ends.push(`${vcpu}${name}=${result ?? "left"}`)
  }
  const push = (name: string, sp: bigint, returnAddress: bigint, isCall: boolean, running: object = program) => {
    const outer = beforeCall(top, 0, sp, isCall, running)
    const call = { vcpu: 0, name, address: 0n, returnAddress, args: [] }
    top = { call, hooks, state: undefined, sp, program: running, outer, depth: (outer?.depth ?? 0) + 1 }
  }
  return {
    ends,
    depth: () => top?.depth ?? 0,
    call: (name: string, sp: bigint, returnAddress: bigint) => push(name, sp, returnAddress, true),
    jump: (name: string, sp: bigint, returnAddress: bigint) => push(name, sp, returnAddress, false),
    exec: (name: string, sp: bigint) => push(name, sp, 0n, false, {}),
    arrive: (pc: bigint, sp: bigint, vcpu = 0) => void (top = afterReturn(top, vcpu, pc, sp, () => 7n)),
    end: () => afterEnd(top, 0)
  }
}

describe("the calls that a vCPU is in", () => {
  it("end at their return address with their stack pointer, not deeper in a recursion", () => {
    const stack = makeStack()
    stack.call("f", 1000n, 20n)
    stack.call("f", 900n, 50n)
    stack.call("f", 800n, 50n)
    stack.arrive(50n, 700n)
    assert.deepStrictEqual(stack.ends, [])
    stack.arrive(50n, 800n)
    stack.arrive(50n, 900n)
    stack.arrive(20n, 1000n)
    assert.deepStrictEqual(stack.ends, ["0f=7", "0f=7", "0f=7"])
    assert.strictEqual(stack.depth(), 0)
  })

  it("end together where one went on as the other", () => {
    const stack = makeStack()
    stack.call("f", 1000n, 20n)
    stack.jump("g", 1000n, 20n)
    stack.arrive(20n, 1000n)
    assert.deepStrictEqual(stack.ends, ["0g=7", "0f=7"])
  })

  it("are left where the stack has gone back, at the next call or return", () => {
    const stack = makeStack()
    stack.call("outer", 1000n, 20n)
    stack.call("inner", 900n, 30n)
    stack.call("deep", 800n, 40n)
    stack.call("next", 950n, 60n)
    assert.deepStrictEqual(stack.ends, ["0deep=left", "0inner=left"])
    stack.arrive(20n, 1000n)
    assert.deepStrictEqual(stack.ends.slice(2), ["0next=left", "0outer=7"])
  })

  it("are left where another call has their place on the stack, as after longjmp in a loop", () => {
    const stack = makeStack()
    for (let i = 0; i < 3; i++) stack.call("f", 1000n, 20n)
    assert.deepStrictEqual(stack.ends, ["0f=left", "0f=left"])
    assert.strictEqual(stack.depth(), 1)
  })

  it("stay while another stack is in use", () => {
    const stack = makeStack()
    stack.call("f", 1000n, 20n)
    stack.call("handler", 1000n + (64n << 20n), 30n)
    stack.arrive(30n, 1000n + (64n << 20n))
    assert.deepStrictEqual(stack.ends, ["0handler=7"])
    assert.strictEqual(stack.depth(), 1)
  })

  it("are forgotten when another program is executed, and left at the end", () => {
    const stack = makeStack()
    stack.call("f", 1000n, 20n)
    stack.exec("main", 900n)
    assert.deepStrictEqual(stack.ends, [])
    stack.end()
    assert.deepStrictEqual(stack.ends, ["0main=left"])
  })

  it("end on the vCPU of a forked process", () => {
    const stack = makeStack()
    stack.call("fork", 1000n, 20n)
    stack.arrive(20n, 1000n, 3)
    assert.deepStrictEqual(stack.ends, ["3fork=7"])
  })
})

describe("targets", () => {
  const libc = "/lib/libc.so.6"
  const means = (target: CallTarget, names: ReadonlyArray<string>, module: string | undefined = libc) =>
    nameFor(target, 0x10n, names, () => module)

  it.each<{ target: CallTarget; names: ReadonlyArray<string>; name: string | undefined }>([
    { target: "malloc", names: ["__libc_malloc", "malloc"], name: "malloc" },
    { target: "malloc", names: ["free"], name: undefined },
    { target: 0x10n, names: ["a", "b"], name: "a" },
    { target: 0x10n, names: [], name: "" },
    { target: 0x12n, names: ["a"], name: undefined },
    { target: { name: "malloc", library: "libc" }, names: ["malloc"], name: "malloc" },
    { target: { name: "malloc", library: "libm" }, names: ["malloc"], name: undefined },
    {
      target: ({ address, module, name }) => address === 0x10n && module === libc && name > "b",
      names: ["a", "c"],
      name: "c"
    }
  ])("$target means $name of $names", ({ name, names, target }) => {
    assert.strictEqual(means(target, names), name)
  })

  it.each([
    [libc, "libc", true],
    [libc, "libc.so.6", true],
    [libc, libc, true],
    ["/lib/libc-2.31.so", "libc", true],
    ["/lib/libcrypto.so.3", "libc", false],
    ["/usr/bin/libc", "libc", true],
    [undefined, "libc", false]
  ])("%s is the library %s: %s", (module, library, is) => {
    assert.strictEqual(isLibrary(module, library), is)
  })
})
