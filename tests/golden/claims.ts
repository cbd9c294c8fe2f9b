/**
 * What the machine claims to have is not what QEMU's claims: no extension that it cannot execute, and 47 bits of addresses where
 * QEMU's user mode has fewer. One program prints both. docs/differences-from-qemu.md tells users of it.
 */

/**
 * Lines of `layout` that say which extensions there are (AT_HWCAP, its word on the stack, two keys of hwprobe), and which ask for
 * memory at 2^44 or for 2 GiB of it. QEMU puts what does not fit at 0x2000.
 */
const claims =
  /^(16 AT_HWCAP +|55d56f50 10 00 00 00 00 00 00 00 |riscv_hwprobe [46] returned 0 key [46] value +|(?:(?:hint|fixed) beyond the end|0x80000000) +|1000-).*$/gm

/** Mappings that QEMU has no room for, in the list of all. */
const mappings = /^[0-9a-f]{12}-[0-9a-f]{12} rw-p\n/gm

/** The standard output of a program without such lines' values. */
export const withoutClaims = (program: string, stdout: Buffer): Buffer =>
  program === "layout"
    ? Buffer.from(stdout.toString("latin1").replaceAll(claims, "$1").replaceAll(mappings, ""), "latin1")
    : stdout
