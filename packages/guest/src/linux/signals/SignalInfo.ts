/** What `siginfo_t` tells about a signal. */
import type { CpuState } from "@emu/tcg/CpuState"

/** Fields beyond the code depend on what sent the signal. */
export interface SignalInfo {
  readonly signal: number
  /** A `SigCode`, or what rt_sigqueueinfo was given. */
  readonly code: number
  /** Sender. */
  readonly pid?: number
  readonly uid?: number
  /** sigqueue's value, or a timer's. */
  readonly value?: bigint
  /** Faulting address. */
  readonly address?: bigint
  /** Timer id and overrun count. */
  readonly timer?: { readonly id: number; readonly overrun: number }
  /** What sends it has one signal at a time: told whether that is pending. */
  readonly source?: SignalSource
}

/** A timer, as its pending signal knows it. */
export interface SignalSource {
  /** Its signal is pending. */
  isQueued: boolean
  /** Its signal is delivered now: what that tells. */
  readonly deliver: (info: SignalInfo) => SignalInfo
}

/** Size of `siginfo_t` in bytes. */
export const siginfoSize = 128

/** Writes a `siginfo_t` over zeroed, writable guest bytes. */
export const writeSiginfo = (state: CpuState, at: number, info: SignalInfo): void => {
  const { view } = state
  view.setInt32(at, info.signal, true)
  view.setInt32(at + 8, info.code, true)
  if (info.address !== undefined) {
    view.setBigUint64(at + 16, BigInt.asUintN(64, info.address), true)
    return
  }
  view.setInt32(at + 16, info.timer?.id ?? info.pid ?? 0, true)
  view.setInt32(at + 20, info.timer?.overrun ?? info.uid ?? 0, true)
  view.setBigInt64(at + 24, info.value ?? 0n, true)
}

/** Reads what a guest hands to rt_sigqueueinfo. */
export const readSiginfo = (state: CpuState, at: number, signal: number): SignalInfo => ({
  signal,
  code: state.view.getInt32(at + 8, true),
  pid: state.view.getInt32(at + 16, true),
  uid: state.view.getUint32(at + 20, true),
  value: state.view.getBigInt64(at + 24, true)
})
