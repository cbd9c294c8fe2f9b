/**
 * Writes which functions were called when, as a data directory of uftrace (`uftrace replay`, `graph`, `dump --chrome` and others
 * read it). Time is the number of instructions executed: one counts as a nanosecond.
 *
 * Functions are told by the jumps of the calling convention, so nothing has to be compiled in, and frame pointers are not needed.
 * A jump to the beginning of another function is a tail call; stubs without a symbol that jump on (the PLT) don't show.
 */
import * as Effect from "effect/Effect"
import { CallbackFlags, InlineOp, PluginCond } from "@emu/core/Instrumentation"
import * as Plugin from "@emu/core/Plugin"
import { PluginInstallFailure } from "@emu/core/Plugin"
import type { TbHandle } from "@emu/core/PluginApi"
import { DisconKind } from "@emu/core/PluginEvent"
import * as PluginOptions from "@emu/core/PluginOptions"
import * as PluginResult from "@emu/core/PluginResult"
import { CallStack } from "@emu/plugins/kit/functions/CallStack"
import { FunctionTable } from "@emu/plugins/kit/functions/FunctionTable"
import { riscvClassOf } from "@emu/plugins/kit/riscvClasses"
import { infoFile, mapFile, RecordWriter, taskFile } from "@emu/plugins/kit/formats/uftrace"

/**
 * What a vCPU's last block has done, for the next one to see: nothing, returned, jumped, or called, which is the return address.
 * Return addresses are even.
 */
const Arrival = { none: 0n, return: 1n, jump: 3n } as const

/** A thread: what it is in, and where that is written. */
interface Task {
  readonly tid: number
  readonly stack: CallStack
  readonly records: RecordWriter
}

/** What the last instruction of a block hands to the next block. */
const departureOf = (tb: TbHandle): bigint => {
  const last = tb.insns.at(-1)!
  switch (riscvClassOf(last.opcode, last.size)) {
    case "call":
      return last.pc + BigInt(last.size)
    case "ret":
      return Arrival.return
    case "jump":
      return Arrival.jump
    default:
      return Arrival.none
  }
}

export default Plugin.make({
  name: "uftrace",
  help: "write calls of functions for uftrace",
  options: PluginOptions.struct({
    dir: PluginOptions.string({ default: "uftrace.data", description: "the directory to write" }),
    "trace-privilege-level": PluginOptions.boolean({
      default: false,
      description: "separate traces by privilege level; user mode has one only"
    })
  }),
  result: PluginResult.struct({
    directory: PluginResult.text("the directory written"),
    functions: PluginResult.count("functions that were called"),
    calls: PluginResult.count("calls of functions")
  }),
  render: () => "",
  install: Effect.fnUntraced(function* (api, { dir }, { targetName }) {
    if (targetName !== "riscv64") {
      return yield* new PluginInstallFailure({ message: `it knows the calling convention of riscv64, not of ${targetName}` })
    }
    api.makeDirectory(dir)
    const open = (name: string) => api.openFile(`${dir}/${name}`)
    const info = open("info")
    const tasks: Array<Task> = []
    const functions = new FunctionTable(api)
    let calls = 0
    const board = yield* api.scoreboardNew(16)
    const arrival = api.u64(board, 0)
    const executed = api.u64(board, 8)
    const sp = api.getRegisters().find(({ name }) => name === "sp")!
    const ra = api.getRegisters().find(({ name }) => name === "ra")!

    const makeTask = (vcpu: number): Task => {
      const tid = 100 * (vcpu + 1)
      const records = new RecordWriter(open(`${tid}.dat`))
      const stack = new CallStack((kind, address, depth) => {
        if (kind === "entry") {
          calls++
          functions.add(address)
        }
        records.write(kind, api.u64Sum(executed), depth, address)
      })
      return { tid, stack, records }
    }
    tasks[0] = makeTask(0)
    yield* api.onVcpuInit((vcpu) => {
      tasks[vcpu] ??= makeTask(vcpu)
      api.u64Set(arrival, vcpu, Arrival.jump)
    })
    yield* api.onVcpuExit((vcpu) => tasks[vcpu]!.stack.end())

    const arrive = (vcpu: number, pc: bigint, isEntry: boolean) => {
      const { stack } = tasks[vcpu]!
      const how = api.u64Get(arrival, vcpu)
      api.u64Set(arrival, vcpu, Arrival.none)
      if (how === Arrival.return) stack.return(pc, api.readRegister(sp))
      else if (how !== Arrival.jump) stack.enter(pc, how, api.readRegister(sp))
      else if (stack.top === undefined || (isEntry && stack.top !== pc)) stack.become(pc)
    }

    yield* api.onTbTrans((tb) => {
      const departure = departureOf(tb)
      const symbol = api.symbol(tb.pc)
      const { pc } = tb
      if (symbol === undefined && departure === Arrival.jump) {
        // A stub hands on how it was come to. What one returns to, or goes on into, is no stub.
        const leave = (vcpu: number) => {
          if (api.u64Get(arrival, vcpu) === Arrival.return) arrive(vcpu, pc, false)
          api.u64Set(arrival, vcpu, Arrival.jump)
        }
        tb.onExecCond(leave, PluginCond.le, arrival, Arrival.return, CallbackFlags.readRegs)
      } else {
        const isEntry = symbol !== undefined && api.symbol(pc - 2n) !== symbol
        tb.onExecCond((vcpu) => arrive(vcpu, pc, isEntry), PluginCond.ne, arrival, Arrival.none, CallbackFlags.readRegs)
        if (departure !== Arrival.none) tb.insns.at(-1)!.inline(InlineOp.storeU64, arrival, departure)
      }
      tb.inline(InlineOp.addU64, executed, BigInt(tb.insns.length))
    })

    // A signal's handler is called by nobody, and returns to where its ra says. A call that it has come in between is made first.
    yield* api.onDiscon(DisconKind.interrupt | DisconKind.exception, (vcpu, _kind, from, to) => {
      const { stack } = tasks[vcpu]!
      const how = api.u64Get(arrival, vcpu)
      if (how > Arrival.jump) stack.enter(from, how, undefined)
      api.u64Set(arrival, vcpu, Arrival.none)
      if (from !== to) stack.enter(to, api.readRegister(ra), api.readRegister(sp))
    })

    yield* api.onAtExit(() => {
      const path = api.program()?.path ?? ""
      const tids = tasks.map(({ tid }) => tid)
      for (const { records, stack } of tasks) {
        stack.end()
        records.close()
      }
      const text: Readonly<Record<string, string>> = {
        "task.txt": taskFile(path, tids),
        "sid-0.map": mapFile(functions.modules()),
        ...functions.symbolFiles()
      }
      for (const [name, content] of Object.entries(text)) {
        const file = open(name)
        file.write(content)
        file.close()
      }
      info.write(infoFile(path, `emu run ${path}`, tids))
      info.close()
      api.report({ directory: dir, functions: functions.count, calls })
    })
  })
})
