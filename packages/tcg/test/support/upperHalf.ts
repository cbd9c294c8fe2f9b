/**
 * A program: runs loops of each kind of access in the reference loop, with addresses of the lower half of memory until V8 has optimised
 * what it saw, then with addresses of the upper half, where libraries and the stack of a dynamic program are.
 */
import { codeBase, Guest } from "./Guest.ts"
import { PageFlag, pageSize } from "../../src/Layout.ts"

const low = 0x40000000
const high = 0x90000000
const memops = ["ub", "sb", "uw", "sw", "ul", "sl", "uq"]
const kinds = memops.flatMap((memop) => [`guest_ld r1,r10,0,${memop}`, `guest_st r1,r10,0,${memop}`])

/** Code of a loop of one access, which r2 counts. */
const code = (pc: number, access: string): string => {
  const hex = pc.toString(16)
  const next = (pc + 8).toString(16)
  return ` ---- ${hex} 4\n${access}\n ---- ${(pc + 4).toString(16)} 4\nadd r2,r2,$0x1\nbrcond r2,r3,ltu,L0\ngoto_tb $0x${next},0,jump\nset_label L0\ngoto_tb $0x${hex},1,jump`
}

const at = (index: number) => codeBase + 16 * index
const guest = new Guest({
  code: Object.fromEntries(
    kinds.flatMap((access, index) => [
      [at(index), code(at(index), access)],
      [at(index) + 8, ` ---- ${(at(index) + 8).toString(16)} 4\nexit_tb $0x0,syscall`]
    ])
  )
})
for (const base of [low, high]) guest.map(base, pageSize, PageFlag.read | PageFlag.write)

const run = (index: number, base: number, rounds: number): void => {
  guest.setReg(10, BigInt(base))
  guest.setReg(2, 0n)
  guest.setReg(3, BigInt(rounds))
  guest.pc = BigInt(at(index))
  guest.engine.run(4 * rounds + 4)
  if (guest.reg(2) !== BigInt(rounds)) throw new Error(`${kinds[index]} at ${base} did not run to its end`)
}

for (let round = 0; round < 8; round++) kinds.forEach((_, index) => run(index, low, 50_000))
// One kind after the other, with time for V8 to optimise again: each could throw the loop away once.
kinds.forEach((_, index) => {
  run(index, high, 1000)
  kinds.forEach((__, other) => run(other, low, 50_000))
})
