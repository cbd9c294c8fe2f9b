/** Signals of Linux (asm-generic): numbers, names, default actions, codes. */

export const Sig = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  TRAP: 5,
  ABRT: 6,
  BUS: 7,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  STKFLT: 16,
  CHLD: 17,
  CONT: 18,
  STOP: 19,
  TSTP: 20,
  TTIN: 21,
  TTOU: 22,
  URG: 23,
  XCPU: 24,
  XFSZ: 25,
  VTALRM: 26,
  PROF: 27,
  WINCH: 28,
  IO: 29,
  PWR: 30,
  SYS: 31
} as const

/** Highest signal number. */
export const maxSignal = 64
/** First real-time signal: from here on every one sent is kept, not only one of each. */
export const firstRealtime = 32

const names = new Map<number, string>(Object.entries(Sig).map(([name, value]) => [value, `SIG${name}`]))

/** Name of a signal, e.g. `SIGSEGV` or `SIGRT3`. */
export const signalName = (signal: number): string => names.get(signal) ?? `SIGRT${signal - firstRealtime}`

/** What `strsignal` calls a signal that ends programs; its name for the rest. */
export const signalText = (signal: number): string => texts.get(signal) ?? signalName(signal)

const texts = new Map<number, string>([
  [Sig.ILL, "Illegal instruction"],
  [Sig.TRAP, "Trace/breakpoint trap"],
  [Sig.ABRT, "Aborted"],
  [Sig.BUS, "Bus error"],
  [Sig.FPE, "Floating point exception"],
  [Sig.SEGV, "Segmentation fault"]
])

/** Signals whose default action is to do nothing. */
export const ignoredByDefault: ReadonlySet<number> = new Set([Sig.CHLD, Sig.CONT, Sig.URG, Sig.WINCH])
/** Signals whose default action is to stop the process. */
export const stopsByDefault: ReadonlySet<number> = new Set([Sig.STOP, Sig.TSTP, Sig.TTIN, Sig.TTOU])

/** `si_code` values. */
export const SigCode = {
  user: 0,
  queue: -1,
  timer: -2,
  tkill: -6,
  kernel: 0x80,
  illOpcode: 1,
  trapBreakpoint: 1,
  segvMapError: 1,
  segvAccessError: 2,
  busAlignment: 1,
  busAddress: 2
} as const

/** `sa_flags`. */
export const SaFlag = {
  noChildStop: 1,
  noChildWait: 2,
  sigInfo: 4,
  onStack: 0x0800_0000,
  restart: 0x1000_0000,
  noDefer: 0x4000_0000,
  resetHand: 0x8000_0000
} as const

/** `sa_handler` values that are no address. */
export const Disposition = { default: 0, ignore: 1 } as const

/** The mask bit of a signal. */
export const signalBit = (signal: number): bigint => 1n << BigInt(signal - 1)
