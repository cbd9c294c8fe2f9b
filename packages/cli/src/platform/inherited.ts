/** What emu was started with, beside files and environment: for the program that it runs. */
import * as Os from "node:os"
import type { Inherited } from "@emu/emulator/RunOptions"

const variable = "EMU_SIGNALS"

/**
 * Reads what the command's script has recorded, and takes it out of the environment. Without the script (the published command) Node has
 * forgotten it: no signal is ignored or blocked then.
 */
const takeInherited = (): Inherited => {
  const match = /^([0-9a-f]{16}) ([0-9a-f]{16})$/.exec(process.env[variable] ?? "")
  delete process.env[variable]
  const mask = (digits: string | undefined): bigint => BigInt(`0x${digits ?? "0"}`)
  return { ignoredSignals: mask(match?.[1]), blockedSignals: mask(match?.[2]), nice: Os.getPriority() }
}

/** Read when this is loaded, before anybody looks at the environment. */
export const inherited = takeInherited()
