/** Signals that the host sends to emu, for the guest. */

/** Those that are passed on, with Linux's numbers; the others do to emu what they do to any process. */
const numbers = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGTERM: 15,
  SIGCONT: 18,
  SIGTSTP: 20,
  SIGWINCH: 28
} as const

/**
 * Listens for signals.
 *
 * @param deliver is told Linux's number of each signal
 * @returns a function that stops listening
 */
export const hostSignals = (deliver: (signal: number) => void): (() => void) => {
  const listeners = Object.entries(numbers).map(([name, number]) => ({ name, listener: () => deliver(number) }))
  for (const { name, listener } of listeners) process.on(name, listener)
  return () => {
    for (const { name, listener } of listeners) process.off(name, listener)
  }
}

/** Stops emu, as the shell that has started it expects of a program which stops. It goes on here. */
export const hostStop = (): void => {
  process.kill(process.pid, "SIGSTOP")
}
