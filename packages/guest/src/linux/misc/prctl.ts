/** prctl(2): settings of a thread or process. */
import { Errno } from "../kernel/errno.ts"
import { fromBytes, toBytes } from "../user/byteStrings.ts"
import { putBytes, putInt } from "../user/userBuffers.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { readable } from "../user/UserMemory.ts"

const Option = {
  SET_PDEATHSIG: 1,
  GET_PDEATHSIG: 2,
  GET_DUMPABLE: 3,
  SET_DUMPABLE: 4,
  GET_KEEPCAPS: 7,
  SET_KEEPCAPS: 8,
  SET_NAME: 15,
  GET_NAME: 16,
  GET_SECCOMP: 21,
  CAPBSET_READ: 23,
  GET_SECUREBITS: 27,
  SET_TIMERSLACK: 29,
  GET_TIMERSLACK: 30,
  SET_CHILD_SUBREAPER: 36,
  GET_CHILD_SUBREAPER: 37,
  SET_NO_NEW_PRIVS: 38,
  GET_NO_NEW_PRIVS: 39,
  GET_THP_DISABLE: 42,
  CAP_AMBIENT: 47
} as const

/** Longest name of a thread, without the terminator. */
const nameLength = 15
const lastCapability = 40

const setName = (kernel: Kernel, address: number): number => {
  const bytes: Array<number> = []
  for (let at = address; bytes.length < nameLength; at++) {
    const byte = readable(kernel.state, at, 1)?.[0]
    if (byte === undefined) return -Errno.EFAULT
    if (byte === 0) break
    bytes.push(byte)
  }
  const name = fromBytes(Uint8Array.from(bytes))
  kernel.thread.name = name
  if (kernel.thread.tid === kernel.process.pid) kernel.process.name = name
  return 0
}

const getName = (kernel: Kernel, address: number): number => {
  const bytes = new Uint8Array(nameLength + 1)
  bytes.set(toBytes(kernel.thread.name).subarray(0, nameLength))
  return putBytes(kernel.state, address, bytes)
}

/** prctl: the option and up to four arguments, of which most options use one. */
export const prctl = (kernel: Kernel, option: number, argument: bigint): number | bigint => {
  const { attributes, state } = kernel
  const value = Number(BigInt.asUintN(64, argument))
  switch (option) {
    case Option.SET_PDEATHSIG:
      if (value > 64) return -Errno.EINVAL
      attributes.parentDeathSignal = value
      return 0
    case Option.GET_PDEATHSIG:
      return putInt(state, value, attributes.parentDeathSignal)
    case Option.GET_DUMPABLE:
      return attributes.dumpable
    case Option.SET_DUMPABLE:
      if (value > 1) return -Errno.EINVAL
      attributes.dumpable = value
      return 0
    case Option.GET_KEEPCAPS:
      return attributes.keepCapabilities
    case Option.SET_KEEPCAPS:
      if (value > 1) return -Errno.EINVAL
      attributes.keepCapabilities = value
      return 0
    case Option.SET_NAME:
      return setName(kernel, value)
    case Option.GET_NAME:
      return getName(kernel, value)
    case Option.GET_SECCOMP:
    case Option.GET_SECUREBITS:
    case Option.GET_THP_DISABLE:
      return 0
    case Option.CAPBSET_READ:
      return value > lastCapability ? -Errno.EINVAL : 1
    case Option.CAP_AMBIENT:
      return -Errno.EINVAL
    case Option.SET_TIMERSLACK:
      attributes.timerSlack = argument > 0n ? argument : 50_000n
      return 0
    case Option.GET_TIMERSLACK:
      return attributes.timerSlack
    case Option.SET_CHILD_SUBREAPER:
      attributes.childSubreaper = value === 0 ? 0 : 1
      return 0
    case Option.GET_CHILD_SUBREAPER:
      return putInt(state, value, attributes.childSubreaper)
    case Option.SET_NO_NEW_PRIVS:
      if (value !== 1) return -Errno.EINVAL
      attributes.noNewPrivileges = 1
      return 0
    case Option.GET_NO_NEW_PRIVS:
      return attributes.noNewPrivileges
    default:
      return -Errno.EINVAL
  }
}
