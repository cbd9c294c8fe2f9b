/** The stack as a program finds it: arguments, environment, auxiliary vector (qemu's order; getauxval(3) has the meanings). */
import type { CpuState } from "@emu/tcg/CpuState"

/** Types of entries of the auxiliary vector. */
export const Aux = {
  null: 0,
  phdr: 3,
  phent: 4,
  phnum: 5,
  pageSize: 6,
  base: 7,
  flags: 8,
  entry: 9,
  uid: 11,
  euid: 12,
  gid: 13,
  egid: 14,
  hwcap: 16,
  clockTicks: 17,
  random: 25,
  secure: 23,
  execFn: 31,
  sysinfoEhdr: 33
} as const

/** What goes onto the stack. Strings are bytes without terminator. */
export interface StackContents {
  /** Just above the highest byte that may be used. */
  readonly top: number
  readonly argv: ReadonlyArray<Uint8Array>
  readonly env: ReadonlyArray<Uint8Array>
  readonly execFn: Uint8Array
  readonly random: Uint8Array
  /** Pairs of type and value, in order. Values of `Aux.random` and `Aux.execFn` are filled in. */
  readonly aux: ReadonlyArray<readonly [type: number, value: number]>
}

/** Where things ended up. */
export interface InitialStack {
  readonly pointer: number
  /** The auxiliary vector. */
  readonly aux: Uint8Array<ArrayBuffer>
}

/** The number of bytes that strings and vectors take at most; beyond a quarter of the stack Linux refuses with E2BIG. */
export const stackNeed = (contents: Omit<StackContents, "top">): number =>
  [...contents.argv, ...contents.env, contents.execFn].reduce((sum, text) => sum + text.length + 9, 0) +
  16 * contents.aux.length +
  64

/** Writes the stack's contents. The pages are mapped. */
export const writeStack = (state: CpuState, contents: StackContents): InitialStack => {
  const { view, u8 } = state
  // from the top down: a zero word, the program's name, environment, arguments (so argv[0] is lowest)
  let at = contents.top - 8
  const push = (text: Uint8Array): number => {
    at -= text.length + 1
    u8.set(text, at)
    u8[at + text.length] = 0
    return at
  }
  const execFn = push(contents.execFn)
  const env = pushAll(contents.env, push)
  const argv = pushAll(contents.argv, push)
  const random = at - (at % 16) - 16
  u8.set(contents.random, random)

  const words = 1 + argv.length + 1 + env.length + 1 + 2 * contents.aux.length
  const unaligned = random - 8 * words
  const pointer = unaligned - (unaligned % 16)
  let word = pointer
  const put = (value: number): void => {
    view.setBigUint64(word, BigInt(value), true)
    word += 8
  }
  put(argv.length)
  for (const address of argv) put(address)
  put(0)
  for (const address of env) put(address)
  put(0)
  const aux = word
  for (const [type, value] of contents.aux) {
    put(type)
    put(type === Aux.random ? random : type === Aux.execFn ? execFn : value)
  }
  return { pointer, aux: u8.slice(aux, word) }
}

/** Pushes strings so that the first lies lowest; their addresses in order. */
const pushAll = (texts: ReadonlyArray<Uint8Array>, push: (text: Uint8Array) => number): Array<number> =>
  texts.toReversed().map(push).reverse()
