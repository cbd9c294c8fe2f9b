/** Comma lists as QEMU writes them (QemuOpts): a comma separates, two commas are one comma of the text. */

/**
 * Splits at single commas. A trailing comma adds nothing.
 *
 * @returns the pieces with `,,` turned into `,`; none for the empty text
 */
export const splitCommas = (text: string): Array<string> => {
  const pieces: Array<string> = []
  let piece = ""
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== ",") {
      piece += text[at]
    } else if (text[at + 1] === ",") {
      piece += ","
      at++
    } else {
      pieces.push(piece)
      piece = ""
    }
  }
  if (piece !== "") pieces.push(piece)
  return pieces
}
