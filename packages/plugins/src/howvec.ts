/**
 * Counts executed instructions by class; those of some classes one by one.
 *
 *     Class: Unclassified            	counted individually
 *     Instr: xor                     a5,a5,a0	(200 hits)	(op=0x00008fa9/Unclassified)
 *
 * QEMU knows no classes of RISC-V: all is one, and counted individually. So it is here, too, unless classes are asked for.
 */
import * as Effect from "effect/Effect"
import { CallbackFlags } from "@emu/core/Instrumentation"
import * as Plugin from "@emu/core/Plugin"
import { DisconKind } from "@emu/core/PluginEvent"
import { PluginInstallFailure } from "@emu/core/Plugin"
import type { InsnHandle } from "@emu/core/PluginApi"
import * as PluginOptions from "@emu/core/PluginOptions"
import * as PluginResult from "@emu/core/PluginResult"
import * as Schema from "effect/Schema"
import { BlockCounts } from "@emu/plugins/kit/blocks/BlockCounts"
import { hex } from "@emu/plugins/kit/text/format"
import { ascending, descending, cutOff } from "@emu/plugins/kit/text/order"
import { riscvClasses, riscvClassOf, riscvEndsBlock } from "@emu/plugins/kit/riscvClasses"

/** What instructions are counted in: a class, or one instruction. */
interface Counter {
  hits: number
}

interface InsnClass extends Counter {
  readonly title: string
  counted: "together" | "individually" | "not"
}

interface Individual extends Counter {
  readonly disas: string
  readonly opcode: number
  readonly title: string
}

const how = { individually: "counted individually", not: "not counted" } as const
const unclassified = "unclas"

export default Plugin.make({
  name: "howvec",
  help: "count executed instructions by class",
  options: PluginOptions.struct({
    inline: PluginOptions.boolean({ default: false, description: "count with inline operations instead of callbacks" }),
    verbose: PluginOptions.boolean({ default: false, description: "print classes without hits, too" }),
    classes: PluginOptions.boolean({
      default: false,
      description: "sort instructions into classes (riscv64); otherwise all are unclassified"
    }),
    count: PluginOptions.strings({
      default: [],
      description: `count each instruction of this class individually, or with ! before it don't count it: ${Object.keys(riscvClasses).join(", ")}, ${unclassified}. Switches classes on`
    }),
    limit: Schema.optionalKey(
      PluginOptions.integer({
        description:
          "how many instructions to print; 0 prints all. Without it 50, but where there are no classes never the last, as in QEMU"
      })
    )
  }),
  result: PluginResult.struct({
    classes: PluginResult.rows(
      {
        class: PluginResult.text("what the instructions are"),
        counted: PluginResult.oneOf(["together", "individually", "not"], "how they are counted"),
        hits: PluginResult.count("executions, where they are counted together")
      },
      "classes of instructions; without verbose those that have hits, or are not counted together"
    ),
    insns: PluginResult.rows(
      {
        disas: PluginResult.text("the instruction, where it was first seen"),
        hits: PluginResult.count("how often it was executed"),
        opcode: PluginResult.address("the instruction as a little-endian number"),
        class: PluginResult.text("what it is")
      },
      "instructions that are counted individually: those executed most often"
    ),
    textRows: PluginResult.count("how many of these are in the plain text, which leaves out the last one as QEMU does")
  }),
  render: ({ classes, insns, textRows }) => {
    let text = "Instruction Classes:\n"
    for (const { class: title, counted, hits } of classes) {
      text += `Class: ${title.padEnd(24)}\t${counted === "together" ? `(${hits} hits)` : how[counted]}\n`
    }
    if (insns.length > 0) text += "Individual Instructions:\n"
    for (const { class: title, disas, hits, opcode } of insns.slice(0, Number(textRows))) {
      text += `Instr: ${disas.padEnd(24)}\t(${hits} hits)\t(op=0x${hex(opcode, 8)}/${title})\n`
    }
    return text
  },
  install: Effect.fnUntraced(function* (api, options, { targetName }) {
    const { count, inline, limit, verbose } = options
    const sorts = options.classes || count.some((choice) => !choice.endsWith(unclassified))
    if (sorts && targetName !== "riscv64") {
      return yield* new PluginInstallFailure({ message: `classes: there are none for ${targetName}` })
    }
    const classes = new Map<string, InsnClass>()
    if (sorts)
      for (const [key, title] of Object.entries(riscvClasses)) classes.set(key, { title, counted: "together", hits: 0 })
    const others: InsnClass = { title: "Unclassified", counted: "individually", hits: 0 }
    classes.set(unclassified, others)
    for (const choice of count) {
      const chosen = classes.get(choice.replace(/^!/, ""))
      if (chosen === undefined) {
        const message = `count=${choice}: there is no such class; there are ${[...classes.keys()].join(", ")}`
        return yield* new PluginInstallFailure({ message })
      }
      chosen.counted = choice.startsWith("!") ? "not" : "individually"
    }

    const individuals = new Map<number, Individual>()
    const counterOf = (insn: InsnHandle): Counter | undefined => {
      const { opcode } = insn
      const insnClass = (sorts ? classes.get(riscvClassOf(opcode, insn.size) ?? unclassified) : undefined) ?? others
      if (insnClass.counted === "not") return undefined
      if (insnClass.counted === "together") return insnClass
      let individual = individuals.get(opcode)
      if (individual === undefined) {
        individual = { disas: insn.disas(), opcode, title: insnClass.title, hits: 0 }
        individuals.set(opcode, individual)
      }
      return individual
    }

    const blocks = new BlockCounts(api, {
      counterOf,
      add: (counter, executions) => void (counter.hits += executions),
      endsBlock: targetName === "riscv64" ? riscvEndsBlock : () => false
    })
    yield* api.onTbTrans((tb) => {
      if (inline) return blocks.count(tb)
      for (const insn of tb.insns) {
        const counter = counterOf(insn)
        if (counter !== undefined) insn.onExec(() => void counter.hits++, CallbackFlags.deferred)
      }
    })
    if (inline) yield* api.onDiscon(DisconKind.exception, (vcpu, _kind, pc) => blocks.interrupted(vcpu, pc))

    yield* api.onAtExit(() => {
      blocks.collect()
      const rows = [...individuals.values()].sort((a, b) => descending(a.hits, b.hits) || ascending(a.opcode, b.opcode))
      const { reported, textRows } = cutOff(rows, sorts ? (limit ?? 50) : limit)
      api.report({
        classes: [...classes.values()]
          .filter(({ counted, hits }) => counted !== "together" || hits > 0 || verbose)
          .map(({ counted, hits, title }) => ({ class: title, counted, hits })),
        insns: reported.map(({ disas, hits, opcode, title }) => ({ disas, hits, opcode, class: title })),
        textRows
      })
    })
  })
})
