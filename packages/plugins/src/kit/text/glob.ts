/** Patterns with `*` and `?`, as execlog's `reg` takes them. */

/** A test for a pattern: `*` stands for any text, `?` for one character, everything else for itself. */
export const globMatcher = (pattern: string): ((text: string) => boolean) => {
  const source = Array.from(pattern, (letter) => {
    if (letter === "*") return ".*"
    if (letter === "?") return "."
    return letter.replace(/[\\^$.*+?()[\]{}|/-]/, "\\$&")
  })
  const expression = new RegExp(`^${source.join("")}$`, "su")
  return (text) => expression.test(text)
}
