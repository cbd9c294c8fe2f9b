/** The `emu` command as a function. */
export { runCommandLine } from "./commandLine.ts"
export { version } from "./commands/version.ts"
