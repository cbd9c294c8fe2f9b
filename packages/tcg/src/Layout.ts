/**
 * Where things are in the 4 GiB memory of a process. A guest address is an offset into it.
 *
 *     0x00000000  never mapped for the guest: state of the running vCPU (globals, temps, status)
 *     0x00001000  guest
 *     0xe0000000  the JIT's table of entries
 *     0xe0200000  the interpreters' code, which blocks of the guest were translated to
 *     0xe1200000  cache of computed jumps
 *     0xe1240000  windows that compiled code tests addresses against
 *     0xe1280000  where high addresses are, a cache of that
 *     0xe1290000  flags of frames: one byte per 4 KiB page
 *     0xe1390000  emulator's arena, never mapped for the guest: scoreboards, trace buffers
 *     0xffde0000  deferred callbacks that wait to be called
 *     0xffe00000  the interpreter's constants
 *     0xfff00000  page table: one byte per 4 KiB page
 */

export const pageSize = 4096
export const pageShift = 12

/** Where addresses begin that V8 does not keep as 32-bit integers. */
export const upperHalf = 0x80000000

/** Pages of WebAssembly memory: the whole 4 GiB. */
export const wasmPages = 65536

/**
 * Slots (of eight bytes) of a vCPU's state, which are the IR's globals: value numbers 0 to 255, at byte 8 * n. The front
 * end names the first ones as it likes (registers); the last ones are `CpuSlot`. Copied in and out when the running vCPU
 * changes.
 */
export const cpuStateSlots = 256
/** Slots for temps of the block that runs, behind the state. Engines allot them by liveness. */
export const tempSlots = 256

/** First address that the guest may map. */
export const guestBase = 0x1000
/** End of what the guest has at its own address in memory; the emulator's own things begin here. */
export const guestEnd = 0xe0000000
/** What the interpreters run, in words of four bytes. */
export const codeBase = 0xe0200000
export const codeEnd = 0xe1200000
/**
 * The cache of computed jumps: pairs of words, the pc jumped to and the place of its block's code, or -1 and -1. A pc's pair is
 * `(pc << 2) & jumpCacheMask` bytes behind the base.
 */
export const jumpCacheBase = 0xe1200000
export const jumpCacheEnd = 0xe1240000
export const jumpCacheMask = 0x3fff8
/** Windows of compiled code (`engine/jit/install/Windows.ts`). Zeros are an empty window. */
export const windowsBase = 0xe1240000
export const windowsEnd = 0xe1280000
/**
 * Addresses from `guestEnd` on are high: what is mapped there lies in slabs, aligned pieces of 2^18 bytes, that have a frame each: as many
 * bytes anywhere below `guestEnd` that the guest cannot get at by their own addresses.
 */
export const slabShift = 18
export const slabSize = 1 << slabShift
/** End of all addresses: those of user programs have 47 bits. */
export const userEnd = 2 ** 47
/**
 * The cache of where slabs are: entries of 16 bytes, the slab's number (0: none) and, in four bytes, its frame's address. A slab has its
 * entry at its number's low bits.
 */
export const slabCacheBase = 0xe1280000
export const slabCacheEntries = 4096
/** One byte of `PageFlag`s per page of the 4 GiB, for those that are parts of frames. The page table says nothing of them. */
export const frameTableBase = 0xe1290000
/** The arena of the emulator itself. */
export const arenaBase = 0xe1390000
export const arenaEnd = 0xffde0000
/** Records of deferred callbacks (`instrument/records.ts`). */
export const deferredBase = 0xffde0000
/** Constants that the interpreter's code names like slots: eight bytes each. */
export const constantPoolBase = 0xffe00000
export const constantPoolEnd = 0xfff00000
/** One byte of `PageFlag`s per page of the 4 GiB. */
export const pageTableBase = 0xfff00000

/** Bits of a page table entry. Read, write and execute have the values of PROT_READ, PROT_WRITE, PROT_EXEC. */
export const PageFlag = {
  read: 1,
  write: 2,
  exec: 4,
  /** The page is mapped, perhaps without any permission. */
  mapped: 8,
  /** Translated code came from this page. */
  code: 16,
  /**
   * The page may lose permissions by any access to another page, or gain some by one to itself (`CpuState.bringIn`): each access looks
   * at the page table, none counts on what one before it found.
   */
  volatile: 32
} as const

/** Slots of a vCPU's state that the translator, the engines and every front end share. */
export const CpuSlot = {
  /** Guest pc. Right at exits and at callbacks that may read registers; elsewhere engines may leave it stale. */
  pc: 239,
  /** Accrued exception flags (`FpFlag`), low 32 bits. */
  fpFlags: 240,
  /** Dynamic rounding mode (`RoundingMode`; values above 4 are invalid), low 32 bits. */
  fpRound: 241,
  /** Index of the vCPU whose state this is. */
  vcpuIndex: 242,
  /** Load reservation (LR/SC): address (-1: none) and value. */
  reserveAddress: 243,
  reserveValue: 244,
  /** Guest instructions executed by this vCPU; right at exits. */
  instructions: 245
} as const

/** Accrued floating-point exceptions, as in RISC-V's fflags. */
export const FpFlag = { inexact: 1, underflow: 2, overflow: 4, divideByZero: 8, invalid: 16 } as const
