/** Registers and stacks for people. */
import type { PluginApi } from "@emu/core/PluginApi"
import { hex } from "./format.ts"

const perLine = 4

/** The integer registers, four a line. For callbacks with `readRegs`. */
export const registerDump = (api: Pick<PluginApi, "getRegisters" | "readRegister">): string => {
  const shown = api
    .getRegisters()
    .filter(({ feature, name }) => feature.endsWith(".cpu") && name !== "zero" && name !== "pc")
  const texts = shown.map((register) => `${register.name.padStart(3)} ${hex(api.readRegister(register), 16)}`)
  let text = ""
  for (let i = 0; i < texts.length; i += perLine) text += `  ${texts.slice(i, i + perLine).join("  ")}\n`
  return text
}

/** Who has called whom, a line each. */
export const backtraceText = (api: Pick<PluginApi, "backtrace">, vcpu: number, limit?: number): string =>
  api
    .backtrace(vcpu, limit)
    .map(({ pc, place }, depth) => `  #${depth} 0x${hex(pc)}${place === "" ? "" : ` ${place}`}\n`)
    .join("")
