/**
 * Writes docs/support-riscv64.md. A test of packages/guest fails where the file is not what this makes: run
 * `node scripts/support-riscv64.ts` then.
 */
import { writeFileSync } from "node:fs"
import { renderSupport } from "../packages/guest/test/riscv64/support/supportTable.ts"

writeFileSync(new URL("../docs/support-riscv64.md", import.meta.url), renderSupport())
