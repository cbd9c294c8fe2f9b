/**
 * Prints every executed instruction with its memory accesses and, on request, the registers that it changed.
 *
 *     0, 0x101fa, 0xe406, "sd                      ra,8(sp)", store, 0x55d56e88
 *     0, 0x101fc, 0x6400513, "addi                    a0,zero,100", a0 -> 0x0000000000000064
 *
 * A line is complete only when the instruction has run, so it is printed when the vCPU's next instruction starts, or at exit.
 */
import * as Effect from "effect/Effect"
import { CallbackFlags, type ExecCallback, InlineOp, type MemCallback, MemRw, PluginCond } from "@emu/core/Instrumentation"
import * as Plugin from "@emu/core/Plugin"
import type { InsnHandle, RegisterHandle } from "@emu/core/PluginApi"
import * as PluginOptions from "@emu/core/PluginOptions"
import { hex } from "@emu/plugins/kit/text/format"
import { globMatcher } from "@emu/plugins/kit/text/glob"

/** A register to watch, and its value as last seen on each vCPU. */
interface Watched {
  readonly register: RegisterHandle
  readonly isPc: boolean
  readonly values: Array<bigint | undefined>
}

/** The line of an instruction that has begun. */
interface Line {
  text: string
  /** What it may have changed. */
  readonly registers: ReadonlyArray<Watched>
  /** Of a direct jump: where it has been seen to go. */
  readonly targets: Set<bigint> | undefined
}

export default Plugin.make({
  name: "execlog",
  help: "print every executed instruction",
  options: PluginOptions.struct({
    ifilter: PluginOptions.strings({
      default: [],
      description: "only instructions whose disassembly begins with this text"
    }),
    afilter: PluginOptions.addresses({ default: [], description: "only the instruction at this address" }),
    reg: PluginOptions.strings({
      default: [],
      description: "print registers whose name matches this pattern (* and ?) when they change"
    }),
    rdisas: PluginOptions.boolean({
      default: false,
      description: "of those, watch only registers that the disassembly names"
    })
  }),
  install: Effect.fnUntraced(function* (api, { ifilter, afilter, reg, rdisas }) {
    const patterns = reg.map((pattern) => globMatcher(pattern.toLowerCase()))
    const watches = patterns.length > 0
    const flags = watches ? CallbackFlags.readRegs : CallbackFlags.noRegs
    const filters = ifilter.length > 0 || afilter.length > 0
    /** Where not every instruction looks at every register, the values last seen may be old. */
    const valuesGetOld = filters || rdisas
    const lines: Array<Line | undefined> = []
    /** 1 while a vCPU's line waits for its end: instructions that are not printed themselves must end it then. */
    const waiting = api.u64(yield* api.scoreboardNew(8))

    let allWatched: ReadonlyArray<Watched> | undefined
    const watchedBy = (disas: string): ReadonlyArray<Watched> => {
      if (!watches) return []
      allWatched ??= api
        .getRegisters()
        .filter(({ name }) => patterns.some((matches) => matches(name.toLowerCase())))
        .map((register) => ({ register, isPc: register.name === "pc", values: [] }))
      if (!rdisas) return allWatched
      const words = new Set(disas.split(/[^a-z0-9_]+/))
      return allWatched.filter(({ register }) => words.has(register.name))
    }

    /**
     * Prints the vCPU's line with what has changed. The pc changes with every instruction and begins every line, so it is
     * printed only where it is news: where a block begins, and not again where a direct jump went before. (QEMU shows the
     * same, since jumps between blocks that it has linked don't store the pc.)
     */
    const finish = (vcpu: number, atBlock: boolean) => {
      const line = lines[vcpu]
      if (line === undefined) return
      for (const { register, isPc, values } of line.registers) {
        if (isPc && !atBlock) continue
        const value = api.readRegister(register)
        const isNews = isPc ? line.targets?.has(value) !== true : value !== values[vcpu]
        if (isNews) line.text += `, ${register.name} -> 0x${hex(value, register.size * 2)}`
        if (isPc) line.targets?.add(value)
        values[vcpu] = value
      }
      api.outs(`${line.text}\n`)
      lines[vcpu] = undefined
    }

    const begin = (insn: InsnHandle, disas: string, atBlock: boolean): ExecCallback => {
      const text = `, 0x${hex(insn.pc)}, 0x${hex(insn.opcode)}, "${disas}"`
      const registers = watchedBy(disas)
      // The disassembler adds the target where the instruction has one.
      const targets = / # 0x[0-9a-f]+$/.test(disas) ? new Set<bigint>() : undefined
      return (vcpu) => {
        finish(vcpu, atBlock)
        for (const { register, values } of registers) {
          if (values[vcpu] === undefined || valuesGetOld) values[vcpu] = api.readRegister(register)
        }
        lines[vcpu] = { text: vcpu + text, registers, targets }
      }
    }

    const access: MemCallback = (vcpu, info, address) => {
      lines[vcpu]!.text += `, ${info.isStore ? "store" : "load"}, 0x${hex(address, 8)}`
    }

    yield* api.onTbTrans((tb) => {
      tb.insns.forEach((insn, index) => {
        const disas = insn.disas()
        const wanted = !filters || ifilter.some((prefix) => disas.startsWith(prefix)) || afilter.includes(insn.pc)
        if (wanted) {
          insn.onExec(begin(insn, disas, index === 0), flags)
          insn.onMem(access, MemRw.readWrite)
        } else if (watches) {
          insn.onExecCond((vcpu) => finish(vcpu, index === 0), PluginCond.ne, waiting, 0n, flags)
        }
        if (filters && watches) insn.inline(InlineOp.storeU64, waiting, wanted ? 1n : 0n)
      })
    })
    yield* api.onAtExit(() => {
      for (const line of lines) if (line !== undefined) api.outs(`${line.text}\n`)
    })
  })
})
