/** Numbers as C's printf writes them, for output that is equal to QEMU's. */

/** `%0*x`: lower-case hexadecimal, padded with zeros to `width` digits. */
export const hex = (value: bigint | number, width = 0): string => value.toString(16).padStart(width, "0")

/** `%-*d`: padded with blanks on the right. */
export const padRight = (value: bigint | number, width: number): string => value.toString().padEnd(width)

/** The bytes as a hex dump: 16 a line, then what of them is visible ASCII. Every line ends with a newline. */
export const hexDump = (bytes: Uint8Array): string => {
  let text = ""
  for (let from = 0; from < bytes.length; from += 16) {
    let digits = ""
    let characters = ""
    for (const byte of bytes.subarray(from, from + 16)) {
      digits += `${hex(byte, 2)} `
      characters += byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "."
    }
    text += `${digits.padEnd(48)} | ${characters}\n`
  }
  return text
}
