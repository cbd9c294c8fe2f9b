/** What clone(2) and clone3(2) are asked for. */

/** Flags of clone. The lowest byte of clone's own flags is the exit signal. */
export const CloneFlag = {
  vm: 0x100n,
  fs: 0x200n,
  files: 0x400n,
  sighand: 0x800n,
  pidfd: 0x1000n,
  vfork: 0x4000n,
  thread: 0x1_0000n,
  sysvsem: 0x4_0000n,
  setTls: 0x8_0000n,
  parentSetTid: 0x10_0000n,
  childClearTid: 0x20_0000n,
  detached: 0x40_0000n,
  untraced: 0x80_0000n,
  childSetTid: 0x100_0000n,
  io: 0x8000_0000n,
  clearSighand: 0x1_0000_0000n
} as const

export interface CloneRequest {
  /** Bits of `CloneFlag`, without the exit signal. */
  readonly flags: bigint
  readonly exitSignal: number
  /** Stack pointer of the child; 0 keeps the parent's. */
  readonly stack: number
  readonly parentTid: number
  readonly childTid: number
  readonly tls: bigint
  /** Where CLONE_PIDFD stores the descriptor. */
  readonly pidfd: number
}
