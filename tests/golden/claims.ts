/**
 * What the processor claims to have is not what QEMU's claims: no more than it can execute. One program prints it, among what stands on
 * the stack. docs/differences-from-qemu.md tells users of it.
 */

/** Lines of `layout` that say which extensions there are: AT_HWCAP, its word on the stack, two keys of hwprobe. */
const claims = /^(16 AT_HWCAP +|55d56f50 10 00 00 00 00 00 00 00 |riscv_hwprobe [46] returned 0 key [46] value +).*$/gm

/** The standard output of a program without such lines' values. */
export const withoutClaims = (program: string, stdout: Buffer): Buffer =>
  program === "layout" ? Buffer.from(stdout.toString("latin1").replaceAll(claims, "$1"), "latin1") : stdout
