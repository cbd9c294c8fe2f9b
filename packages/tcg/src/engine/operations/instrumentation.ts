/** What plugins have woven in. */
import { Insn } from "../../wasm/Wasm.ts"
import type { CallName } from "./CaseWriter.ts"
import { type Family, type Operation, operation } from "./Operation.ts"

/** An operation that calls a plugin, which may stop the run. */
const callback = (name: string, operands: string, text: string, call: CallName): Operation =>
  operation(
    name,
    operands,
    `if (!${text}) {
  return leave(machine, pc, left)
}
limit = machine.limit`,
    (to) => to.callChecked(call, ...operands.replaceAll("#", "").split(" "))
  )

export const instrumentation: Family = {
  heading: "instrumentation",
  operations: [
    callback("plugin_exec", "#callback", "callExec(machine, callback)", "exec"),
    callback("plugin_cond", "#callback", "callCond(machine, callback)", "cond"),
    callback("plugin_mem", "base value #disp #callback", "callMem(machine, base, value, disp, callback)", "mem"),
    operation(
      "inline_add",
      "slot #stride imm",
      `const at = slot + vcpu * stride
const old = i32[at]!
const lo = (old + i32[imm]!) | 0
i32[at + 1] = i32[at + 1]! + i32[imm + 1]! + (lo >>> 0 < old >>> 0 ? 1 : 0)
i32[at] = lo`,
      (to) => {
        const { code, locals } = to
        to.scoreboard()
        code.tee(locals.i32[0])
        code.get(locals.i32[0])
        code.memory(Insn.i64_load, 0)
        to.value("imm")
        code.op(Insn.i64_add)
        code.memory(Insn.i64_store, 0)
      }
    ),
    operation(
      "inline_store",
      "slot #stride imm",
      `const at = slot + vcpu * stride
i32[at + 1] = i32[imm + 1]!
i32[at] = i32[imm]!`,
      (to) => {
        to.scoreboard()
        to.value("imm")
        to.code.memory(Insn.i64_store, 0)
      }
    )
  ]
}

/** Records of traces. Places are values by their address; `values` is 0 where there are none. */
export const traces: Family = {
  heading: "traces",
  operations: [
    operation(
      "trace_reserve",
      "cursor #most #callback",
      `if (i32[cursor]! > most) {
  if (!drainTrace(machine, callback)) {
    return leave(machine, pc, left)
  }
  limit = machine.limit
}`,
      (to) => {
        const { code } = to
        to.low("cursor")
        to.word("most")
        code.op(Insn.i32_gt_s)
        code.ifUnlikely()
        to.callChecked("drainTrace", "callback")
        code.end()
      }
    ),
    operation("trace_exec", "cursor sites addresses values #site #insn", "recordExec(i32, pc)", (to) => {
      to.here()
      to.callWith("recordExec")
    }),
    operation("trace_mem", "cursor sites addresses values #site base #disp value #memop", "recordAccess(i32, pc)", (to) => {
      to.here()
      to.callWith("recordAccess")
    })
  ]
}
