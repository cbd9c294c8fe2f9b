/**
 * Tells code apart that other sources of emu have made. A bundle, and the published package, have a hash of the sources here
 * (`scripts/codeVersion.ts`).
 */
export const codeVersion = "sources"
