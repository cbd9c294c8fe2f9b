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
    // Both print how often blocks were translated.
    applies: ({ program, plugin }) => program === "smc" && /^(hotblocks|insn,sizes)/.test(plugin ?? ""),
    reason: "QEMU translates again after any store into a page with code; emu after fence.i, where code changed"
  }
]

/** Why a recording is left out, or undefined where it must be reproduced. */
export const exclusionOf = (recording: Recording): string | undefined =>
  reasons.find(({ applies }) => applies(recording))?.reason
