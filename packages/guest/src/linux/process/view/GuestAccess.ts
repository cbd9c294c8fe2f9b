/** The plugin system's view of the guest. */
import { GuestAccess } from "@emu/core/Ports"
import { CpuSlot, guestEnd } from "@emu/tcg/Layout"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Machine } from "../../../Machine.ts"

/** `GuestAccess` for the process that has the turn; vCPUs are those of all processes. Before one is loaded, registers read as zero and nothing is mapped. */
export const guestAccessLayer: Layer.Layer<GuestAccess, never, Machine> = Layer.effect(GuestAccess)(
  Effect.gen(function* () {
    const machine = yield* Machine
    const { abi, frontEnd } = machine
    const pcIndex = abi.registers.findIndex((register) => register.name === "pc")
    const slotsOf = (vcpu: number): BigUint64Array<ArrayBufferLike> | undefined => {
      const found = machine.process?.kernel.processes.onVcpu(vcpu)
      return found && found.node.kernel.threads.scheduler.slots(found.thread)
    }
    return {
      pcAlignment: BigInt(abi.pcAlignment),
      registers: abi.registers.map(({ name, feature, size, isReadOnly }) => ({ name, feature, size, isReadOnly })),
      pc: (vcpu) => slotsOf(vcpu)?.[CpuSlot.pc] ?? 0n,
      readRegister: (vcpu, index) => {
        if (index === pcIndex && machine.scope !== undefined) return BigInt.asUintN(64, machine.scope.pc)
        const slots = slotsOf(vcpu)
        return slots === undefined ? 0n : abi.registers[index]!.read(slots)
      },
      writeRegister: (vcpu, index, value) => {
        const slots = slotsOf(vcpu)
        if (slots !== undefined) abi.registers[index]!.write(slots, value)
      },
      readMemory: (address, length) =>
        address < BigInt(guestEnd) ? machine.process?.kernel.memory.peek(Number(address), length) : undefined,
      writeMemory: (address, bytes) =>
        address < BigInt(guestEnd) && machine.process !== undefined
          ? machine.process.kernel.memory.poke(Number(address), bytes)
          : false,
      symbol: (address) => (address < BigInt(guestEnd) ? machine.process?.symbols.find(Number(address)) : undefined),
      modules: () => machine.process?.modules.list() ?? [],
      moduleAt: (address) => (address < BigInt(guestEnd) ? machine.process?.modules.find(Number(address)) : undefined),
      disassemble: frontEnd.disassemble,
      program: () => machine.process?.program,
      process: () => {
        if (machine.process === undefined) return undefined
        const { argv, executable, name, pid, ppid } = machine.process.kernel.process
        return { pid, ppid, name, path: executable, args: argv }
      },
      vcpuInfo: (vcpu) => {
        const thread = machine.process?.kernel.processes.onVcpu(vcpu)?.thread
        return thread && { vcpu, tid: thread.tid, pid: thread.pid, name: thread.name }
      },
      time: machine.clock
    }
  })
)
