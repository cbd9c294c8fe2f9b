/** A line on the terminal that is not to stay, such as how far a run is. */
import * as Fs from "node:fs"

/** To the first column, and erase from there. */
const erase = "\r\u001b[K"
/** Text that is cut at the right edge instead of going on in the next row, which could not be erased. */
const oneRow = (text: string) => `\u001b[?7l${text}\u001b[?7h`

export class StatusLine {
  readonly #write: (text: string) => void
  #isShown = false
  /** The text before it ended its line, so the row is free. */
  #isRowFree = true
  #isOff = false

  /** @param write writes to the terminal at once */
  constructor(write: (text: string) => void) {
    this.#write = write
  }

  /** Shows text in place of what was shown. Does nothing while other text stands in the row, which would be overwritten. */
  show(text: string): void {
    if (this.#isOff || !this.#isRowFree) return
    this.#write(`${erase}${oneRow(text)}`)
    this.#isShown = true
  }

  /** Erases what is shown: before other text is written to the terminal, and at the end. */
  erase(): void {
    if (!this.#isShown) return
    this.#isShown = false
    this.#write(erase)
  }

  /** Is told how other text on the terminal ended. */
  wrote(lastByte: number | undefined): void {
    if (lastByte !== undefined) this.#isRowFree = lastByte === 0x0a
  }

  /** Shows nothing any more: somebody else arranges the terminal. */
  turnOff(): void {
    this.erase()
    this.#isOff = true
  }
}

/** That of this process's stderr. There is one terminal, so there is one line. */
export const statusLine = new StatusLine((text) => {
  try {
    Fs.writeSync(2, text)
  } catch {
    // The terminal is gone or takes no more now; nothing is lost.
  }
})
