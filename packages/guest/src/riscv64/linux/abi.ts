/** RISC-V's part of Linux's user ABI. */
import type { LinuxAbi } from "../../linux/kernel/Abi.ts"
import { vdsoImage, vdsoSigreturn, vdsoSize } from "./vdsoImage.ts"
import { registers } from "../registers.ts"
import { enterHandler, frameSize, readContext, writeContext } from "./signalFrame.ts"

/** AT_HWCAP: one bit per single-letter extension. */
const hwcap = ["I", "M", "A", "F", "D", "C", "V"].reduce((bits, letter) => bits | (1 << (letter.charCodeAt(0) - 65)), 0)
/** /proc/cpuinfo. */
const cpuinfo = (cpus: number): string =>
  Array.from(
    { length: cpus },
    (_, i) => `processor\t: ${i}\nhart\t\t: ${i}\nisa\t\t: rv64imafdc_zicsr_zifencei\nmmu\t\t: sv48\nuarch\t\t: emu\n\n`
  ).join("")

const riscvFlushIcache = 259

export const riscv64Abi: LinuxAbi = {
  machine: "riscv64",
  hwcap,
  cpuinfo,
  numberSlot: 17,
  argumentSlots: [10, 11, 12, 13, 14, 15],
  resultSlot: 10,
  stackSlot: 2,
  tlsSlot: 4,
  pcAlignment: 2,
  syscallSize: 4,
  hiddenSyscalls: new Set([riscvFlushIcache]),
  frameSize,
  siginfoOffset: 0,
  writeContext,
  readContext,
  enterHandler,
  vdso: vdsoImage,
  vdsoSize,
  vdsoSigreturn,
  registers
}
