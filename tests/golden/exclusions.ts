/**
 * Recordings that emu does not reproduce, each with the reason. docs/differences-from-qemu.md tells users of them.
 */
import type { Recording } from "./corpus.ts"

const reasons: ReadonlyArray<{ readonly applies: (recording: Recording) => boolean; readonly reason: string }> = [
  {
    applies: ({ program }) => program === "quirks",
    reason: "records QEMU-only behaviour, where QEMU is not Linux or the ISA leaves a choice"
  },
  {
    applies: ({ program, name }) => program === "blocksplit" && !["stdout", "insn"].includes(name),
    reason: "QEMU splits blocks when its translator runs out of temporaries; emu's end after 512 instructions"
  },
  {
    applies: ({ program, plugin }) =>
      program === "atomics" && /^(mem(?!.*track=w)|inline|hotpages|cache)/.test(plugin ?? ""),
    reason: "a store-conditional that succeeds is a load and a store to QEMU, and a store to emu"
  },
  {
    applies: ({ program, plugin }) =>
      (["branches", "floats", "hash", "memory", "smc"].includes(program) && plugin?.startsWith("cache") === true) ||
      (program === "signals" && plugin?.startsWith("cache,l2") === true) ||
      (program === "memory" && plugin?.startsWith("hotpages") === true),
    reason: "QEMU's plugins count an access in the line or page of its first byte, emu's in each that it touches"
  },
  {
    applies: ({ program, plugin }) => program === "layout" && plugin !== undefined,
    reason: "the program prints addresses beyond the end of QEMU's memory, with more digits under emu"
  },
  {
    // Both print how often blocks were translated.
    applies: ({ program, plugin }) => program === "smc" && /^(hotblocks|insn,sizes)/.test(plugin ?? ""),
    reason: "QEMU translates again after any store into a page with code; emu after fence.i, where code changed"
  }
]

/** Why a recording is left out, or undefined where it must be reproduced. */
export const exclusionOf = (recording: Recording): string | undefined =>
  reasons.find(({ applies }) => applies(recording))?.reason
