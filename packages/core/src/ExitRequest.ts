/**
 * Thrown by `PluginApi.exit` to end the guest from a callback. Not an error: it passes through the engine and the plugin system as
 * a failed callback does, and the driver ends the process with `status`.
 */
export class ExitRequest {
  readonly _tag = "ExitRequest"
  readonly status: number

  /** @param status 0 to 255 */
  constructor(status: number) {
    this.status = status
  }
}

/** The request to end in what an engine reports of a failed callback, or undefined where that really failed. */
export const exitRequestIn = (error: unknown): ExitRequest | undefined => {
  const thrown = typeof error === "object" && error !== null && "cause" in error ? error.cause : error
  return thrown instanceof ExitRequest ? thrown : undefined
}
