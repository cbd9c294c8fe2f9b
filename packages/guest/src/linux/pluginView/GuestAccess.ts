/** The plugin system's view of the guest. */
import { GuestAccess } from "@emu/core/Ports"
import { CpuSlot, userEnd } from "@emu/tcg/Layout"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Machine } from "../../Machine.ts"
import { framesOf } from "./places.ts"
import type { Kernel } from "../kernel/Kernel.ts"

const isMappable = (address: bigint): boolean => address < BigInt(userEnd)

/**
 * `GuestAccess` for the process of the vCPU whose callback runs, else for the one that has the turn, or had it last. vCPUs are those of
 * all processes. Before a program is loaded, registers read as zero and nothing is mapped.
 */
export const guestAccessLayer: Layer.Layer<GuestAccess, never, Machine> = Layer.effect(GuestAccess)(
  Effect.gen(function* () {
    const machine = yield* Machine
    const { abi, frontEnd } = machine
    const pcIndex = abi.registers.findIndex((register) => register.name === "pc")
    const slotsOf = (vcpu: number): BigUint64Array<ArrayBufferLike> | undefined => {
      const found = machine.process?.processes.onVcpu(vcpu)
      return found && found.node.kernel.threads.scheduler.slots(found.thread)
    }
    /** Callbacks are called for a vCPU that has no turn, too: a plugin is attached, or a batch of a trace is delivered. */
    const processInView = (): Kernel | undefined => {
      const { process, scope } = machine
      if (process === undefined || scope === undefined || scope.vcpu < 0) return process
      const { processes, threads } = process
      if (threads.scheduler.running?.vcpu === scope.vcpu) return process
      return processes.onVcpu(scope.vcpu)?.node.kernel ?? process
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
        isMappable(address) ? processInView()?.memory.peek(Number(address), length) : undefined,
      writeMemory: (address, bytes) =>
        isMappable(address) && (processInView()?.memory.poke(Number(address), bytes) ?? false),
      symbol: (address) => (isMappable(address) ? processInView()?.view?.symbols.find(Number(address)) : undefined),
      symbolAt: (address) => (isMappable(address) ? processInView()?.view?.symbols.cover(Number(address)) : undefined),
      namesAt: (address) =>
        (isMappable(address) ? processInView()?.view?.symbols.namesAt(Number(address)) : undefined) ?? [],
      symbolsNamed: (name) => processInView()?.view?.symbols.named(name) ?? [],
      backtrace: (vcpu, limit) => {
        const slots = slotsOf(vcpu)
        const { scope } = machine
        if (slots === undefined) return []
        const pc = scope?.vcpu === vcpu ? BigInt.asUintN(64, scope.pc) : slots[CpuSlot.pc]!
        const view = machine.process?.processes.onVcpu(vcpu)?.node.kernel.view
        return view === undefined ? [] : framesOf(view, slots, Number(pc), limit)
      },
      calls: abi.calls,
      modules: () => processInView()?.view?.modules.list() ?? [],
      moduleAt: (address) => (isMappable(address) ? processInView()?.view?.modules.find(Number(address)) : undefined),
      disassemble: frontEnd.disassemble,
      program: () => processInView()?.view?.program,
      process: () => {
        const process = processInView()
        if (process === undefined) return undefined
        const { argv, executable, name, pid, ppid } = process.process
        return { pid, ppid, name, path: executable, args: argv }
      },
      vcpuInfo: (vcpu) => {
        const thread = machine.process?.processes.onVcpu(vcpu)?.thread
        return thread && { vcpu, tid: thread.tid, pid: thread.pid, name: thread.name }
      },
      time: machine.clock
    }
  })
)
