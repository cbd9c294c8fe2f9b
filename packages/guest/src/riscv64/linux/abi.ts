/** RISC-V's part of Linux's user ABI. */
import type { LinuxAbi } from "../../linux/kernel/Abi.ts"
import { vdsoImage, vdsoSigreturn, vdsoSize } from "./vdsoImage.ts"
import { hwcap, isaString } from "../isa/claims.ts"
import { registers } from "../registers.ts"
import { riscv64Calls } from "./calls.ts"
import { enterHandler, frameSize, readContext, writeContext } from "./signalFrame.ts"

/** /proc/cpuinfo. */
const cpuinfo = (cpus: number): string =>
  Array.from(
    { length: cpus },
    (_, i) =>
      `processor\t: ${i}\nhart\t\t: ${i}\nisa\t\t: ${isaString}\nmmu\t\t: sv48\nuarch\t\t: emu\nmvendorid\t: 0x0\nmarchid\t\t: 0x0\nmimpid\t\t: 0x0\nhart isa\t: ${isaString}\n\n`
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
  registers,
  calls: riscv64Calls
}
