/**
 * What the processor says of itself, made from the instruction table: an extension is claimed where the table has its instructions, and
 * nowhere else. Programs choose code by these claims.
 */
import { extensions, type Extension } from "./Row.ts"
import { insnTable } from "./table.ts"

/** How an extension is told of. */
interface Claim {
  /** Its letter in AT_HWCAP. */
  readonly letter?: string
  /** Its name in an ISA string, in lower case. */
  readonly isa?: string
  /** Its bits of key RISCV_HWPROBE_KEY_IMA_EXT_0 (Linux, Documentation/arch/riscv/hwprobe.rst). */
  readonly probe?: ReadonlyArray<number>
}

const claims: Readonly<Record<Extension, Claim>> = {
  I: { letter: "I" },
  M: { letter: "M" },
  // Zaamo and Zalrsc together are A
  A: { letter: "A", probe: [56, 57] },
  F: { letter: "F" },
  // one bit for F and D
  D: { letter: "D", probe: [0] },
  // without floating point it would be Zca only; Zcd are its loads and stores of doubles
  C: { letter: "C", probe: [1, 43, 45] },
  Zicsr: { isa: "zicsr" },
  Zifencei: { isa: "zifencei" },
  Zihintpause: { isa: "zihintpause", probe: [36] },
  Zba: { isa: "zba", probe: [3] },
  Zbb: { isa: "zbb", probe: [4] },
  Zbs: { isa: "zbs", probe: [5] },
  Zicond: { isa: "zicond", probe: [35] },
  // these exist for the disassembler
  Privileged: {}
}

/** The counters cycle, time and instret: not instructions but registers. */
const counters: Claim = { isa: "zicntr", probe: [50] }

const inTable: ReadonlySet<Extension> = new Set(["C", ...insnTable.map((row) => row.extension)])

/** The extensions that can be executed. */
export const claimedExtensions: ReadonlyArray<Extension> = extensions.filter(
  (extension) => extension !== "Privileged" && inTable.has(extension)
)

const made: ReadonlyArray<Claim> = [...claimedExtensions.map((extension) => claims[extension]), counters]

/** AT_HWCAP: a bit per letter. */
export const hwcap: number = made.reduce(
  (bits, { letter }) => (letter === undefined ? bits : bits | (1 << (letter.charCodeAt(0) - 65))),
  0
)

/** The value of key RISCV_HWPROBE_KEY_IMA_EXT_0. */
export const probedExtensions: bigint = made.reduce(
  (bits, { probe }) => (probe ?? []).reduce((all, bit) => all | (1n << BigInt(bit)), bits),
  0n
)

/** The order of letters in an ISA string: those of Z names' second letter, too (ISA manual, "ISA Extension Naming Conventions"). */
const letterOrder = "IMAFDQLCBKJTPVH"

const byCanonicalOrder = (a: string, b: string): number => {
  const rank = (name: string): number => letterOrder.indexOf(name[1]!.toUpperCase())
  return rank(a) - rank(b) || (a < b ? -1 : 1)
}

/** The ISA string of /proc/cpuinfo. */
export const isaString: string = [
  "rv64" +
    made
      .flatMap(({ letter }) => letter ?? [])
      .sort((a, b) => letterOrder.indexOf(a) - letterOrder.indexOf(b))
      .join("")
      .toLowerCase(),
  ...made.flatMap(({ isa }) => isa ?? []).sort(byCanonicalOrder)
].join("_")
