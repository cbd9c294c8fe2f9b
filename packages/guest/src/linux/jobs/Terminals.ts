/**
 * Which session a terminal controls, and which process group of it is in the foreground (credentials(7), tty_ioctl(4)). The host's
 * terminal knows emu only: what the guest's processes are to each other is kept here.
 */

/** The device that is whatever terminal controls the caller: /dev/tty. */
const callersTerminal = 0x500n

export interface Terminal {
  readonly device: bigint
  /** 0 where it controls none. */
  session: number
  foreground: number
}

export class Terminals {
  readonly #byDevice = new Map<bigint, Terminal>()

  /** The terminal that emu was started from controls the first process's session. */
  begin(device: bigint, session: number): void {
    this.#byDevice.set(device, { device, session, foreground: session })
  }

  /** The terminal that controls a session. */
  controlling(session: number): Terminal | undefined {
    return [...this.#byDevice.values()].find((terminal) => terminal.session === session)
  }

  /** The terminal of a device as a process of a session sees it. */
  of(device: bigint, session: number): Terminal {
    const controlling = device === callersTerminal ? this.controlling(session) : undefined
    const known = controlling ?? this.#byDevice.get(device)
    if (known !== undefined) return known
    const terminal = { device, session: 0, foreground: 0 }
    this.#byDevice.set(device, terminal)
    return terminal
  }

  /** The process groups that hear what is typed on a terminal which emu was started from. */
  foregroundGroups(): ReadonlyArray<number> {
    return [...this.#byDevice.values()].flatMap(({ foreground, session }) => (session === 0 ? [] : [foreground]))
  }
}
