/** Calls out of translated code: the guest's helpers and plugins' callbacks. */
import { CallbackFlags } from "@emu/core/Instrumentation"
import type { CallbackFailure } from "@emu/core/PluginError"
import { SetPcRequest } from "@emu/core/SetPcRequest"
import { holds } from "@emu/core/transitions/instrumentation"
import { ExitKind } from "../../Engine.ts"
import * as Layout from "../../Layout.ts"
import type { CodeCallback } from "./CodeCallback.ts"
import type { Machine } from "../interpreter/Machine.ts"

const pcWord = 2 * Layout.CpuSlot.pc

/** Brings `CpuSlot.instructions` up to date. */
export const syncInstructions = (machine: Machine, left: number): void => {
  const { i32 } = machine.state
  const total = machine.before + (machine.budget - left)
  i32[2 * Layout.CpuSlot.instructions] = total
  i32[2 * Layout.CpuSlot.instructions + 1] = Math.floor(total / 4294967296)
}

/** `call`: d = helper(a, b). The helper sees the right instruction count. */
export const callHelper = (machine: Machine, left: number, d: number, a: number, b: number, helper: number): void => {
  const { i64 } = machine.state
  syncInstructions(machine, left)
  i64[d >> 1] = machine.translator.frontEnd.helpers[helper]!.run(machine.state, i64[a >> 1]!, i64[b >> 1]!)
}

const enter = (machine: Machine, code: CodeCallback, flags: CallbackFlags): void => {
  const { scope, state } = machine
  scope.vcpu = machine.vcpu
  scope.flags = flags
  scope.pc = code.pc
  if (flags !== 0) {
    state.i32[pcWord] = code.pcLow
    state.i32[pcWord + 1] = 0
  }
}

/** A callback threw: a plugin's new pc, or an error. Whether the guest goes on, without the plugin; if not, `machine.exit` is set. */
const failed = (machine: Machine, code: CodeCallback, cause: unknown): boolean => {
  const { exit, scope, state } = machine
  const { kind, plugin } = code.callback
  scope.vcpu = -1
  if (cause instanceof SetPcRequest) {
    state.i64[Layout.CpuSlot.pc] = cause.pc
    exit.kind = ExitKind.redirected
    return false
  }
  const event = "trace" in code.callback ? "trace" : kind === "inline" || kind === "memInline" ? "mem" : kind
  const failure: CallbackFailure = { plugin, event, pc: code.pc, cause }
  if (machine.survives(failure)) {
    machine.silence(plugin)
    return true
  }
  exit.kind = ExitKind.callbackError
  exit.error = failure
  return false
}

/** `plugin_exec`, and in compiled code `drainTrace`: false where the callback threw and the guest does not go on, with `machine.exit` set. */
export const callExec = (machine: Machine, index: number): boolean => {
  const code = machine.callbacks[index]!
  const { callback } = code
  if (callback.kind === "exec" || callback.kind === "cond") {
    enter(machine, code, callback.flags)
    try {
      callback.callback(machine.vcpu)
    } catch (cause) {
      return failed(machine, code, cause)
    }
    machine.scope.vcpu = -1
  } else {
    return drainTrace(machine, index)
  }
  return true
}

/** `trace_reserve` where there is too little room: as `callExec`, for the trace of callback number `index`. */
export const drainTrace = (machine: Machine, index: number): boolean => {
  const code = machine.callbacks[index]!
  const { callback } = code
  if (!("trace" in callback)) {
    return true
  }
  enter(machine, code, CallbackFlags.noRegs)
  try {
    callback.trace.vcpu = machine.vcpu
    callback.trace.drain()
  } catch (cause) {
    return failed(machine, code, cause)
  }
  machine.scope.vcpu = -1
  return true
}

/** Calls the deferred callbacks that wait: before anything else is called, or compiled code is left. As `callExec`. */
export const drainDeferred = (machine: Machine): boolean => {
  const { scope, vcpu } = machine
  const asDeferred = () => {
    scope.vcpu = vcpu
    scope.flags = CallbackFlags.deferred
  }
  asDeferred()
  const drained = machine.deferred.drain(vcpu, (code, cause) => {
    const goesOn = failed(machine, code, cause)
    asDeferred()
    return goesOn
  })
  scope.vcpu = -1
  return drained
}

/** `plugin_cond`: as `callExec` where the scoreboard's condition holds. */
export const callCond = (machine: Machine, index: number): boolean => {
  const code = machine.callbacks[index]!
  const { callback } = code
  if (callback.kind !== "cond") {
    return true
  }
  const entry = machine.state.u64[(code.slot + machine.vcpu * code.stride) >> 1]!
  return holds(callback.cond, entry, callback.imm) ? callExec(machine, index) : true
}

/** base + disp, which has been accessed. */
const addressOf = (i32: Int32Array<ArrayBufferLike>, base: number, disp: number): number => {
  if (i32[base + 1] === 0) return (i32[base]! >>> 0) + disp
  return Number(BigInt.asUintN(64, (BigInt(i32[base + 1]!) << 32n) + BigInt(i32[base]! >>> 0) + BigInt(disp)))
}

/** `plugin_mem`: tells a callback about the access at base + disp whose value is at index `value`. */
export const callMem = (machine: Machine, base: number, value: number, disp: number, index: number): boolean => {
  const code = machine.callbacks[index]!
  const { callback } = code
  if (callback.kind === "mem") {
    const { access, state } = machine
    access.memop = code.memop
    access.isStore = code.store
    access.low = state.i32[value]!
    access.high = state.i32[value + 1]!
    enter(machine, code, callback.flags)
    try {
      callback.callback(machine.vcpu, access, addressOf(state.i32, base, disp))
    } catch (cause) {
      return failed(machine, code, cause)
    }
    machine.scope.vcpu = -1
  }
  return true
}
