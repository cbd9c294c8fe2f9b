/** Registering and unregistering: reference section 3, `do_plugin_register_cb` and `plugin_unregister_cb__locked`. */
import { eventBit, PluginEvent } from "@emu/core/PluginEvent"
import * as State from "@emu/core/PluginState"
import type { EventHandler, PluginState } from "@emu/core/PluginState"
import * as Lifecycle from "@emu/core/transitions/lifecycle"
import { register, unregisterAll } from "@emu/core/transitions/registration"
import { receiveMask, vcpuInit } from "@emu/core/transitions/vcpu"
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"

const { vcpuSyscall, vcpuTbTrans } = PluginEvent

const withPlugins = (count: number): PluginState => {
  let state = State.empty
  for (let i = 0; i < count; i++) state = Lifecycle.beginInstall(state, `p${i}`, [])[1]
  return state
}

const registered = (state: PluginState, id: bigint, event: PluginEvent, handler?: EventHandler) =>
  Result.getOrThrow(register(state, id, event, handler))

const owners = (state: PluginState, event: PluginEvent) => State.registrations(state, event).map((r) => r.plugin)

const f = () => 1
const g = () => 2

describe("registration", () => {
  it("puts a new handler at the head: the last loaded plugin is called first", () => {
    const [, one] = registered(withPlugins(2), 1n, vcpuSyscall, f)
    const [, two] = registered(one, 2n, vcpuSyscall, g)
    assert.deepStrictEqual(owners(two, vcpuSyscall), [2n, 1n])
  })

  it("replaces a handler in place, without any action", () => {
    const [, one] = registered(withPlugins(2), 1n, vcpuSyscall, f)
    const [, two] = registered(one, 2n, vcpuSyscall, f)
    const [actions, three] = registered(two, 1n, vcpuSyscall, g)
    assert.deepStrictEqual(actions, [])
    assert.deepStrictEqual(owners(three, vcpuSyscall), [2n, 1n])
    assert.strictEqual(State.registrations(three, vcpuSyscall)[1]?.handler, g)
  })

  it("sets the mask bit with the first handler, and queues the mask for every live vCPU", () => {
    const [, one] = Result.getOrThrow(vcpuInit(withPlugins(2), 0))
    const [, two] = Result.getOrThrow(vcpuInit(one, 3))
    const [actions, three] = registered(two, 1n, vcpuSyscall, f)
    const mask = eventBit(vcpuSyscall)
    assert.strictEqual(State.eventMask(three), mask)
    assert.deepStrictEqual(actions, [
      { kind: "updateMask", vcpu: 0, mask },
      { kind: "updateMask", vcpu: 3, mask }
    ])
    assert.deepStrictEqual(registered(three, 2n, vcpuSyscall, f)[0], [], "the second handler changes no mask")
    assert.strictEqual(three.vcpus.get(0)?.mask, 0, "a vCPU is deaf until it receives the mask")
    assert.strictEqual(receiveMask(three, 0, mask)[1].vcpus.get(0)?.mask, mask)
  })

  it("clears the mask bit only with the last handler", () => {
    const [, one] = registered(withPlugins(2), 1n, vcpuSyscall, f)
    const [, two] = registered(one, 2n, vcpuSyscall, f)
    const [, three] = registered(two, 1n, vcpuSyscall)
    assert.strictEqual(State.eventMask(three), eventBit(vcpuSyscall))
    assert.strictEqual(State.eventMask(registered(three, 2n, vcpuSyscall)[1]), 0)
  })

  it("unregistering what is not registered does nothing", () => {
    const state = withPlugins(1)
    assert.deepStrictEqual(registered(state, 1n, vcpuSyscall), [[], state])
  })

  it("ignores a plugin that is being uninstalled", () => {
    const [, ended] = Result.getOrThrow(Lifecycle.endInstall(withPlugins(1), 1n))
    const [, state] = Result.getOrThrow(Lifecycle.requestUninstall(ended, 1n))
    assert.deepStrictEqual(registered(state, 1n, vcpuSyscall, f), [[], state])
  })

  it("asks for a flush with every tb_trans handler that is new or replaces another (B2), after the mask updates", () => {
    const [, live] = Result.getOrThrow(vcpuInit(withPlugins(2), 0))
    const [first, one] = registered(live, 1n, vcpuTbTrans, f)
    assert.deepStrictEqual(
      first.map((a) => a.kind),
      ["updateMask", "flush"]
    )
    assert.deepStrictEqual(registered(one, 2n, vcpuTbTrans, f)[0], [{ kind: "flush" }])
    assert.deepStrictEqual(registered(one, 1n, vcpuTbTrans, g)[0], [{ kind: "flush" }], "replaced")
    assert.deepStrictEqual(registered(one, 1n, vcpuTbTrans, f)[0], [], "replaced by itself")
  })

  it("drops everything of a plugin, save what is kept", () => {
    const [, one] = registered(withPlugins(1), 1n, vcpuSyscall, f)
    const [, two] = registered(one, 1n, PluginEvent.atExit, f)
    const [, three] = unregisterAll(two, 1n, [PluginEvent.atExit])
    assert.deepStrictEqual(State.eventMask(three), eventBit(PluginEvent.atExit))
  })

  it("refuses an unknown plugin (B1), an unknown event, and what is no function", () => {
    const tag = (id: bigint, event: number, handler: unknown) =>
      Result.getOrThrow(Result.flip(register(withPlugins(1), id, event as PluginEvent, handler as EventHandler)))._tag
    assert.strictEqual(tag(9n, vcpuSyscall, f), "UnknownPluginError")
    assert.strictEqual(tag(1n, 13, f), "UnknownEventError")
    assert.strictEqual(tag(1n, vcpuSyscall, "f"), "EventShapeError")
  })
})
