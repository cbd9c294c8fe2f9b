/** The part of the API about the guest: registers, by the permission of the running callback, memory, and facts. */
import { CallbackFlags } from "../Instrumentation.ts"
import type { PluginApi, RegisterHandle } from "../PluginApi.ts"
import {
  GuestMemoryError,
  NoVcpuContextError,
  PcAlignmentError,
  RegisterAccessError,
  RegisterPermissionError
} from "../PluginError.ts"
import type { GuestAccess } from "../Ports.ts"
import { SetPcRequest } from "../SetPcRequest.ts"
import { isLibrary } from "./calls/targets.ts"
import { asCurrent, currentCallback, refuseDeferred } from "../system/permission.ts"
import type { Permission } from "../system/permission.ts"
import { stateOf } from "../system/Runtime.ts"
import type { Runtime } from "../system/Runtime.ts"

type Guest = Pick<
  PluginApi,
  | "getRegisters"
  | "readRegister"
  | "writeRegister"
  | "setPc"
  | "readMemory"
  | "writeMemory"
  | "program"
  | "process"
  | "vcpuInfo"
  | "symbol"
  | "symbolAt"
  | "findSymbols"
  | "describeAddress"
  | "backtrace"
  | "readString"
>

/** Makes the guest functions of a plugin. They throw on misuse: where they are used, nothing can be waited for. */
export const makeGuest = (runtime: Runtime): Guest => {
  const { guest } = runtime
  const handles: ReadonlyArray<RegisterHandle> = guest.registers.map((register, index) => ({ ...register, index }))

  const context = (operation: string): Permission => {
    const current = currentCallback(runtime)
    if (current === undefined) throw new NoVcpuContextError({ operation })
    refuseDeferred(current, operation)
    return current
  }

  const known = (register: RegisterHandle): RegisterHandle => {
    const handle = handles[register.index]
    if (handle === undefined) throw new RegisterAccessError({ register: register.name, reason: "unknown" })
    return handle
  }

  const memoryContext = (operation: string): void => {
    if (stateOf(runtime).numVcpus === 0) throw new NoVcpuContextError({ operation })
    refuseDeferred(currentCallback(runtime), operation)
  }

  return {
    getRegisters: () => handles,
    readRegister: (register) => {
      const current = context("readRegister")
      if (current.flags === CallbackFlags.noRegs) {
        throw denied("readRegister", current)
      }
      const { index } = known(register)
      return asCurrent(runtime, () => guest.readRegister(current.vcpu, index))
    },
    writeRegister: (register, value) => {
      const current = context("writeRegister")
      if (current.flags < CallbackFlags.readWriteRegs) {
        throw denied("writeRegister", current)
      }
      const { index, isReadOnly, name, size } = known(register)
      if (isReadOnly) throw new RegisterAccessError({ register: name, reason: "read-only" })
      guest.writeRegister(current.vcpu, index, BigInt.asUintN(size * 8, value))
    },
    setPc: (pc) => {
      const current = context("setPc")
      if (current.flags !== CallbackFlags.readWriteRegsPc) throw denied("setPc", current)
      if (pc % guest.pcAlignment !== 0n) throw new PcAlignmentError({ pc, alignment: guest.pcAlignment })
      throw new SetPcRequest(BigInt.asUintN(64, pc))
    },
    readMemory: (address, length) => {
      memoryContext("readMemory")
      const isLength = Number.isInteger(length) && length > 0
      const bytes = isLength ? asCurrent(runtime, () => guest.readMemory(address, length)) : undefined
      if (bytes === undefined) throw new GuestMemoryError({ access: "read", address, length })
      return bytes
    },
    writeMemory: (address, bytes) => {
      memoryContext("writeMemory")
      if (bytes.length === 0 || !asCurrent(runtime, () => guest.writeMemory(address, bytes))) {
        throw new GuestMemoryError({ access: "write", address, length: bytes.length })
      }
    },
    program: () => asCurrent(runtime, guest.program),
    process: () => asCurrent(runtime, guest.process),
    vcpuInfo: (vcpu) => guest.vcpuInfo(vcpu),
    symbol: (address) => asCurrent(runtime, () => guest.symbol(address)),
    symbolAt: (address) => asCurrent(runtime, () => guest.symbolAt(address)),
    findSymbols: (name, library) =>
      asCurrent(runtime, () => guest.symbolsNamed(name)).filter(
        ({ module }) => library === undefined || isLibrary(module, library)
      ),
    describeAddress: (address) => asCurrent(runtime, () => describeAddress(guest, address)),
    backtrace: (vcpu, limit = 64) => {
      const current = currentCallback(runtime)
      if (current?.vcpu === vcpu) {
        refuseDeferred(current, "backtrace")
        if (current.flags === CallbackFlags.noRegs) throw denied("backtrace", current)
      }
      return asCurrent(runtime, () => guest.backtrace(vcpu, limit))
    },
    readString: (address, limit = 4096) => {
      memoryContext("readString")
      return asCurrent(runtime, () => readString(guest, address, limit))
    }
  }
}

const describeAddress = ({ moduleAt, symbolAt }: GuestAccess["Service"], address: bigint): string => {
  const behind = (name: string, start: bigint) => (address === start ? name : `${name}+0x${(address - start).toString(16)}`)
  const symbol = symbolAt(address)
  if (symbol !== undefined) return behind(symbol.name, symbol.start)
  const module = moduleAt(address)
  return module === undefined ? `0x${address.toString(16)}` : behind(module.path.replace(/.*\//, ""), module.base)
}

/** Bytes that are read at once, and do not cross into a page that may not be mapped. */
const stretch = 64

const readString = ({ readMemory }: GuestAccess["Service"], address: bigint, limit: number): string => {
  const bytes: Array<number> = []
  while (bytes.length < limit) {
    const at = address + BigInt(bytes.length)
    const length = Math.min(stretch - Number(at % BigInt(stretch)), limit - bytes.length)
    const read = readMemory(at, length)
    if (read === undefined) {
      if (bytes.length === 0) throw new GuestMemoryError({ access: "read", address, length })
      break
    }
    const end = read.indexOf(0)
    bytes.push(...(end < 0 ? read : read.subarray(0, end)))
    if (end >= 0) break
  }
  return new TextDecoder().decode(Uint8Array.from(bytes))
}

/** The permission that each operation needs. */
const needed = {
  readRegister: "readRegs",
  backtrace: "readRegs",
  writeRegister: "readWriteRegs",
  setPc: "readWriteRegsPc"
} as const

const denied = (operation: keyof typeof needed, { event }: Permission): RegisterPermissionError =>
  new RegisterPermissionError({ operation, needed: needed[operation], event })
