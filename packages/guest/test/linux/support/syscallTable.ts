/** The text of docs/support-syscalls.md. */
import { syscalls } from "@emu/guest/linux/kernel/syscalls"

/** Made from the rows alone, by number. */
export const renderSyscalls = (): string => {
  const rows = [...syscalls.values()].sort((a, b) => a.number - b.number)
  const missing = rows.filter((row) => row.partial === "ENOSYS").length
  const partial = rows.filter((row) => row.partial !== undefined).length - missing
  const lines = rows.map(({ number, name, partial: note }) => {
    const status = note === undefined ? "full" : note === "ENOSYS" ? "ENOSYS" : "partial"
    return `| ${number} | ${name} | ${status} | ${note === undefined || note === "ENOSYS" ? "" : note} |`
  })
  return `# Linux system calls

Made by \`node scripts/support-syscalls.ts\` from the rows in packages/guest/src; don't edit it.

${rows.length} of riscv64's system calls have a row: ${rows.length - partial - missing} work in full, ${partial} in part, and ${missing} fail with
ENOSYS without a word, since programs do without them. All others fail with ENOSYS and one warning each.

| number | name | status | note |
|---|---|---|---|
${lines.join("\n")}
`
}
