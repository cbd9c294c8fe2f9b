/** Words in page 0 through which the tiers of an engine tell each other things: slots of the vCPU's state that nothing else uses. */

/** Byte addresses. */
export const EngineCell = {
  /** `Machine.limit` */
  limit: 249 * 8,
  /** `Machine.left`, behind a call from the WebAssembly loop that changes it. */
  left: 249 * 8 + 4
} as const
