/**
 * The command line asks for something that cannot be: unknown option, bad value, unknown plugin. `message` is one line that
 * says what to do; it is printed as it is, without a stack. The exit status is 2.
 */
export class UsageError extends Error {
  readonly _tag = "UsageError"
}
