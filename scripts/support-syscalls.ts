/**
 * Writes docs/support-syscalls.md. A test of packages/guest fails where the file is not what this makes: run
 * `node scripts/support-syscalls.ts` then.
 */
import { writeFileSync } from "node:fs"
import { renderSyscalls } from "../packages/guest/test/linux/support/syscallTable.ts"

writeFileSync(new URL("../docs/support-syscalls.md", import.meta.url), renderSyscalls())
