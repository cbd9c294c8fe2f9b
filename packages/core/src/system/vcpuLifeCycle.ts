/**
 * The service `VcpuLifeCycle`: events of vCPUs, delivered where somebody has heard that they are
 * wanted.
 */
import * as Effect from "effect/Effect"
import { CallbackFlags } from "../Instrumentation.ts"
import type { DisconCallback, SyscallCallback, SyscallFilterCallback, SyscallRetCallback } from "../PluginApi.ts"
import { OutOfRangeError, PluginCallbackError } from "../PluginError.ts"
import type { CallbackFailure } from "../PluginError.ts"
import { disconEvents, PluginEvent } from "../PluginEvent.ts"
import type { EventHandler } from "../PluginState.ts"
import type { VcpuLifeCycle } from "../VcpuLifeCycle.ts"
import { isInitialised, wants } from "../transitions/vcpu.ts"
import { hasWork } from "../transitions/work.ts"
import { dispatch } from "./callbacks.ts"
import { errorOf } from "./failures.ts"
import { drain, stateOf } from "./Runtime.ts"
import type { Runtime } from "./Runtime.ts"
import * as Vcpus from "./vcpus.ts"

/** Permission of callbacks about system calls and jumps. */
const flags = CallbackFlags.readWriteRegsPc

/** Makes the service. */
export const makeVcpuLifeCycle = (
  runtime: Runtime,
  instrument: VcpuLifeCycle["Service"]["instrument"]
): VcpuLifeCycle["Service"] => {
  const hears = (vcpu: number, event: PluginEvent) => wants(stateOf(runtime), vcpu, event)

  const onSyscall = (vcpu: number, num: number, args: ReadonlyArray<bigint>) => {
    const call = (handler: EventHandler) => (handler as SyscallCallback)(vcpu, num, args)
    return dispatch(runtime, { event: PluginEvent.vcpuSyscall, vcpu, flags }, call)
  }

  const filterSyscall = (vcpu: number, num: number, args: ReadonlyArray<bigint>) => {
    const call = (handler: EventHandler) => (handler as SyscallFilterCallback)(vcpu, num, args)
    const filtered = dispatch(runtime, { event: PluginEvent.vcpuSyscallFilter, vcpu, flags }, call, isBigInt)
    return Effect.map(filtered, (result) => (isBigInt(result) ? BigInt.asIntN(64, result) : undefined))
  }

  return {
    scope: runtime.scope,
    wants: hears,
    isLive: (vcpu) => isInitialised(stateOf(runtime), vcpu),
    instrument,
    callbackError: (error) => callbackError(runtime, error),
    reportFailure: (error) => {
      if (error instanceof PluginCallbackError) runtime.failures.report(error)
    },
    hasWork: (vcpu) => hasWork(stateOf(runtime), vcpu),
    drain: (vcpu) => drain(runtime, vcpu),
    vcpuMade: (vcpu, by) => {
      for (const tell of runtime.makers) tell(vcpu, by)
    },
    vcpuInit: (vcpu) => Vcpus.vcpuInit(runtime, vcpu),
    vcpuExit: (vcpu) => Vcpus.vcpuExit(runtime, vcpu),
    vcpuIdle: (vcpu) => Vcpus.vcpuPause(runtime, PluginEvent.vcpuIdle, vcpu),
    vcpuResume: (vcpu) => Vcpus.vcpuPause(runtime, PluginEvent.vcpuResume, vcpu),
    syscall: (vcpu, num, args) =>
      Effect.suspend(() => {
        const called = hears(vcpu, PluginEvent.vcpuSyscall) ? onSyscall(vcpu, num, args) : Effect.void
        if (!hears(vcpu, PluginEvent.vcpuSyscallFilter)) return Effect.as(called, undefined)
        return Effect.andThen(called, filterSyscall(vcpu, num, args))
      }),
    syscallRet: (vcpu, num, ret) =>
      Effect.suspend(() => {
        if (!hears(vcpu, PluginEvent.vcpuSyscallRet)) return Effect.void
        const call = (handler: EventHandler) => (handler as SyscallRetCallback)(vcpu, num, ret)
        return Effect.asVoid(dispatch(runtime, { event: PluginEvent.vcpuSyscallRet, vcpu, flags }, call))
      }),
    discon: (vcpu, kind, fromPc, toPc) =>
      Effect.suspend((): ReturnType<VcpuLifeCycle["Service"]["discon"]> => {
        const event = disconEvents.find(([k]) => k === kind)?.[1]
        if (event === undefined) return Effect.fail(new OutOfRangeError({ what: "DisconKind", value: kind }))
        if (!isInitialised(stateOf(runtime), vcpu)) return Effect.void
        const call = (handler: EventHandler) => (handler as DisconCallback)(vcpu, kind, fromPc, toPc)
        return Effect.asVoid(dispatch(runtime, { event, vcpu, flags }, call))
      }),
    userExit: (vcpu) => Vcpus.userExit(runtime, vcpu)
  }
}

const isBigInt = (value: unknown): value is bigint => typeof value === "bigint"

const callbackError = (runtime: Runtime, error: unknown): PluginCallbackError => {
  if (error instanceof PluginCallbackError) return error
  if (!isHotFailure(error))
    return new PluginCallbackError({ plugin: "(unknown)", event: "hot", pc: undefined, symbol: undefined, cause: error })
  return errorOf(runtime, error, error.cause)
}

const isHotFailure = (error: unknown): error is CallbackFailure =>
  typeof error === "object" && error !== null && "plugin" in error && "cause" in error
