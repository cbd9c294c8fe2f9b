/**
 * Writes the reference loop and the operations' numbers from the table in packages/tcg/src/engine/operations. A test of packages/tcg fails
 * where the files are not what this makes: run `node scripts/interpreter-loop.ts` then.
 */
import { writeFileSync } from "node:fs"
import { codeNumbers, referenceLoop } from "../packages/tcg/test/support/referenceLoop.ts"

const interpreter = new URL("../packages/tcg/src/engine/interpreter/", import.meta.url)
writeFileSync(new URL("loop.ts", interpreter), referenceLoop())
writeFileSync(new URL("code/Code.ts", interpreter), codeNumbers())
