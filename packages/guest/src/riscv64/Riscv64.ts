/** The RV64GC guest architecture: what the translator needs of it. */
import type { FrontEnd } from "@emu/tcg/FrontEnd"
import { disassemble } from "./disassemble/disassemble.ts"
import { makeHelpers, type Riscv64Options } from "./helpers.ts"
import { floatNames, integerNames } from "./names.ts"
import { translate } from "./translate/translate.ts"

export type { Riscv64Options } from "./helpers.ts"

/** The riscv64 front end: RV64GC with Zba, Zbb, Zbs and Zicond, for user-mode programs. */
export const makeRiscv64 = (options: Riscv64Options): FrontEnd => ({
  name: "riscv64",
  globals: [...integerNames, ...floatNames],
  helpers: makeHelpers(options),
  translate,
  disassemble
})
